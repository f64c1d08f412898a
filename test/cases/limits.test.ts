import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isConfig, readConfig } from "../../src/config/read.ts";
import type { Event } from "../../src/events/catalogue.ts";
import { startServer } from "../../src/server.ts";
import { selfSigned } from "../../src/tls/self-signed.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene, type SceneOptions } from "../../testing/reception-scene.ts";

/** What one client and all together may ask for, how long they may take, and what goes on while things change. */

const ours = `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { authenticated: true }\n`;
const openScene = (t: TestContext, options: Partial<SceneOptions> = {}) =>
  openReceptionScene(t, {
    listeners: [
      { name: "relay", kind: "relay" },
      { name: "submission", kind: "submission", allowClearAuth: true },
    ],
    policy: ours,
    accounts: [{ address: "anna@example.com", password: { password: "pa55" } }],
    ...options,
  });

const login = `AUTH PLAIN ${Buffer.from("\0anna\0pa55").toString("base64")}`;
const wrongLogin = `AUTH PLAIN ${Buffer.from("\0anna\0wrong").toString("base64")}`;
const transaction = ["EHLO c.test", "MAIL FROM:<a@b.test>", "RCPT TO:<anna@example.com>"];

/** The last words, and that the server has closed. */
async function lastWords(client: LineClient): Promise<string> {
  const words = await client.hear();
  assert.equal(await client.hear(), "");
  return words;
}

const minuteMs = 60_000;
/** Time passes as the sweep of the listeners sees it: it looks once a second. */
const pass = (scene: ReceptionScene, ms: number) => scene.clock.pass(ms + 1_000);

test("connections in all, from one address and from one network: 421, and a place that is left can be taken", async (t) => {
  const limits = { connections: 6, connectionsPerAddress: 2, connectionsPerNetwork: 3 };
  const scene = await openScene(t, { limits });
  const port = scene.portOf("relay");
  const from = (address: string) => LineClient.connect(port, { from: address });
  const first = await from("127.0.1.1");
  for (const address of ["127.0.1.1", "127.0.1.2", "127.0.2.1", "127.0.2.2", "127.0.3.1"]) {
    if (address === "127.0.1.2") {
      assert.match(await lastWords(await from("127.0.1.1")), /^421 4\.7\.0 Too many connections from your address/);
    }
    assert.match(await (await from(address)).hear(), /^220 /);
    if (address === "127.0.1.2") {
      assert.match(await lastWords(await from("127.0.1.3")), /^421 4\.7\.0 Too many connections from your address/);
    }
  }
  assert.match(await lastWords(await from("127.0.4.1")), /^421 4\.3\.2 Too many connections, try later/);
  assert.deepEqual(
    scene.eventsCalled("session-refused").map(({ reason }) => reason),
    ["too many connections: address", "too many connections: network", "too many connections: all"],
  );
  await first.hear();
  assert.match(await first.say("QUIT"), /^221 /);
  assert.equal(await first.hear(), "");
  assert.match(await (await from("127.0.4.1")).hear(), /^220 /);
});

test("errors, commands and wrong passwords: 421, and the end", async (t) => {
  const scene = await openScene(t, { limits: { errors: 3, commands: 12 } });
  const [errors, commands, logins] = [
    await LineClient.dial(scene.portOf("relay")),
    await LineClient.dial(scene.portOf("relay")),
    await LineClient.dial(scene.portOf("submission")),
  ];
  for (let n = 0; n < 3; n++) assert.match(await errors.say("FOO"), /^500 /);
  errors.send("FOO\r\n");
  assert.match(await errors.hear(), /^500 /);
  assert.match(await lastWords(errors), /^421 4\.7\.0 Too many errors/);

  for (let n = 0; n < 12; n++) assert.match(await commands.say("NOOP"), /^250 /);
  commands.send("NOOP\r\n");
  assert.match(await lastWords(commands), /^421 4\.7\.0 Too many commands/);

  await logins.say("EHLO c.test");
  for (let n = 0; n < 4; n++) assert.match(await logins.say(wrongLogin), /^535 /);
  logins.send(`${wrongLogin}\r\n`);
  assert.match(await lastWords(logins), /^421 4\.7\.0 Too many errors/);
});

test("an accepted message begins the count of commands anew", async (t) => {
  const scene = await openScene(t, { limits: { commands: 10 } });
  const client = await LineClient.dial(scene.portOf("relay"));
  for (let n = 0; n < 5; n++) {
    await client.sayAll([...transaction, "DATA"]);
    assert.match(await client.say("x\r\n."), /^250 /);
  }
});

test("timeouts of RFC 5321 §4.5.3.2: not a second before, then 421 4.4.2", async (t) => {
  const scene = await openScene(t);
  const idle = await LineClient.dial(scene.portOf("relay"));
  await idle.say("EHLO c.test");
  await pass(scene, 5 * minuteMs - 3_000);
  assert.match(await idle.say("NOOP"), /^250 /);
  await pass(scene, 5 * minuteMs + 1_000);
  assert.match(await lastWords(idle), /^421 4\.4\.2 /);

  const slow = await LineClient.dial(scene.portOf("relay"));
  await slow.sayAll([...transaction, "DATA"]);
  await pass(scene, 3 * minuteMs - 3_000);
  assert.equal(scene.eventsCalled("session-closed").length, 1);
  const { held } = scene.memory;
  // Enough for three minutes at the least rate.
  slow.send(`${"x".repeat(98)}\r\n`.repeat(180));
  // Until it has come.
  while (scene.memory.held < held + 18_000) await new Promise((resolve) => setImmediate(resolve));
  await pass(scene, 3 * minuteMs - 3_000);
  assert.equal(scene.eventsCalled("session-closed").length, 1);
  await pass(scene, 3_000);
  assert.match(await lastWords(slow), /^421 4\.4\.2 /);
  assert.equal(scene.memory.held, 0);

  // From 354 on, too.
  const silent = await LineClient.dial(scene.portOf("relay"));
  await silent.sayAll([...transaction, "DATA"]);
  await pass(scene, 3 * minuteMs + 1_000);
  assert.match(await lastWords(silent), /^421 4\.4\.2 /);

  const asked = await LineClient.dial(scene.portOf("submission"));
  await asked.say("EHLO c.test");
  assert.match(await asked.say("AUTH LOGIN"), /^334 /);
  await pass(scene, minuteMs + 1_000);
  assert.match(await lastWords(asked), /^421 4\.4\.2 /);

  const shaking = await LineClient.dial(scene.portOf("relay"));
  assert.match(await shaking.say("STARTTLS"), /^220 /);
  await pass(scene, 31_000);
  assert.equal(await shaking.hear(), "");
  assert.deepEqual(
    scene.eventsCalled("session-closed").map(({ reason }) => reason),
    ["timeout", "timeout", "timeout", "timeout", "timeout"],
  );
});

test("a policy counts from the next recipient on, in sessions that are open", async (t) => {
  const scene = await openScene(t);
  const client = await LineClient.dial(scene.portOf("relay"));
  await client.sayAll(transaction);
  assert.match(await client.say("RCPT TO:<bob@victim.test>"), /^550 5\.7\.1 /);
  const apply = async (document: string) =>
    assert.deepEqual(await scene.policy.apply({ document, who: "test", why: "test" }), []);
  await apply(`${ours.replace("authenticated: true", "addresses: [ { id: here, match: 127.0.0.1 } ]")}`);
  assert.match(await client.say("RCPT TO:<bob@victim.test>"), /^250 /);
  await apply(ours);
  assert.match(await client.say("RCPT TO:<carol@victim.test>"), /^550 5\.7\.1 /);
  await client.say("DATA");
  assert.match(await client.say("x\r\n."), /^250 /);
});

test("a stop lets a transaction end, and says 421 to those who wait", async (t) => {
  const scene = await openScene(t);
  const [idle, busy] = [await LineClient.dial(scene.portOf("relay")), await LineClient.dial(scene.portOf("relay"))];
  await idle.say("EHLO c.test");
  await busy.sayAll([...transaction, "DATA"]);
  const closed = scene.reception.close(20_000);
  assert.match(await lastWords(idle), /^421 4\.3\.2 Shutting down/);
  await assert.rejects(LineClient.connect(scene.portOf("relay")), /ECONNREFUSED/);
  busy.send("Subject: x\r\n\r\nx\r\n.\r\n");
  assert.match(await busy.hear(), /^250 /);
  assert.match(await lastWords(busy), /^421 4\.3\.2 /);
  busy.end();
  idle.end();
  await closed;
  assert.equal(scene.eventsCalled("message-accepted").length, 1);
});

test("an account that is disabled loses its sessions", async (t) => {
  const scene = await openScene(t);
  const client = await LineClient.dial(scene.portOf("submission"));
  await client.say("EHLO c.test");
  assert.match(await client.say(login), /^235 /);
  const [anna = assert.fail()] = scene.directory.accounts();
  await scene.administration.change(anna, { isEnabled: false });
  await scene.clock.pass(1_000);
  assert.match(await lastWords(client), /^421 /);
});

test("a certificate that changes is shown to the next client, and sessions that are open go on", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-certificate-"));
  t.after(() => rm(folder, { recursive: true }));
  const write = async (name: string) => {
    const pair = await selfSigned(name, Date.now());
    await writeFile(join(folder, "c.pem"), pair.certificate);
    await writeFile(join(folder, "k.pem"), pair.key);
  };
  await write("one.example.test");
  const text = `hostname = "mx.example.test"\ndata = "data"\ntls = { certificate = "c.pem", key = "k.pem" }\n[[listener]]\nname = "relay"\nkind = "relay"\naddress = "127.0.0.1"\nport = 0\n`;
  const file = { path: join(folder, "gatepost.toml"), text };
  const config = readConfig({ file, environment: {}, machineName: "x", folder });
  if (!isConfig(config)) return assert.fail(JSON.stringify(config));
  const clock = new FakeClock();
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const server = await startServer({ config, clock, emit, version: "x", onFatal: (problem) => assert.fail(problem) });
  t.after(() => server.close());
  const port = server.reception.listeners[0]?.port ?? 0;
  const secure = async () => {
    const client = await LineClient.dial(port);
    await client.sayAll(["EHLO c.test", "STARTTLS"]);
    await client.handshake();
    return client;
  };
  const first = await secure();
  assert.equal(first.subject, "one.example.test");
  await write("two.example.test");
  const loaded = () => events.filter(({ name }) => name === "certificate-loaded").length;
  while (loaded() < 2) await clock.pass(10_000);
  const second = await secure();
  assert.equal(second.subject, "two.example.test");
  assert.match(await first.say("NOOP"), /^250 /);
  first.end();
  second.end();
});
