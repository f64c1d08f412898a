import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene } from "../../testing/reception-scene.ts";

/** Mail from a program on this machine, for mailboxes here: RFC 2033. */

async function openScene(t: TestContext, quota: number | null = null) {
  const scene = await openReceptionScene(t, {
    listeners: [
      { name: "lmtp", kind: "lmtp" },
      { name: "relay", kind: "relay" },
    ],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { addresses: [ { id: here, match: 127.0.0.1 } ] }\n`,
    accounts: [{ address: "anna@example.com", quota }, { address: "bob@example.com" }],
  });
  const client = await LineClient.dial(scene.portOf("lmtp"));
  assert.match(await client.say("LHLO c.test"), /^250-/);
  return { scene, client };
}

async function offer(client: LineClient, recipients: readonly string[]): Promise<readonly string[]> {
  assert.match(await client.say("MAIL FROM:<a@example.org>"), /^250 /);
  const replies: string[] = [];
  for (const one of recipients) replies.push(await client.say(`RCPT TO:<${one}>`));
  return replies;
}

test("LHLO, and one reply for each recipient that was accepted, in their order", async (t) => {
  const { scene, client } = await openScene(t);
  const replies = await offer(client, ["anna@example.com", "nobody@example.com", "bob@example.com"]);
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, 9)),
    ["250 2.1.5", "550 5.1.1", "250 2.1.5"],
  );
  assert.match(await client.say("DATA"), /^354 /);
  client.send("Subject: t\r\n\r\nx\r\n");
  assert.match(await client.say("."), /^250 /);
  assert.match(await client.say("NOOP"), /^250 2\.0\.0 .*[A-Z0-9]{6}/, "the second recipient's reply comes first");
  assert.match(await client.say("QUIT"), /^250 /);
  const [row] = await scene.store.read({
    sql: "SELECT COUNT(*) AS messages, COUNT(DISTINCT content_id) AS contents FROM message",
    parameters: [],
  });
  assert.deepEqual(row, { messages: 2, contents: 1 });
  const [content] = await scene.store.read({ sql: "SELECT inline FROM content", parameters: [] });
  assert.match(Buffer.from(content?.["inline"] as Uint8Array).toString(), / with LMTP id /);
});

test("nothing leaves by it, whoever holds a grant, and the two protocols are told apart", async (t) => {
  const { scene, client } = await openScene(t);
  assert.match(await client.say("EHLO c.test"), /^500 5\.5\.1 /);
  assert.match(await client.say("HELO c.test"), /^500 5\.5\.1 /);
  const [reply] = await offer(client, ["carol@far.test"]);
  assert.match(reply ?? "", /^550 5\.7\.1 /);
  assert.match(await client.say("DATA"), /^503 /);
  const smtp = await LineClient.dial(scene.portOf("relay"));
  assert.match(await smtp.say("LHLO c.test"), /^500 5\.5\.1 /);
});

test("a mailbox that became full meanwhile is the matter of its recipient alone", async (t) => {
  const { scene, client } = await openScene(t, 100);
  assert.deepEqual(
    (await offer(client, ["anna@example.com", "bob@example.com"])).map((reply) => reply.slice(0, 3)),
    ["250", "250"],
  );
  const other = await LineClient.dial(scene.portOf("relay"));
  await other.say("EHLO c.test");
  await offer(other, ["anna@example.com"]);
  await other.say("DATA");
  other.send(`Subject: t\r\n\r\n${"x".repeat(200)}\r\n`);
  assert.match(await other.say("."), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  client.send("Subject: t\r\n\r\nx\r\n");
  assert.match(await client.say("."), /^452 4\.2\.2 /);
  assert.match(await client.say("NOOP"), /^250 2\.0\.0 /);
  const rows = await scene.store.read({
    sql: "SELECT account.name, messages FROM mailbox JOIN account ON account.id = account_id ORDER BY 1",
    parameters: [],
  });
  assert.deepEqual(rows, [
    { name: "anna", messages: 1 },
    { name: "bob", messages: 1 },
  ]);
});
