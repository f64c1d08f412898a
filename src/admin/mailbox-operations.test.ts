import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { adminScene } from "../../testing/admin-scene.ts";

async function scene(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-mailboxes-"));
  t.after(() => rm(folder, { recursive: true }));
  const desk = await adminScene({ data: join(folder, "data") });
  await desk.done("account add", { account: "anna@example.test", password: "secret words" });
  return { folder, ...desk };
}

const account = "anna";

test("mailboxes are made with those above them, renamed, listed and deleted", async (t) => {
  const { done, failed } = await scene(t);
  await done("mailbox create", { account, mailbox: "Lists/News" });
  await done("mailbox create", { account, mailbox: "Gesendet", use: "Sent" });
  await done("mailbox rename", { account, mailbox: "Lists", to: "Listen" });
  const rows = await done<{ mailbox: string; use: string | null }[]>("mailbox list", { account });
  assert.deepEqual(
    rows.map(({ mailbox, use }) => `${mailbox} ${use ?? ""}`.trim()),
    ["INBOX", "Gesendet \\Sent", "Listen", "Listen/News"],
  );
  await done("mailbox delete", { account, mailbox: "Listen/News" });
  for (const [operation, input, kind] of [
    ["mailbox delete", { account, mailbox: "Listen/News" }, "not-found"],
    ["mailbox delete", { account, mailbox: "INBOX" }, "conflict"],
    ["mailbox create", { account, mailbox: "Gesendet" }, "conflict"],
    ["mailbox create", { account, mailbox: "a//b" }, "conflict"],
    ["mailbox list", { account: "nobody" }, "not-found"],
  ] as const) {
    assert.equal((await failed(operation, input)).failed, kind, JSON.stringify(input));
  }
});

test("mail comes in from an mbox, counts, and goes out again; a second import adds nothing", async (t) => {
  const { folder, done, failed } = await scene(t);
  const mbox = join(folder, "old.mbox");
  await writeFile(mbox, "From a@b Thu Jan  1 00:00:10 1970\nSubject: one\nStatus: RO\n\ntext\n\n");
  const from = { mbox, mailbox: "Old" };
  const first = { mailboxes: 1, messages: 1, known: 0, problems: [] };
  assert.deepEqual(await done("mailbox import", { account, from }), first);
  assert.deepEqual(await done("mailbox import", { account, from }), { ...first, messages: 0, known: 1 });
  const [, old] = await done<object[]>("mailbox list", { account });
  assert.deepEqual(old, { mailbox: "Old", messages: 1, unseen: 0, size: "34 B", use: null, subscribed: true });
  assert.deepEqual(await done("mailbox usage"), [
    { account: "anna@example.test", messages: 1, size: "34 B", octets: 34, quota: "none" },
  ]);
  assert.deepEqual(await done("mailbox reindex"), { messages: 1 });
  const to = join(folder, "out");
  assert.deepEqual(await done("mailbox export", { account, to, format: "maildir", mailbox: "Old" }), {
    mailboxes: 1,
    messages: 1,
  });
  const [file = ""] = await readdir(join(to, ".Old", "cur"));
  assert.match(file, /:2,S$/);
  assert.equal(await readFile(join(to, ".Old", "cur", file), "utf8"), "Subject: one\nStatus: RO\n\ntext\n");

  const nothing = await failed("mailbox import", { account, from: { maildir: join(folder, "nothing") } });
  assert.match(nothing.message, /nothing cannot be read/);
  assert.match((await failed("mailbox import", { account, from: { maildir: "here" } })).message, /a whole path/);
  await done("account quota", { account, quota: "50 B" });
  await writeFile(mbox, `From a@b Thu Jan  1 00:00:10 1970\nSubject: two\n\n${"text ".repeat(20)}\n\n`);
  const full = await failed("mailbox import", { account, from });
  assert.match(full.message, /Old: there is no room left/);
});
