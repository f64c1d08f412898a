import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { startPostfix } from "../../testing/mail-servers.ts";
import { startMoodyHop } from "../../testing/moody-hop.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { startedServer } from "../../testing/world.ts";

/** Each of Postfix's ways to us is a client of its own: by its address, or by its login. */
async function scene(t: TestContext) {
  const hop = await startMoodyHop(t);
  const policy = `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${hop.host}, port: ${hop.port} }
relay: { authenticated: true, addresses: [ { id: postfix, match: 127.0.5.1, listeners: [relay] } ] }
`;
  const world = await startedServer(t, policy);
  const account = world.server.firstAccount ?? assert.fail("no first account");
  const [relay, submission] = ["relay", "submission"].map((name) => `[127.0.0.1]:${world.portOf(name)}`);
  const way = (name: string, ...options: readonly string[]) =>
    `${name} unix - - n - - smtp ${options.map((option) => `-o ${option}`).join(" ")}\n`;
  const postfix = await startPostfix(t, {
    main: `
mynetworks = 127.0.0.0/8
transport_maps = inline:{ {granted.test = granted:${relay}} {stranger.test = stranger:${relay}} {account.test = account:${submission}} {mx.example.test = stranger:${relay}} }
smtp_sasl_password_maps = inline:{ {${submission} = ${account.address}:${account.password}} }
smtp_sasl_security_options = noanonymous
smtp_sasl_tls_security_options = noanonymous
`,
    master:
      way("granted", "smtp_bind_address=127.0.5.1", "smtp_tls_security_level=encrypt") +
      way("stranger", "smtp_bind_address=127.0.5.2", "smtp_tls_security_level=none") +
      way("account", "smtp_sasl_auth_enable=yes", "smtp_tls_security_level=encrypt"),
  });
  const write = async (to: string) => {
    const command = ["swaks", "--server", `${postfix.host}:${postfix.port}`, "--from", account.address, "--to", to];
    const ran = await runPeer("clients", [...command, "--body", `to ${to}`]);
    assert.equal(ran.code, 0, ran.out + ran.err);
  };
  return { ...world, hop, postfix, write };
}

peerTest("Postfix relays through us: granted by address, by login, and refused", ["postfix", "clients"], async (t) => {
  const { hop, postfix, write, events, seen } = await scene(t);

  await t.test("granted by its address", async () => {
    await write("a@granted.test");
    await postfix.says(/to=<a@granted\.test>, .*status=sent \(250 2\.0\.0 Accepted as /);
    const { content } = await hop.took(({ rcpts }) => rcpts[0]?.includes("<a@granted.test>") === true);
    assert.match(content, /\tby mx\.example\.test with ESMTPS id /);
    assert.match(content, /\r\n\r\nto a@granted\.test\r\n/);
  });

  await t.test("granted by its login", async () => {
    await write("a@account.test");
    await postfix.says(/to=<a@account\.test>, .*status=sent \(250 2\.0\.0 Accepted as /);
    const { content } = await hop.took(({ rcpts }) => rcpts[0]?.includes("<a@account.test>") === true);
    assert.match(content, /\tby mx\.example\.test with ESMTPSA id /);
  });

  await t.test("a stranger, whose sender hears why", async () => {
    await write("a@stranger.test");
    const [, ref] = await postfix.says(
      /to=<a@stranger\.test>, .*dsn=5\.7\.1, status=bounced \(host .* said: 550 5\.7\.1 Relaying is prohibited \((\w+)\)/,
    );
    const refused = events.find((event) => event.name === "recipient-refused");
    assert.deepEqual([refused?.rule, refused?.ref], ["relay-denied", ref]);
    // Its report to the sender, who is an account here, is inbound mail.
    await seen((event) => event.name === "message-accepted" && event.reversePath === "");
    await postfix.says(/to=<admin@mx\.example\.test>, .*status=sent/);
  });
  assert.equal(hop.taken.length, 2);
});
