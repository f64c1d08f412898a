import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { AccountSettings } from "../../src/accounts/administer.ts";
import type { MailboxNews } from "../../src/imap/mail.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";

/** What accounts wish for the mail that comes for them: mailboxes for tags, forwarding, quotas. */

type Wishes = Partial<AccountSettings>;

async function openScene(t: TestContext, wishes: Wishes, others: readonly Wishes[] = []) {
  const scene = await openReceptionScene(t, {
    listeners: [{ name: "relay", kind: "relay" }],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: {}\n`,
    accounts: [
      { address: "anna@example.com", ...wishes },
      ...others.map((more, n) => ({ address: `other${n}@example.com`, ...more })),
    ],
  });
  const account = scene.directory.byLogin("anna@example.com");
  assert.ok(account);
  return { scene, account, mail: scene.mailOf(account) };
}

async function send(scene: ReceptionScene, to: readonly string[], size = 20): Promise<string> {
  const client = await LineClient.dial(scene.portOf("relay"));
  assert.match(await client.say("EHLO c.test"), /^250-/);
  assert.match(await client.say("MAIL FROM:<a@example.org>"), /^250 /);
  for (const one of to) {
    const reply = await client.say(`RCPT TO:<${one}>`);
    if (!reply.startsWith("250 ")) return reply;
  }
  assert.match(await client.say("DATA"), /^354 /);
  client.send(`Subject: t\r\n\r\n${"x".repeat(size)}\r\n`);
  return client.say(".");
}

async function contents(scene: ReceptionScene): Promise<unknown> {
  const sql =
    "SELECT account.name AS account, mailbox.name AS mailbox, COUNT(*) AS messages, COUNT(DISTINCT content_id) AS contents " +
    "FROM message JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id GROUP BY account.name, mailbox.name ORDER BY 1, 2";
  return scene.store.read({ sql, parameters: [] });
}

test("mail for name+tag goes into the mailbox of that name, whatever its case, or else into INBOX", async (t) => {
  const { scene, mail } = await openScene(t, { plusMailbox: "existing" });
  assert.ok(!("refused" in (await mail.create("Lists"))));
  for (const to of ["anna+lists@example.com", "anna+none@example.com", "anna+@example.com", "anna@example.com"]) {
    assert.match(await send(scene, [to]), /^250 /);
  }
  assert.deepEqual(await contents(scene), [
    { account: "anna", mailbox: "INBOX", messages: 3, contents: 3 },
    { account: "anna", mailbox: "Lists", messages: 1, contents: 1 },
  ]);
});

test("… or that mailbox is made, of one level and with a name that mailboxes can have", async (t) => {
  const { scene, mail } = await openScene(t, { plusMailbox: "made" });
  const news: MailboxNews[] = [];
  mail.watch((one) => void news.push(one));
  assert.match(await send(scene, ["anna+shop@example.com"]), /^250 /);
  assert.match(await send(scene, ["anna+SHOP@example.com"]), /^250 /);
  assert.match(await send(scene, ["anna+a/b@example.com"]), /^250 /);
  assert.deepEqual(await contents(scene), [
    { account: "anna", mailbox: "INBOX", messages: 1, contents: 1 },
    { account: "anna", mailbox: "shop", messages: 2, contents: 2 },
  ]);
  assert.deepEqual(
    news.map(({ what, name }) => `${what} ${name}`),
    ["created shop", "messages shop", "messages shop", "messages INBOX"],
  );
});

test("an account that wishes no mailboxes for tags gets all in INBOX; a message for several is kept once", async (t) => {
  const { scene, mail } = await openScene(t, {}, [{}]);
  assert.ok(!("refused" in (await mail.create("Lists"))));
  assert.match(await send(scene, ["anna+lists@example.com", "anna@example.com", "other0@example.com"]), /^250 /);
  assert.deepEqual(await contents(scene), [
    { account: "anna", mailbox: "INBOX", messages: 1, contents: 1 },
    { account: "other0", mailbox: "INBOX", messages: 1, contents: 1 },
  ]);
  assert.deepEqual(await scene.store.read({ sql: "SELECT COUNT(*) AS n FROM content", parameters: [] }), [{ n: 1 }]);
});

test("mail is forwarded with or without a copy, tags included; a forward that comes back is refused when it is set", async (t) => {
  const { scene, account } = await openScene(t, { forwardTo: ["far@example.net", "other0@example.com"] }, [{}]);
  assert.match(await send(scene, ["anna@example.com"]), /^250 /);
  const changed = await scene.administration.change(account, { keepsForwarded: false });
  assert.ok(!("refused" in changed));
  assert.match(await send(scene, ["anna+tag@example.com"]), /^250 /);
  assert.deepEqual(await contents(scene), [
    { account: "anna", mailbox: "INBOX", messages: 1, contents: 1 },
    { account: "other0", mailbox: "INBOX", messages: 2, contents: 2 },
  ]);
  const queued = await scene.store.read({ sql: "SELECT forward_path, original_path FROM recipient", parameters: [] });
  assert.deepEqual(queued, [
    { forward_path: "far@example.net", original_path: "anna@example.com" },
    { forward_path: "far@example.net", original_path: "anna+tag@example.com" },
  ]);
  const other = scene.directory.byLogin("other0@example.com");
  assert.ok(other);
  const ring = await scene.administration.change(other, { forwardTo: ["anna@example.com"], keepsForwarded: false });
  assert.ok("refused" in ring && /loop: other0@example.com → anna@example.com/.test(ring.refused));
});

test("over quota: one message may overrun, the next recipient hears 452 4.2.2, and room comes back", async (t) => {
  const { scene, mail } = await openScene(t, { quota: 1_000 });
  assert.match(await send(scene, ["anna@example.com"], 2_000), /^250 /);
  assert.match(await send(scene, ["anna@example.com"]), /^452 4\.2\.2 /);
  assert.equal(scene.eventsCalled("recipient-refused").at(-1)?.rule, "mailbox-full");
  const mailbox = await mail.open("INBOX", "read-write");
  assert.ok(!("refused" in mailbox));
  await mailbox.remove(mailbox.opened.uids);
  assert.match(await send(scene, ["anna@example.com"]), /^250 /);
});

test("two messages on their way at once: who comes last hears it at the end of the content", async (t) => {
  const { scene } = await openScene(t, { quota: 1_000 });
  const clients = await Promise.all([LineClient.dial(scene.portOf("relay")), LineClient.dial(scene.portOf("relay"))]);
  for (const client of clients) {
    await client.say("EHLO c.test");
    await client.say("MAIL FROM:<a@example.org>");
    assert.match(await client.say("RCPT TO:<anna@example.com>"), /^250 /);
    assert.match(await client.say("DATA"), /^354 /);
  }
  const [first, second] = clients;
  first?.send(`Subject: t\r\n\r\n${"x".repeat(990)}\r\n`);
  assert.match((await first?.say(".")) ?? "", /^250 /);
  second?.send("Subject: t\r\n\r\nx\r\n");
  assert.match((await second?.say(".")) ?? "", /^452 4\.2\.2 /);
});
