import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deleted, type Flags, flagged, seen } from "../imap/flags.ts";
import type { FlagChange, Mail, MailboxStatus, MailRefusal, OpenMailbox } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { deliverHere, noQuota } from "../store/local-delivery.ts";
import type { Store } from "../store/store.ts";
import { forgetOld } from "./forgetting.ts";
import { granted, noFlags, openMailScene, written } from "../../testing/mail-scene.ts";
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

  /** Put in as reception does, with a field on top and nothing known of its structure. */
  async function delivered(scene: Awaited<ReturnType<typeof openMailScene>>, text: string): Promise<void> {
    const { store, contents, account } = scene;
    const writer = contents.create();
    writer.write(Buffer.from(text));
    const content = await writer.finish();
    const delivery = { accountId: account.id, mailboxId: account.mailboxId, quota: noQuota };
    const prefix = "Return-Path: <a@b.test>\r\n";
    await store.commit([
      content.insert,
      ...deliverHere({ ...delivery, contentId: content.id, contentSize: content.size, prefix, at: 5 }),
    ]);
  }

  const message = "Subject: Hello\r\nContent-Type: text/plain\r\n\r\nThe first line\r\nand more\r\n";

  for (const [where, inlineLimit] of [
    ["in the database", 1_000],
    ["in a file", 10],
  ] as const) {
    it(`streams any range of a message with the field on top, ${where}`, async () => {
      const scene = await openMailScene(await openMemoryStore(), { inlineLimit });
      await delivered(scene, message);
      const whole = Buffer.from(`Return-Path: <a@b.test>\r\n${message}`);
      const mailbox = granted(await scene.mail.open("INBOX", "read-only"));
      const content = await mailbox.content(1);
      assert.ok(content !== null);
      assert.equal(content.size, whole.length);
      assert.equal(content.bytes === null, inlineLimit === 10);
      for (let from = 0; from <= whole.length; from += 7) {
        for (let to = from; to <= whole.length + 9; to += 11) {
          const pieces: Uint8Array[] = [];
          for await (const piece of content.stream({ from, to })) pieces.push(piece);
          assert.deepEqual(Buffer.concat(pieces), whole.subarray(from, to), `${from}-${to}`);
        }
      }
      assert.equal(await mailbox.content(2), null);
      await scene.close();
    });

    it(`looks at the structure of a message that nobody looked at, once, ${where}`, async () => {
      const scene = await openMailScene(await openMemoryStore(), { inlineLimit });
      await delivered(scene, message);
      granted(await scene.mail.append("INBOX", [await written(scene.mail, message)]));
      const mailbox = granted(await scene.mail.open("INBOX", "read-only"));
      const want = { envelope: true, structure: true, parts: true, preview: "made" } as const;
      const look = async () => {
        const rows = [];
        for await (const portion of mailbox.rows([{ first: 1, last: 9 }], want)) rows.push(...portion);
        return rows.map(({ uid, envelope, structure, parts, preview }) => {
          const texts = [envelope, structure].map((bytes) => Buffer.from(bytes ?? []).toString());
          return { uid, texts, parts, preview };
        });
      };
      for await (const rows of mailbox.rows([{ first: 1, last: 9 }], { preview: "kept" }))
        assert.ok(
          rows.every(({ preview }) => preview === null),
          "made for one who does not wait (LAZY)",
        );
      const [first, second] = await look();
      assert.match(first?.texts[0] ?? "", /"Hello"/);
      assert.match(first?.texts[1] ?? "", /"TEXT" "PLAIN"/i);
      assert.equal(first?.preview, "The first line and more");
      assert.deepEqual({ ...second, uid: 1 }, first);
      const known = { sql: "SELECT COUNT(*) AS n FROM structure WHERE preview IS NOT NULL", parameters: [] };
      assert.deepEqual(await scene.store.read(known), [{ n: 2 }]);
      // From what was kept.
      await scene.store.commit([{ sql: "UPDATE structure SET preview = 'kept'", parameters: [] }]);
      assert.deepEqual(
        (await look()).map(({ preview }) => preview),
        ["kept", "kept"],
      );
      await scene.close();
    });
  }

  it("tells what came about: what was added, changed, and vanished, and whose it was", async () => {
    const scene = await openMailScene(await openMemoryStore());
    for (let n = 0; n < 5; n++) await delivered(scene, message);
    const mine = granted(await scene.mail.open("INBOX", "read-write"));
    const other = granted(await scene.open().open("INBOX", "read-write"));
    assert.equal(mine.opened.recent, 5);
    const { highestModseq } = mine.opened;
    assert.equal(mine.hasChangedSince(highestModseq), false);
    const add: FlagChange = { change: "add", flags: { system: seen, keywords: ["Work"] }, unchangedSince: null };
    const stored = await other.store([{ first: 2, last: 3 }], add);
    assert.deepEqual(
      stored.changed.map(({ uid, previousModseq }) => ({ uid, previousModseq })),
      [
        { uid: 2, previousModseq: 3 },
        { uid: 3, previousModseq: 4 },
      ],
    );
    const late = await other.store([{ first: 1, last: 3 }], { ...add, unchangedSince: highestModseq });
    assert.deepEqual(late.modified, [{ first: 2, last: 3 }]);
    await other.remove([{ first: 4, last: 4 }]);
    granted(await scene.mail.append("INBOX", [await written(scene.mail, message)]));
    assert.equal(mine.hasChangedSince(highestModseq), true);
    const changes = await mine.changesSince(highestModseq);
    assert.deepEqual(changes.added, [{ first: 6, last: 6 }]);
    assert.deepEqual(changes.vanished, [{ first: 4, last: 4 }]);
    assert.deepEqual(
      changes.changed.map(({ uid, flags: now }) => [uid, now.system, now.keywords.join()]),
      [1, 2, 3].map((uid) => [uid, seen, "Work"]),
    );
    assert.equal(mine.hasChangedSince(changes.highestModseq), false);
    assert.equal(granted(await scene.mail.status("INBOX")).recent, 0);
    // As after a long absence: what nobody knows any more is all that is not there.
    await scene.store.commit([
      { sql: "DELETE FROM expunged", parameters: [] },
      { sql: "UPDATE mailbox SET vanished_known_from = modseq", parameters: [] },
    ]);
    const resync = await granted(await scene.mail.open("INBOX", "read-only")).changesSince(2);
    assert.deepEqual(resync.vanished, [{ first: 4, last: 4 }]);
    // Of a moment that this session does not know of: what changed may be new, too.
    assert.deepEqual(resync.added, [
      { first: 1, last: 3 },
      { first: 5, last: 6 },
    ]);
    granted((await scene.mail.create("x"))!);
    granted(await scene.mail.append("x", [await written(scene.mail, message)]));
    const gone = granted(await scene.mail.open("x", "read-only"));
    assert.equal(await scene.mail.delete("x"), null);
    assert.equal(gone.hasChangedSince(gone.opened.highestModseq), true);
    assert.equal((await gone.changesSince(1)).isGone, true);
    await scene.close();
  });

  it("knows how many octets a message has as lines of text, whatever ends them", async () => {
    const scene = await openMailScene(await openMemoryStore());
    const texts = [message, "a\nb\r\nc", "a\r\n\n\r", ""];
    for (const text of texts) {
      const writer = scene.mail.write();
      for (const octet of Buffer.from(text)) writer.write(Buffer.of(octet));
      const content = await writer.finish();
      granted(await scene.mail.append("INBOX", [{ flags: noFlags, internalDate: 1_000, content }]));
    }
    const mailbox = granted(await scene.mail.open("INBOX", "read-only"));
    const sizes: (readonly [number, number])[] = [];
    for await (const rows of mailbox.rows([{ first: 1, last: 4 }], {}))
      sizes.push(...rows.map(({ size, textSize }) => [size, textSize] as const));
    assert.deepEqual(sizes, [
      [message.length, message.length],
      [6, 9],
      [5, 7],
      [0, 0],
    ]);
    mailbox.close();
    await scene.close();
  });

  it("says to each session which news are its own doing", async () => {
    const scene = await openMailScene(await openMemoryStore());
    const heard: string[] = [];
    const sessions = [scene.open(), scene.open()] as const;
    sessions.forEach((mail, n) => {
      mail.watch(({ what, name, isOwn }) => isOwn === true && heard.push(`${n} ${what} ${name}`));
    });
    granted(await sessions[0].create("a"));
    await sessions[1].subscribe("a");
    await delivered(scene, message);
    scene.news.tell(scene.account.id, { mailboxId: scene.account.mailboxId, what: "messages", name: "INBOX" });
    const mailbox = granted(await sessions[1].open("INBOX", "read-write"));
    granted(await mailbox.copy([{ first: 1, last: 1 }], "a"));
    await mailbox.remove([{ first: 1, last: 1 }]);
    assert.deepEqual(heard, ["0 created a", "1 subscription a", "1 messages a", "1 messages INBOX"]);
    mailbox.close();
    await scene.close();
  });

  it("gives no UIDVALIDITY twice, whatever is deleted and made again in the same second", async () => {
    const scene = await openMailScene(await openMemoryStore());
    const given = new Set([granted(await scene.mail.status("INBOX")).uidValidity]);
    for (let n = 0; n < 5; n++) {
      granted(await scene.mail.create("a"));
      given.add(granted(await scene.mail.status("a")).uidValidity);
      assert.equal(await scene.mail.delete("a"), null);
    }
    assert.equal(given.size, 6);
    await scene.close();
  });

  it("refuses what does not fit into the quota, and takes what does, moves included", async () => {
    const scene = await openMailScene(await openMemoryStore(), { quota: 250 });
    granted(await scene.mail.create("a"));
    const append = async (to: string) => scene.mail.append(to, [await written(scene.mail, "x".repeat(100))]);
    granted(await append("INBOX"));
    granted(await append("INBOX"));
    const third = await append("INBOX");
    assert.ok("refused" in third && third.refused === "over-quota");
    const mailbox = granted(await scene.mail.open("INBOX", "read-write"));
    const copied = await mailbox.copy([{ first: 1, last: 2 }], "a");
    assert.ok("refused" in copied && copied.refused === "over-quota");
    granted(await mailbox.move([{ first: 1, last: 2 }], "a"));
    assert.deepEqual(await scene.mail.quota(), { octets: 200, messages: 2, limit: 250 });
    await assertCounted(scene.store);
    await scene.close();
  });

  it("forgets what went long ago, and says what is not there instead", async () => {
    const scene = await openMailScene(await openMemoryStore());
    for (let n = 0; n < 6; n++) await delivered(scene, message);
    const mailbox = granted(await scene.mail.open("INBOX", "read-write"));
    const { id: mailboxId, highestModseq } = mailbox.opened;
    for (const uid of [2, 3, 5]) await mailbox.remove([{ first: uid, last: uid }]);
    await forgetOld(scene.store, { mailboxId, modseq: 64, gone: 1 }, 1);
    const kept = { sql: "SELECT uid FROM expunged", parameters: [] };
    assert.deepEqual(await scene.store.read(kept), [{ uid: 5 }]);
    const other = granted(await scene.mail.open("INBOX", "read-only"));
    assert.equal(other.opened.vanishedKnownFrom, highestModseq + 2);
    assert.deepEqual((await other.changesSince(highestModseq + 2)).vanished, [{ first: 5, last: 5 }]);
    assert.deepEqual((await other.changesSince(highestModseq)).vanished, [
      { first: 2, last: 3 },
      { first: 5, last: 5 },
    ]);
    await scene.close();
  });
});
