import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { startMoodyHop } from "../../testing/moody-hop.ts";
import { peerTest, type Ran, runPeer } from "../../testing/peers.ts";
import { startedServer, usualBootFile } from "../../testing/world.ts";

const implicit =
  '\n[[listener]]\nname = "submissions"\nkind = "submission"\naddress = "127.0.0.1"\nport = 0\ntls = "implicit"\n';

/** Our server, with the rest of the world behind it, and the first account's way to write there. */
async function scene(t: TestContext) {
  const hop = await startMoodyHop(t);
  const policy = `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${hop.host}, port: ${hop.port} }
relay: { authenticated: true }
`;
  const world = await startedServer(t, policy, { boot: usualBootFile + implicit });
  const account = world.server.firstAccount ?? assert.fail("no first account");
  return { ...world, hop, account };
}

const told = ({ out, err }: Ran) => out + err;

peerTest("swaks writes to us, in clear and over TLS", ["clients"], async (t) => {
  const { portOf, events } = await scene(t);
  for (const options of [[], ["--tls"]]) {
    const ran = await runPeer("clients", [
      ...["swaks", "--server", `127.0.0.1:${portOf("relay")}`, ...options],
      ...["--from", "a@far.test", "--to", "admin@mx.example.test,postmaster@mx.example.test"],
    ]);
    assert.equal(ran.code, 0, told(ran));
  }
  const accepted = events.filter((event) => event.name === "message-accepted");
  assert.deepEqual(
    accepted.map(({ reversePath, recipients }) => [reversePath, recipients]),
    [
      ["a@far.test", 2],
      ["a@far.test", 2],
    ],
  );
});

peerTest("swaks logs in and writes to the world", ["clients"], async (t) => {
  const { portOf, account, hop } = await scene(t);
  const submit = (name: string, to: string, ...options: string[]) =>
    runPeer("clients", [
      ...["swaks", "--server", `127.0.0.1:${portOf(name)}`, "--from", account.address, "--to", to],
      // Of an option given twice the last one counts.
      ...["--auth-user", account.address, "--auth-password", account.password, ...options],
    ]);
  for (const [listener, tls] of [
    ["submission", "--tls"],
    ["submissions", "--tls-on-connect"],
  ] as const) {
    for (const mechanism of ["PLAIN", "LOGIN"]) {
      const to = `${listener}.${mechanism.toLowerCase()}@r.test`;
      const ran = await submit(listener, to, tls, "--auth", mechanism, "--body", `by ${mechanism}`);
      assert.equal(ran.code, 0, told(ran));
      assert.match(ran.out, /^<~ {2}250[- ]AUTH (?=.*\bPLAIN\b)(?=.*\bLOGIN\b)(?!.*CRAM)/m);
      const { content } = await hop.took(({ rcpts }) => rcpts[0]?.includes(`<${to}>`) === true);
      assert.match(content, new RegExp(`\\r\\n\\r\\nby ${mechanism}\\r\\n`));
      assert.match(content, /^Received: from \S+ \(\[127\.0\.0\.1\]\) .*\r\n\tby mx\.example\.test with ESMTPSA id /m);
    }
  }
  // 28: no mechanism that both know.
  const cram = await submit("submission", "x@r.test", "--tls", "--auth", "CRAM-MD5");
  assert.equal(cram.code, 28, told(cram));
  // No login is offered before TLS.
  const clear = await submit("submission", "x@r.test", "--auth", "PLAIN");
  assert.equal(clear.code, 28, told(clear));
  const wrong = await submit("submission", "x@r.test", "--tls", "--auth", "PLAIN", "--auth-password", "guess");
  assert.equal(wrong.code, 28, told(wrong));
  assert.match(wrong.out, /^<~\* 535 5\.7\.8 /m);
  assert.equal(hop.taken.length, 4);
});

peerTest("swaks, a stranger, does not write through us", ["clients"], async (t) => {
  const { portOf, events, hop } = await scene(t);
  const to = ["someone@example.net", "admin%example.net@mx.example.test", "@mx.example.test:someone@example.net"];
  for (const options of [[], ["--tls"]]) {
    for (const one of to) {
      const ran = await runPeer("clients", [
        ...["swaks", "--server", `127.0.0.1:${portOf("relay")}`, "--from", "admin@mx.example.test", "--to", one],
        ...options,
      ]);
      // 24: no recipient was accepted.
      assert.equal(ran.code, 24, told(ran));
      assert.match(ran.out, /^<[*~]\* 550 5\.[17]\.\d /m);
    }
  }
  assert.equal(events.filter(({ name }) => name === "recipient-refused").length, 6);
  assert.equal(events.filter(({ name }) => name === "message-accepted").length, 0);
  assert.equal(hop.taken.length, 0);
});

peerTest("curl writes to us, in clear and over TLS, and logs in", ["clients"], async (t) => {
  const { portOf, account, hop } = await scene(t);
  const body = "Subject: dots\r\n\r\n.\r\n..dot\r\nend\r\n";
  const curl = (where: string, from: string, to: string, ...options: readonly string[]) => {
    const letter = ["--mail-from", from, "--mail-rcpt", to, "--upload-file", "-"];
    const command = ["curl", "--silent", "--show-error", "--insecure", "--url", where, ...options, ...letter];
    return runPeer("clients", command, `From: ${from}\r\n${body}`);
  };
  const relay = `smtp://127.0.0.1:${portOf("relay")}`;
  for (const options of [[], ["--ssl-reqd"]]) {
    const ran = await curl(relay, "a@far.test", "admin@mx.example.test", ...options);
    assert.equal(ran.code, 0, ran.err);
  }
  for (const [to, scheme, listener, mechanism] of [
    ["one@r.test", "smtp", "submission", "PLAIN"],
    ["two@r.test", "smtp", "submission", "LOGIN"],
    ["three@r.test", "smtps", "submissions", "PLAIN"],
  ] as const) {
    const login = ["--user", `${account.address}:${account.password}`, "--login-options", `AUTH=${mechanism}`];
    const ran = await curl(`${scheme}://127.0.0.1:${portOf(listener)}`, account.address, to, "--ssl-reqd", ...login);
    assert.equal(ran.code, 0, ran.err);
    const { content } = await hop.took(({ rcpts }) => rcpts[0]?.includes(`<${to}>`) === true);
    assert.ok(content.endsWith(body), content);
  }
  // 55: it could not send.
  const refused = await curl(relay, "a@far.test", "someone@example.net");
  assert.equal(refused.code, 55, refused.err);
  assert.match(refused.err, /RCPT failed: 550/);
  assert.equal(hop.taken.length, 3);
});
