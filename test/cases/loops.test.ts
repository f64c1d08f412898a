import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { insertAlias } from "../../src/store/aliases.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";
import { startedServer } from "../../testing/world.ts";

/** Field case O-36: mail that comes back, to itself, to each other, and in a ring of hosts. */

const openScene = (t: TestContext) =>
  openReceptionScene(t, {
    listeners: [{ name: "relay", kind: "relay" }],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\n`,
    accounts: [{ address: "anna@example.com" }],
  });

async function send(port: number, to: string, content: string): Promise<string> {
  const client = await LineClient.dial(port);
  await client.sayAll(["EHLO c.test", "MAIL FROM:<admin@mx.example.test>"]);
  const answer = await client.say(`RCPT TO:<${to}>`);
  if (!answer.startsWith("250 ")) return answer;
  assert.match(await client.say("DATA"), /^354 /);
  return client.say(`${content}\r\n.`);
}

const received = (count: number) => "Received: from elsewhere.test\r\n\tby another.test\r\n".repeat(count);

const save = (scene: ReceptionScene, address: string, ...targets: string[]) =>
  scene.aliases.save({ kind: "alias", address, targets });

test("O-36 a, b: refused when it is saved, and what stands in the store all the same ends", async (t) => {
  const scene = await openScene(t);
  assert.match(JSON.stringify(await save(scene, "a@example.com", "a@example.com")), /loop: a@.* → a@/);
  assert.ok(!("refused" in (await save(scene, "a@example.com", "anna@example.com"))));
  assert.ok(!("refused" in (await save(scene, "b@example.com", "a@example.com"))));
  assert.match(JSON.stringify(await save(scene, "a@example.com", "b@example.com")), /loop: a@.* → b@.* → a@/);
  const row = (id: number, localPart: string, target: string) =>
    insertAlias({ id, kind: "alias", localPart, domain: "example.com", targets: [`${target}@example.com`] }, 0);
  await scene.store.commit([row(1_001, "c", "c"), row(1_002, "d", "e"), row(1_003, "e", "d")]);
  await scene.directory.reload();
  for (const name of ["c", "d", "e"]) {
    assert.match(await send(scene.portOf("relay"), `${name}@example.com`, "x"), /^451 4\.4\.6 /);
  }
  assert.deepEqual(
    scene.eventsCalled("recipient-refused").map(({ rule }) => rule),
    ["loop", "loop", "loop"],
  );
});

test("O-36 c: a forward that keeps a copy delivers once here and goes out once", async (t) => {
  const scene = await openScene(t);
  assert.ok(!("refused" in (await save(scene, "anna@example.com", "anna@example.com", "c@example.org"))));
  assert.match(await send(scene.portOf("relay"), "anna@example.com", "Subject: t\r\n\r\nx"), /^250 /);
  const count = async (table: string) =>
    (await scene.store.read({ sql: `SELECT * FROM ${table}`, parameters: [] })).length;
  assert.deepEqual([await count("message"), await count("recipient")], [1, 1]);
});

test("O-36 e, f: 101 Received fields are a loop, 100 and 30 are none", async (t) => {
  const scene = await openScene(t);
  const port = scene.portOf("relay");
  assert.match(await send(port, "anna@example.com", `${received(101)}\r\nx`), /^554 5\.4\.6 /);
  for (const count of [30, 100]) {
    assert.match(await send(port, "anna@example.com", `${received(count)}\r\n${received(80)}x`), /^250 /);
  }
});

test("O-36 d: two hosts that send to each other stop by count, and the sender hears 5.4.6", async (t) => {
  const [one, other] = [await startedServer(t), await startedServer(t)];
  const connectTo = async (world: typeof one, ours: string, theirs: string, port: number) => {
    const policy = `
routing:
  - { sent-to: "#mx.example.test", route: inbound }
  - { sent-to: "#${ours}", route: inbound }
  - { sent-to: "#${theirs}", route: gateway, host: 127.0.0.1, port: ${port}, tls: "off", recipients: any }
`;
    assert.deepEqual(await world.server.applyPolicy({ document: policy, who: "test", why: "test" }), []);
    const alias = { kind: "alias", address: `x@${ours}`, targets: [`x@${theirs}`] } as const;
    assert.ok(!("refused" in (await world.server.aliases.save(alias))));
  };
  await connectTo(one, "one.example", "other.example", other.portOf("relay"));
  await connectTo(other, "other.example", "one.example", one.portOf("relay"));
  // It has come far already: ten more hosts, and it is over.
  assert.match(await send(one.portOf("relay"), "x@one.example", `${received(91)}Subject: t\r\n\r\nx`), /^250 /);
  const isOver = ({ events }: typeof one) =>
    events.some((event) => event.name === "recipient-finished" && event.outcome === "failed");
  await Promise.race(
    [one, other].map((world) =>
      world.seen((event) => event.name === "recipient-finished" && event.outcome === "failed"),
    ),
  );
  const [sender = assert.fail()] = [one, other].filter(isOver);
  const failed = sender.events.find((event) => event.name === "recipient-finished" && event.outcome === "failed");
  assert.match(JSON.stringify(failed), /554 5\.4\.6/);
  const accepted = [...one.events, ...other.events].filter(({ name }) => name === "message-accepted");
  assert.equal(accepted.length, 10);
});
