import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";

/** Memory of messages on their way in: counted, bounded by one number, and never held for long by those who do not finish. */
const kiB = 1024;

async function openScene(t: TestContext, memory: number) {
  const scene = await openReceptionScene(t, {
    listeners: [
      { name: "relay", kind: "relay" },
      { name: "submission", kind: "submission", allowClearAuth: true },
    ],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { authenticated: true }\n`,
    accounts: [{ address: "anna@example.com", password: { password: "pa55" } }],
    limits: { memory, messageSize: 200 * kiB * kiB },
  });
  let most = 0;
  let taken = 0;
  const take = scene.memory.take.bind(scene.memory);
  scene.memory.take = (octets) => {
    taken += octets;
    // Before anybody lets go.
    most = Math.max(most, scene.memory.held + octets);
    take(octets);
  };
  return { scene, most: () => most, taken: () => taken };
}

async function upToData(scene: ReceptionScene, login = false): Promise<LineClient> {
  const client = await LineClient.dial(scene.portOf(login ? "submission" : "relay"));
  await client.say("EHLO c.test");
  if (login) await client.say(`AUTH PLAIN ${Buffer.from("\0anna\0pa55").toString("base64")}`);
  assert.match(await client.say(`MAIL FROM:<${login ? "anna@example.com" : "a@b.test"}>`), /^250 /);
  assert.match(await client.say("RCPT TO:<anna@example.com>"), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  return client;
}

const line = `${"x".repeat(998)}\r\n`;
const block = Buffer.from(line.repeat(64));

/** Resolves when this is so; looks after every turn of the loop. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}

const files = (scene: ReceptionScene): Promise<number> =>
  readdir(join(scene.folder, "content", "1")).then(
    (names) => names.length,
    () => 0,
  );

test("a large message never has a megabyte of itself in memory", async (t) => {
  const { scene, most } = await openScene(t, 64 * kiB * kiB);
  const client = await upToData(scene);
  const blocks = Math.ceil((25 * 1000 * 1000) / block.length);
  for (let n = 0; n < blocks; n++) await client.push(block);
  assert.match(await client.say("."), /^250 /);
  assert.ok(most() < 1000 * 1000, `${most()} octets were held`);
  assert.equal(scene.memory.held, 0);
  const [kept] = scene.eventsCalled("message-accepted");
  assert.ok((kept?.size ?? 0) > 25 * 1000 * 1000);
});

test("many small messages that are never finished go to the disk, and hold nothing for ever", async (t) => {
  const memory = 512 * kiB;
  const { scene, most, taken } = await openScene(t, memory);
  const clients: LineClient[] = [];
  // 40 KiB each: below the limit from which on contents are files anyway.
  for (let n = 0; n < 40; n++) {
    const client = await upToData(scene);
    client.send(`Subject: ${n}\r\n\r\n${line.repeat(40)}`);
    clients.push(client);
    // However slow the disk is.
    await until(() => taken() >= (n + 1) * 40_000 && !scene.memory.isShort);
  }
  await until(async () => (await files(scene)) >= 30 && scene.memory.held <= memory / 2 + 64 * kiB);
  assert.ok(most() <= memory + 64 * kiB, `${most()} octets were held`);
  // A newcomer is not put off by them.
  const newcomer = await upToData(scene);
  assert.match(await newcomer.say("Subject: x\r\n\r\nx\r\n."), /^250 /);
  // Those that finish after all are whole, in memory or not.
  for (const client of clients.slice(0, 20)) assert.match(await client.say("end\r\n."), /^250 /);
  const sizes = scene.eventsCalled("message-accepted").map(({ size }) => size);
  assert.equal(sizes.filter((size) => size > 40_000).length, 20);
  for (const client of clients) client.break();
  await until(() => scene.memory.held === 0);
});

test("headers that are never whole give way before the memory runs out: their message is put off with 452", async (t) => {
  const memory = 512 * kiB;
  const { scene, most } = await openScene(t, memory);
  const clients: LineClient[] = [];
  for (let n = 0; n < 10; n++) {
    const client = await upToData(scene, true);
    client.send(`X-Long: ${line.repeat(60).replaceAll("\r\n", "\r\n ")}`);
    clients.push(client);
    await until(() => scene.memory.held >= Math.min(n + 1, 8) * 59_000 || most() > memory);
  }
  assert.ok(most() > memory && most() <= memory + 128 * kiB, `${most()} octets were held`);
  await until(() => !scene.memory.isShort);
  const heard = await Promise.all(clients.map((client) => client.say("\r\n\r\nx\r\n.")));
  const refused = heard.filter((reply) => reply.startsWith("452 4.3.1"));
  assert.ok(refused.length >= 8, heard.join("; "));
  assert.equal(heard.filter((reply) => reply.startsWith("250 ")).length, heard.length - refused.length);
  assert.equal(scene.memory.held, 0);
});

test("while the memory is short clients wait without losing time, and new messages are put off with 452", async (t) => {
  const { scene } = await openScene(t, 512 * kiB);
  const waiting = await upToData(scene);
  scene.memory.take(600 * kiB);
  assert.ok(scene.memory.isShort);
  waiting.send("Subject: x\r\n\r\nx\r\n.\r\n");
  const late = await LineClient.dial(scene.portOf("relay"));
  await late.say("EHLO c.test");
  assert.match(await late.say("MAIL FROM:<a@b.test>"), /^452 4\.3\.1 /);
  // Longer than a client may take for content: it is us who are slow.
  for (let minute = 0; minute < 10; minute++) {
    await late.say("NOOP");
    await scene.clock.pass(60_000);
  }
  assert.equal(scene.eventsCalled("message-accepted").length, 0);
  scene.memory.give(600 * kiB);
  assert.match(await waiting.hear(), /^250 /);
  assert.match(await late.say("MAIL FROM:<a@b.test>"), /^250 /);
  late.end();
  waiting.end();
});
