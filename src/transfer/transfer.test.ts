import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MemoryMail } from "../../testing/memory-mail.ts";
import { flagsOf } from "../imap/flags.ts";
import type { AppendedMessage, Mail } from "../imap/mail.ts";
import { importMail, ImportStopped } from "./import.ts";
import { exportTo, importFrom } from "./run.ts";
import type { Source, SourceMessage } from "./source.ts";

const signal = new AbortController().signal;

/** Remembers as the store does: in the moment of the append. */
function account() {
  const known = new Map<string, Set<string>>();
  const mail = new MemoryMail({ now: () => 7_000 });
  const append = mail.append.bind(mail);
  mail.append = async (name: string, messages: readonly AppendedMessage[]) => {
    const appended = await append(name, messages);
    if ("refused" in appended) return appended;
    for (const { importedAs } of messages) {
      if (importedAs === undefined) continue;
      const keys = known.get(importedAs.source) ?? new Set();
      assert.ok(!keys.has(importedAs.key), "twice");
      known.set(importedAs.source, keys.add(importedAs.key));
    }
    return appended;
  };
  const memory = { known: (source: string) => Promise.resolve(new Set(known.get(source))) };
  return { mail, options: { mail, memory, below: null, now: 9_000, progress: () => {}, signal } };
}

async function everythingIn(mail: Mail) {
  const found: string[] = [];
  for (const { name } of await mail.list()) {
    const opened = await mail.open(name, "read-only");
    if ("refused" in opened) continue;
    for await (const rows of opened.rows(opened.opened.uids, {})) {
      for (const { uid, flags, internalDate } of rows) {
        const content = await opened.content(uid);
        const text = content?.bytes?.toString("latin1");
        found.push(`${name} ${flags.system} ${flags.keywords.join(",")} ${internalDate} ${JSON.stringify(text)}`);
      }
    }
    opened.close();
  }
  return found.sort();
}

describe("mail goes out and comes in again", () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "gatepost-transfer-"))));
  after(() => rm(folder, { recursive: true }));

  for (const format of ["mbox", "maildir"] as const) {
    it(`by ${format}: octets, flags, dates and names; a second import adds nothing`, async () => {
      const { mail } = account();
      mail.deliver("INBOX", "A: 1\r\n\r\nFrom me\r\n>From you\r\n", flagsOf(["\\Seen", "\\Flagged"]));
      mail.deliver("Lists/Größe & .net", "A: 2\r\n\r\n.\r\n\r\n", flagsOf(["\\Answered", "\\Draft"]));
      mail.deliver("Lists", "A: 3\r\n\r\nno line end at the end", flagsOf([]));
      const target = join(folder, format);
      const told: string[] = [];
      const out = {
        mail,
        only: null,
        progress: (done: number, total: number) => void told.push(`${done}/${total}`),
        signal,
      };
      assert.deepEqual(await exportTo({ folder: target, format }, out), { mailboxes: 3, messages: 3 });
      assert.deepEqual(told, ["0/3", "1/3", "2/3", "3/3"]);

      const from = format === "mbox" ? { mbox: target } : { maildir: target };
      const { mail: other, options } = account();
      const first = await importFrom(from, options);
      assert.deepEqual(first, { mailboxes: 3, messages: 3, known: 0, problems: [] });
      const wanted = await everythingIn(mail);
      // An mbox cannot end a message within a line.
      const written =
        format === "mbox" ? wanted.map((one) => one.replace("at the end", String.raw`at the end\r\n`)) : wanted;
      assert.deepEqual(await everythingIn(other), written);
      assert.deepEqual(await importFrom(from, options), { mailboxes: 3, messages: 0, known: 3, problems: [] });
      assert.deepEqual(await everythingIn(other), written);
    });
  }

  it("one mailbox with what is below it, and nothing that only begins alike", async () => {
    const { mail } = account();
    for (const name of ["A", "A/B", "AB"]) mail.deliver(name, "x");
    const done = await exportTo(
      { folder: join(folder, "part"), format: "mbox" },
      { mail, only: "A", progress: () => {}, signal },
    );
    assert.deepEqual(done, { mailboxes: 2, messages: 2 });
  });
});

/** A source of made-up messages; breaks off before the one with this number. */
function numbered(
  count: number,
  more: { readonly breaksAt?: number; readonly size?: number } = {},
): Source & { reads: number } {
  const source = {
    name: "numbered",
    reads: 0,
    mailboxes: () => Promise.resolve([{ name: "In*box", messages: count, read }]),
    close: () => Promise.resolve(),
  };
  async function* read(skip: ReadonlySet<string>): AsyncGenerator<SourceMessage> {
    for (let n = 0; n < count; n++) {
      if (n === more.breaksAt) throw new Error("the line is cut");
      if (skip.has(String(n))) continue;
      source.reads++;
      const text = Buffer.from(`N: ${n}\r\n\r\n`.padEnd(more.size ?? 0, "x"));
      yield {
        key: String(n),
        flags: [],
        internalDate: null,
        read: async function* () {
          yield text;
        },
      };
    }
  }
  return source;
}

describe("an import", () => {
  it("that breaks off goes on where it was, and fetches nothing twice that was kept", async () => {
    const { mail, options } = account();
    await assert.rejects(importMail(numbered(130, { breaksAt: 120 }), options), /the line is cut/);
    const kept = (await everythingIn(mail)).length;
    assert.equal(kept, 100, "whole batches");
    assert.equal(mail.pending, 0, "what waited for its batch is let go");
    const again = numbered(130);
    assert.deepEqual(await importMail(again, options), { mailboxes: 1, messages: 30, known: 100, problems: [] });
    assert.equal(again.reads, 30);
    assert.equal((await everythingIn(mail)).length, 130);
  });

  it("has names and dates that are possible here", async () => {
    const { mail, options } = account();
    await importMail(numbered(1), { ...options, below: "Old" });
    assert.deepEqual(await everythingIn(mail), [`Old/In_box 0  9000 "N: 0\\r\\n\\r\\n"`]);
    assert.ok((await mail.subscriptions()).includes("Old/In_box"));
  });

  it("passes over what is too large, and says so", async () => {
    const { mail, options } = account();
    const done = await importMail(numbered(2, { size: mail.appendLimit + 1 }), options);
    assert.equal(done.messages, 0);
    assert.match(done.problems.join("\n"), /^In_box, 0: it has more than 1000000 octets\nIn_box, 1/);
    assert.equal(mail.pending, 0);
  });

  it("stops with the account's words when nothing more fits, and leaves nothing half", async () => {
    const { options } = account();
    const full = new MemoryMail({ limit: 1 });
    await assert.rejects(importMail(numbered(3), { ...options, mail: full }), ImportStopped);
    assert.equal(full.pending, 0);
  });

  it("ends between two batches when nobody waits for it", async () => {
    const { mail, options } = account();
    const abort = new AbortController();
    const progress = (done: number) => void (done > 0 && abort.abort());
    await assert.rejects(importMail(numbered(200), { ...options, progress, signal: abort.signal }), {
      name: "AbortError",
    });
    assert.equal((await everythingIn(mail)).length, 50);
  });
});
