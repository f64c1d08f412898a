import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deleted, type Flags, flagged, seen } from "../imap/flags.ts";
import type { FlagChange, Mail, MailboxStatus, MailRefusal, OpenMailbox } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import type { Store } from "../store/store.ts";
import { granted, openMailScene, written } from "../../testing/mail-scene.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";

const names = ["INBOX", "a", "a/b", "a/b/c", "b"];

type Act =
  | { readonly do: "create" | "delete"; readonly name: string }
  | { readonly do: "rename" | "copy" | "move"; readonly name: string; readonly to: string; readonly uids: Numbers }
  | { readonly do: "append"; readonly name: string; readonly flags: Flags; readonly count: number }
  | { readonly do: "store"; readonly name: string; readonly uids: Numbers; readonly change: FlagChange }
  | { readonly do: "expunge" | "remove"; readonly name: string; readonly uids: Numbers };

const name = fc.constantFrom(...names);
const uids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }).map((list): Numbers =>
  list
    .sort((a, b) => a - b)
    .reduce<{ first: number; last: number }[]>((spans, uid) => {
      const last = spans.at(-1);
      if (last !== undefined && last.last === uid - 1) last.last = uid;
      else spans.push({ first: uid, last: uid });
      return spans;
    }, []),
);
const flags = fc
  .record({
    system: fc.constantFrom(0, seen, flagged, deleted, seen | deleted, seen | flagged | deleted),
    keywords: fc.subarray(["$Junk", "Work", "a_b", "a%2"]).map((list) => list.sort()),
  })
  .map((made): Flags => ({ ...made }));
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constantFrom("create" as const, "delete" as const), name }),
  fc.record({ do: fc.constantFrom("rename" as const, "copy" as const, "move" as const), name, to: name, uids }),
  fc.record({ do: fc.constant("append" as const), name, flags, count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    do: fc.constant("store" as const),
    name,
    uids,
    change: fc.record({
      change: fc.constantFrom("replace" as const, "add" as const, "remove" as const),
      flags,
      unchangedSince: fc.constant(null),
    }),
  }),
  fc.record({ do: fc.constantFrom("expunge" as const, "remove" as const), name, uids }),
);

/** What anybody can see of a mailbox but ids and modification sequences, which are the store's own. */
function seenOf(status: MailboxStatus | MailRefusal) {
  if ("refused" in status) return status.refused;
  const { id: _, uidValidity: __, highestModseq: ___, recent: ____, recentFrom: _____, ...rest } = status;
  return rest;
}

async function run(mail: Mail, step: Act): Promise<unknown> {
  switch (step.do) {
    case "create":
      return refusalOf(await mail.create(step.name));
    case "delete":
      return refusalOf(await mail.delete(step.name));
    case "rename":
      return refusalOf(await mail.rename(step.name, step.to));
    case "append": {
      const messages = await Promise.all(
        Array.from({ length: step.count }, (_, n) => written(mail, `message ${n}\r\n`, step.flags)),
      );
      const appended = await mail.append(step.name, messages);
      return "refused" in appended ? appended.refused : appended.uids;
    }
    default:
  }
  const mailbox = await mail.open(step.name, "read-write");
  if ("refused" in mailbox) return mailbox.refused;
  try {
    return await change(mailbox, step);
  } finally {
    mailbox.close();
  }
}

async function change(mailbox: OpenMailbox, step: Extract<Act, { readonly uids: Numbers }>): Promise<unknown> {
  switch (step.do) {
    case "store": {
      const { changed } = await mailbox.store(step.uids, step.change);
      return changed.map(({ uid, flags: now }) => ({ uid, flags: now }));
    }
    case "expunge":
    case "remove":
      return (await mailbox[step.do](step.uids)).uids;
    case "copy":
    case "move": {
      const copied = await mailbox[step.do](step.uids, step.to);
      return "refused" in copied ? copied.refused : { from: copied.from, to: copied.to };
    }
    case "rename":
      return null;
    default:
      return step satisfies never;
  }
}

function refusalOf(answer: object | null): string | null {
  return answer !== null && "refused" in answer ? String(answer.refused) : null;
}

async function everything(mail: Mail) {
  const mailboxes: unknown[] = [];
  for (const { name: listed, isSelectable } of await mail.list()) {
    const status = seenOf(await mail.status(listed));
    if (!isSelectable) mailboxes.push(listed);
    else mailboxes.push({ status, messages: await messagesOf(mail, listed) });
  }
  return mailboxes;
}

async function messagesOf(mail: Mail, listed: string) {
  const mailbox = granted(await mail.open(listed, "read-only"));
  const messages = [];
  for await (const rows of mailbox.rows([{ first: 1, last: 100 }], { contentUpTo: 100 })) {
    for (const row of rows) {
      const content = row.content?.bytes?.toString() ?? null;
      messages.push({ uid: row.uid, flags: row.flags, size: row.size, content });
    }
  }
  const { uids: there, firstUnseen } = mailbox.opened;
  mailbox.close();
  return { messages, there, firstUnseen };
}

/** The counters say what the rows say, in every mailbox and account. */
async function assertCounted(store: Store): Promise<void> {
  const of = "FROM message WHERE mailbox_id = mailbox.id";
  const wrong = await store.read({
    sql:
      `SELECT name FROM mailbox WHERE messages <> (SELECT COUNT(*) ${of}) OR octets <> (SELECT COALESCE(SUM(size), 0) ${of}) ` +
      `OR unseen <> (SELECT COUNT(*) ${of} AND flags & 1 = 0) OR deleted <> (SELECT COUNT(*) ${of} AND flags & 8 <> 0) ` +
      `OR deleted_octets <> (SELECT COALESCE(SUM(size), 0) ${of} AND flags & 8 <> 0) ` +
      `OR uid_next <= (SELECT COALESCE(MAX(uid), 0) ${of}) OR modseq < (SELECT COALESCE(MAX(modseq), 0) ${of})`,
    parameters: [],
  });
  assert.deepEqual(wrong, []);
  const used = await store.read({
    sql: "SELECT id FROM account WHERE octets <> (SELECT SUM(octets) FROM mailbox WHERE account_id = account.id)",
    parameters: [],
  });
  assert.deepEqual(used, []);
  const unneeded = await store.read({
    sql: "SELECT id FROM content WHERE NOT EXISTS (SELECT 1 FROM message WHERE content_id = content.id)",
    parameters: [],
  });
  assert.deepEqual(unneeded, []);
}

describe("the mail of an account in the store", () => {
  it("does whatever the model in memory does, and its counters say what its rows say", async () => {
    const store = await openMemoryStore();
    try {
      let run0 = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (steps) => {
          const scene = await openMailScene(store, { name: `anna${run0++}` });
          const model = new MemoryMail();
          for (const step of steps) {
            const [real, wanted] = [await run(scene.mail, step), await run(model, step)];
            // Such a name can be made a mailbox: here it is none.
            assert.deepEqual(real, wanted === "not-selectable" ? "no-such-mailbox" : wanted, JSON.stringify(step));
          }
          assert.deepEqual(await everything(scene.mail), await everything(model));
          await assertCounted(store);
        }),
        { numRuns: 150 },
      );
    } finally {
      await store.close();
    }
  });
});
