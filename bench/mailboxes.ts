import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { StructureReader } from "../src/message/structure-reader.ts";
import { structureRead } from "../src/mailboxes/structures.ts";
import { deliverHere, noQuota } from "../src/store/local-delivery.ts";
import { openSqlite } from "../src/store/sqlite/driver.ts";
import { granted, openMailScene } from "../testing/mail-scene.ts";

/** What reading a large mailbox costs, below IMAP: `node bench/mailboxes.ts [--messages 10000] [--size 4096] [--folder DIR]`. */
const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "10000" },
    size: { type: "string", default: "4096" },
    folder: { type: "string", default: "." },
  },
});
const messages = Number(options.messages);
const folder = mkdtempSync(join(options.folder, "bench-mailboxes-"));
const store = await openSqlite({
  folder,
  onFatal: (problem) => {
    throw new Error(problem);
  },
});
const scene = await openMailScene(store);
const { account, contents } = scene;
const line = "The quick brown fox jumps over the lazy dog, and nobody is surprised.\r\n";

async function deliver(n: number): Promise<void> {
  const header =
    `From: Sender ${n} <sender${n}@client.example>\r\nTo: Anna <anna@example.com>\r\nSubject: Message number ${n}\r\n` +
    `Date: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${n}@client.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const bytes = Buffer.from(header + line.repeat(Math.ceil((Number(options.size) - header.length) / line.length)));
  const writer = contents.create();
  const reader = new StructureReader();
  writer.write(bytes);
  reader.push(bytes);
  const content = await writer.finish();
  const prefix = `Return-Path: <sender${n}@client.example>\r\n`;
  const to = { accountId: account.id, mailboxId: account.mailboxId, quota: noQuota };
  await store.commit([
    content.insert,
    ...deliverHere({ ...to, contentId: content.id, contentSize: content.size, prefix, at: 1_790_000_000_000 }),
    structureRead(content.id, reader),
  ]);
}

for (let n = 0; n < messages; n += 200) {
  await Promise.all(Array.from({ length: Math.min(200, messages - n) }, (_, more) => deliver(n + more)));
}

async function time(what: string, act: () => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < 7; n++) {
    const begun = performance.now();
    await act();
    took.push(performance.now() - begun);
  }
  const [first = 0, ...others] = took;
  const best = Math.min(...others);
  process.stdout.write(`${what}: first ${first.toFixed(1)}, best of ${others.length} ${best.toFixed(1)} ms\n`);
}

const all = [{ first: 1, last: messages }];
const mailbox = granted(await scene.mail.open("INBOX", "read-only"));
async function read(want: Parameters<typeof mailbox.rows>[1]): Promise<number> {
  let octets = 0;
  for await (const rows of mailbox.rows(all, want)) {
    for (const { envelope, content } of rows) octets += (envelope?.length ?? 0) + (content?.bytes?.length ?? 0);
  }
  return octets;
}
await time("open", () => scene.mail.open("INBOX", "read-only"));
await time("flags", () => read({ flagsOnly: true }));
await time("rows", () => read({}));
await time("envelopes", () => read({ envelope: true }));
await time("contents", () => read({ contentUpTo: 65_536 }));
const add = { change: "add", flags: { system: 4, keywords: [] }, unchangedSince: null } as const;
await time("flag all and back", async () => {
  await mailbox.store(all, add);
  await mailbox.store(all, { ...add, change: "remove" });
});
await mailbox.remove(Array.from({ length: messages / 10 }, (_, n) => ({ first: n * 10 + 5, last: n * 10 + 5 })));
await time("open with gaps", () => scene.mail.open("INBOX", "read-only"));
await scene.close();
rmSync(folder, { recursive: true });
