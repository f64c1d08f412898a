import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deliverHere, noQuota } from "../src/store/local-delivery.ts";
import { insertDecision } from "../src/store/journal-rows.ts";
import { finishRecipients, insertEntry, insertRecipient } from "../src/store/queue.ts";
import { openSqlite } from "../src/store/sqlite/driver.ts";
import type { Statement, Store, Unit } from "../src/store/store.ts";

/**
 * What a message costs the store: `node bench/store.ts [--kind relay|local|round] [--waiters 50] [--size 1024]
 * [--seconds 4] [--folder DIR]`. A unit is content, entry, recipient and decision (`relay`), content, delivery and
 * decision (`local`), or the first kind with the unit that takes it out again behind it (`round`). Prints messages a second,
 * the time from `commit` to its answer, and processor time a message by thread.
 */
const { values: options } = parseArgs({
  options: {
    kind: { type: "string", default: "relay" },
    waiters: { type: "string", default: "50" },
    size: { type: "string", default: "1024" },
    seconds: { type: "string", default: "4" },
    folder: { type: "string", default: "." },
  },
});
const waiters = Number(options.waiters);
const size = Number(options.size);

const folder = mkdtempSync(join(options.folder, "bench-store-"));
const store = await openSqlite({
  folder,
  onFatal: (problem) => {
    throw new Error(problem);
  },
});
const mailbox = await makeMailbox(store);
const bytes = Buffer.alloc(size, "The quick brown fox jumps over the lazy dog. \r\n");
const facts = JSON.stringify({ client: "192.0.2.7", local: "198.51.100.10", tls: true, account: null, now: 0 });

let isOver = false;
const waits: number[] = [];

async function work(): Promise<void> {
  while (!isOver) {
    const begun = performance.now();
    const { unit, undo } = message();
    await store.commit(unit);
    waits.push(performance.now() - begun);
    if (undo !== null) await store.commit(undo);
  }
}

function message(): { readonly unit: Unit; readonly undo: Unit | null } {
  const [contentId, entryId, recipientId, decisionId] = [
    store.nextId(),
    store.nextId(),
    store.nextId(),
    store.nextId(),
  ];
  const now = Date.now();
  // A buffer of its own, as the content's writer makes one.
  const inline = Buffer.allocUnsafeSlow(size);
  inline.set(bytes);
  const unit: Statement[] = [
    {
      sql: "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, ?)",
      parameters: [contentId, size, inline, null],
    },
  ];
  const decision = insertDecision({
    id: decisionId,
    at: now,
    verdict: "relay",
    rule: "address:scanners",
    count: 1,
    policy_version: 12,
    listener: "relay",
    client: "192.0.2.7",
    account: null,
    reverse_path: "sender@client.example",
    forward_path: "someone@other.test",
    facts,
    entry_id: entryId,
  });
  if (options.kind === "local") {
    unit.push(
      ...deliverHere({
        ...mailbox,
        contentId,
        contentSize: size,
        prefix: "Return-Path: <sender@client.example>\r\n",
        at: now,
        quota: noQuota,
      }),
      decision,
    );
    return { unit, undo: null };
  }
  const entry = {
    id: entryId,
    contentId,
    size,
    reversePath: "sender@client.example",
    bornAt: now,
    body: "7BIT",
    smtpUtf8: false,
    ret: null,
    envid: null,
    listener: "relay",
    client: "192.0.2.7",
    account: null,
  } as const;
  const recipient = {
    id: recipientId,
    entryId,
    forwardPath: "someone@other.test",
    originalPath: null,
    orcpt: null,
    notify: null,
    dueAt: now,
    attempts: 1,
    isDelayReported: false,
  };
  unit.push(insertEntry(entry), insertRecipient(recipient, now + 600_000), decision);
  return {
    unit,
    undo: options.kind === "round" ? finishRecipients({ recipients: [recipient], entry, isFile: false }) : null,
  };
}

async function makeMailbox(into: Store): Promise<{ readonly accountId: number; readonly mailboxId: number }> {
  const [accountId, id] = [into.nextId(), into.nextId()];
  await into.commit([
    {
      sql: "INSERT INTO account (id, name, domain, enabled, may_relay, senders, may_send_as, password_version, plus_addressing, created_at) VALUES (?, 'a', 'b.test', 1, 1, 'own', '[]', 1, 0, 0)",
      parameters: [accountId],
    },
    {
      sql: "INSERT INTO mailbox (id, account_id, name, uid_validity, uid_next, modseq, messages, octets) VALUES (?, ?, 'INBOX', 1, 1, 1, 0, 0)",
      parameters: [id, accountId],
    },
  ]);
  return { accountId, mailboxId: id };
}

const workers = Array.from({ length: waiters }, work);
// What is compiled and allocated at first is not what a message costs.
await new Promise((resolve) => setTimeout(resolve, 700));
waits.length = 0;
const [begun, main, all] = [performance.now(), process.threadCpuUsage(), process.cpuUsage()];
await new Promise((resolve) => setTimeout(resolve, Number(options.seconds) * 1000));
const [lasted, mainUsed, allUsed] = [performance.now() - begun, process.threadCpuUsage(main), process.cpuUsage(all)];
const done = waits.length;
isOver = true;
await Promise.all(workers);
await store.close();
rmSync(folder, { recursive: true });

waits.length = done;
waits.sort((a, b) => a - b);
const at = (part: number) => (waits[Math.floor(waits.length * part)] ?? 0).toFixed(2);
const perMessage = (usage: NodeJS.CpuUsage) => (usage.user + usage.system) / done;
process.stdout.write(
  `${options.kind}, ${size} octets, ${waiters} waiters: ${Math.round((done * 1000) / lasted)} messages/s, ` +
    `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(0.9999)} ms, ` +
    `CPU a message: main ${perMessage(mainUsed).toFixed(1)} µs, others ${(perMessage(allUsed) - perMessage(mainUsed)).toFixed(1)} µs\n`,
);
