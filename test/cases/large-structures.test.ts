import assert from "node:assert/strict";
import { test } from "node:test";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene } from "../../testing/reception-scene.ts";

/** Field case O-54: structures that a sender chooses, as a stranger and as an account whose header is read. */
const nested = Array.from(
  { length: 2_000 },
  (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
);
const messages: readonly (readonly [what: string, content: string, asAccount: RegExp])[] = [
  ["a: 100,000 messages inside each other", "Content-Type: message/rfc822\r\n\r\n".repeat(100_000), /^250 /],
  ["b: 2,000 nested multiparts", nested.join(""), /^250 /],
  [
    "c: 2,000,000 empty siblings",
    `Content-Type: multipart/mixed; boundary=a\r\n\r\n${"--a\r\n\r\n".repeat(2_000_000)}`,
    /^250 /,
  ],
  ["d: one header field of 30 MB", `X: ${`${"x".repeat(990)}\r\n `.repeat(30_000)}\r\n\r\nx\r\n`, /^550 5\.6\.0 /],
  ["e: 50,000 open brackets", `From: ${"(".repeat(50_000)}\r\n\r\nx\r\n`, /^550 5\.6\.0 /],
  ["f: 200,000 references", `References: ${"<a@b.test>\r\n ".repeat(200_000)}\r\n\r\nx\r\n`, /^550 5\.6\.0 /],
];

test("O-54: taken or refused after the dot, and others are answered meanwhile", async (t) => {
  const scene = await openReceptionScene(t, {
    listeners: [{ name: "relay", kind: "relay", auth: true, allowClearAuth: true }],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { authenticated: true }\n`,
    accounts: [{ address: "anna@example.com", password: { password: "pa55" } }],
  });
  const ready = async () => {
    const client = await LineClient.dial(scene.portOf("relay"));
    await client.say("EHLO c.test");
    return client;
  };
  const [stranger, account, other] = [await ready(), await ready(), await ready()];
  await account.say(`AUTH PLAIN ${Buffer.from("\0anna\0pa55").toString("base64")}`);
  const send = async (client: LineClient, from: string, content: string) => {
    await client.sayAll([`MAIL FROM:<${from}>`, "RCPT TO:<anna@example.com>", "DATA"]);
    const octets = Buffer.from(content, "latin1");
    for (let at = 0; at < octets.length; at += 1_000_000) {
      await client.push(octets.subarray(at, at + 1_000_000));
      if (at === 0) assert.match(await other.say("RSET"), /^250 /);
    }
    return client.say(".");
  };
  for (const [what, content, asAccount] of messages) {
    assert.match(await send(stranger, "a@b.test", content), /^250 /, what);
    assert.match(await send(account, "anna@example.com", content), asAccount, what);
  }
  assert.equal(scene.memory.held, 0);
});
