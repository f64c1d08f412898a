import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { startedServer, usualBootFile } from "../../testing/world.ts";

const pop3 = (name: string, tls: string) =>
  `\n[[listener]]\nname = "${name}"\nkind = "pop3"\naddress = "127.0.0.1"\nport = 0\ntls = "${tls}"\n`;

/** Our server with one message for its first account. */
async function scene(t: TestContext) {
  const policy = 'routing: [ { sent-to: "#mx.example.test", route: inbound } ]\n';
  const boot = usualBootFile + pop3("pop3", "starttls") + pop3("pop3s", "implicit");
  const { server, portOf } = await startedServer(t, policy, { boot });
  const account = server.firstAccount ?? assert.fail("no first account");
  const sent = await runPeer("clients", [
    ...["swaks", "--server", `127.0.0.1:${portOf("relay")}`, "--from", "a@far.test", "--to", account.address],
    ...["--body", ".5 percent\\n.\\n..x"],
  ]);
  assert.equal(sent.code, 0, sent.out + sent.err);
  const ports = new Map(server.listeners.map(({ name, port }) => [name, port]));
  return { account, portOf: (name: string) => ports.get(name) ?? assert.fail(name) };
}

peerTest("curl fetches mail by POP3 after STLS and inside TLS, with its dots", ["clients"], async (t) => {
  const { account, portOf } = await scene(t);
  const login = ["--user", `${account.address}:${account.password}`];
  for (const place of [`pop3://127.0.0.1:${portOf("pop3")}`, `pop3s://127.0.0.1:${portOf("pop3s")}`]) {
    const curl = ["curl", "-sS", "--insecure", "--ssl-reqd", ...login];
    const listed = await runPeer("clients", [...curl, `${place}/`]);
    const [, size = ""] = /^1 (\d+)\r?\n/.exec(listed.out) ?? assert.fail(listed.out + listed.err);
    const fetched = await runPeer("clients", [...curl, `${place}/1`]);
    assert.equal(fetched.code, 0, fetched.err);
    assert.match(fetched.out, /^Return-Path: <a@far\.test>\r\n/);
    assert.match(fetched.out, /\r\n\.5 percent\r\n\.\r\n\.\.x\r\n/);
    assert.equal(Buffer.byteLength(fetched.out), Number(size), "the size is what RETR sends");
    const ids = await runPeer("clients", [...curl, "--request", "UIDL", `${place}/`]);
    assert.match(ids.out, /^1 [!-~]{1,70}\r?\n/);
  }
});

peerTest("curl does not log in by POP3 in clear", ["clients"], async (t) => {
  const { account, portOf } = await scene(t);
  const login = ["--user", `${account.address}:${account.password}`];
  const ran = await runPeer("clients", ["curl", "-sS", ...login, `pop3://127.0.0.1:${portOf("pop3")}/`]);
  assert.notEqual(ran.code, 0);
});
