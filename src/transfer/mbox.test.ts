import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { flagsOf } from "../imap/flags.ts";
import { CrlfMaker, LfMaker } from "./line-ends.ts";
import { fromLineDate } from "./mbox.ts";
import { mboxArchive } from "./mbox-archive.ts";
import { openMbox } from "./mbox-source.ts";
import type { Source } from "./source.ts";

const text = async (pieces: AsyncIterable<Uint8Array>) => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString("latin1");
};

async function messagesIn(source: Source) {
  const found: { mailbox: string; text: string; flags: readonly string[]; at: number | null; key: string }[] = [];
  for (const mailbox of await source.mailboxes()) {
    for await (const { key, flags, internalDate, read } of mailbox.read(new Set())) {
      found.push({ mailbox: mailbox.name, text: await text(read()), flags, at: internalDate, key });
    }
  }
  return found;
}

describe("mbox files", () => {
  let folder: string;
  let files = 0;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "gatepost-mbox-"))));
  after(() => rm(folder, { recursive: true }));
  const fileOf = async (content: string) => {
    const path = join(folder, `f${files++}.mbox`);
    await writeFile(path, content, "latin1");
    return path;
  };

  it("a message begins at a dated From line behind a blank line, and nowhere else", async () => {
    const path = await fileOf(
      "From a@b Thu Jan  1 00:00:10 1970\nSubject: one\nStatus: RO\nX-Status: AF\nX-Keywords: work old\n\nFrom here on\n\nFrom him, without a date\n" +
        ">From quoted\n>>From twice\nFrom x@y Thu Jan  1 00:00:10 1970\nlast\n\n" +
        "From MAILER-DAEMON Fri Jul 18 09:05:01 2025 +0200\r\nSubject: two\r\n\r\n.\r\n",
    );
    const found = await messagesIn(await openMbox(path, "Old"));
    assert.deepEqual(
      found.map(({ mailbox, flags, at }) => ({ mailbox, flags, at })),
      [
        { mailbox: "Old", flags: ["\\Seen", "\\Answered", "\\Flagged", "work", "old"], at: 10_000 },
        { mailbox: "Old", flags: [], at: Date.UTC(2025, 6, 18, 7, 5, 1) },
      ],
    );
    assert.equal(
      found[0]?.text,
      "Subject: one\r\nStatus: RO\r\nX-Status: AF\r\nX-Keywords: work old\r\n\r\nFrom here on\r\n\r\nFrom him, without a date\r\n" +
        "From quoted\r\n>From twice\r\nFrom x@y Thu Jan  1 00:00:10 1970\r\nlast\r\n",
    );
    assert.equal(found[1]?.text, "Subject: two\r\n\r\n.\r\n");
  });

  for (const [line, wanted] of [
    ["From a Thu Jan  1 00:00:01 1970", 1000],
    ["From a@b.example Thu Jan  1 00:00 1970", 0],
    ["From a Thu Jan  1 00:00:01 UTC 1970", 1000],
    ["From a Thu Jan  1 01:00:01 1970 +0100\r", 1000],
    ["From a Thu Jan  1 01:00:01 +0100 1970", 1000],
    ["From a Thu Xxx  1 01:00:01 1970", null],
    ["From a, who wrote at 10:00 in 1970", undefined],
    [" From a Thu Jan  1 00:00:01 1970", undefined],
    ["From: a Thu Jan  1 00:00:01 1970", undefined],
  ] as const) {
    it(`${JSON.stringify(line)}: ${String(wanted)}`, () => assert.equal(fromLineDate(line), wanted));
  }

  it("what is no mbox is said to be none", async () => {
    await assert.rejects(
      async () => (await openMbox(await fileOf("Subject: x\n\ny\n"), null)).mailboxes(),
      /is no mbox/,
    );
    await assert.rejects(openMbox(join(folder, "nothing"), null), /nothing cannot be read/);
    assert.deepEqual(await messagesIn(await openMbox(await fileOf(""), null)), []);
  });

  it("equal messages have keys of their own, the same at each reading", async () => {
    const one = "From a@b Thu Jan  1 00:00:10 1970\nSubject: one\n\ntext\n\n";
    const path = await fileOf(one + one);
    const keys = (await messagesIn(await openMbox(path, "X"))).map(({ key }) => key);
    assert.equal(new Set(keys).size, 2);
    assert.deepEqual(
      (await messagesIn(await openMbox(path, "X"))).map(({ key }) => key),
      keys,
    );
  });

  it("what was written is read again: octets, flags and dates, however it is cut", async () => {
    const line = fc.oneof(
      fc.constantFrom(
        "From ",
        ">From ",
        ">>From x",
        "From a Thu Jan  1 00:00:01 1970",
        "F",
        ">",
        ">>Fro",
        "",
        "Status: RO",
      ),
      fc.string({ maxLength: 20 }).map((one) => one.replaceAll(/[\r\n]/g, "")),
    );
    const message = fc.record({
      lines: fc.array(line, { maxLength: 8 }),
      flags: fc.subarray(["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "work"]),
      second: fc.integer({ min: 0, max: 2 ** 31 }),
      cuts: fc.array(fc.nat(40), { maxLength: 4 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 4 }), async (messages) => {
        const target = join(folder, `run${run++}`);
        const archive = await mboxArchive(target).begin("Lists/.x");
        const texts = messages.map(
          ({ lines }) =>
            `Subject: x\r\n\r\n${lines.map((one) => `${Buffer.from(one).toString("latin1")}\r\n`).join("")}`,
        );
        for (const [index, { flags, second, cuts }] of messages.entries()) {
          const bytes = Buffer.from(texts[index]!, "latin1");
          await archive.write({
            uid: index + 1,
            uidValidity: 1,
            flags: flagsOf(flags),
            internalDate: second * 1000,
            content: {
              size: bytes.length,
              bytes,
              async *stream() {
                let from = 0;
                for (const cut of cuts) {
                  yield bytes.subarray(from, from + cut);
                  from += cut;
                }
                yield bytes.subarray(from);
              },
            },
          });
        }
        await archive.finish();
        assert.deepEqual(await readdir(join(target, "Lists")), ["%2ex.mbox"]);
        const file = join(target, "Lists", "%2ex.mbox");
        const back = await messagesIn(await openMbox(file, "X"));
        assert.deepEqual(
          back.map(({ text: one }) => one),
          texts,
          await readFile(file, "latin1"),
        );
        for (const [index, { flags, at }] of back.entries()) {
          assert.deepEqual(flagsOf(flags), flagsOf(messages[index]!.flags));
          assert.equal(at, messages[index]!.second * 1000);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("line ends become CRLF and LF again, however they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("\r", "\n", "\r\n", "a", ""), { maxLength: 12 }),
        fc.nat(6),
        (parts, cut) => {
          const bytes = Buffer.from(parts.join(""));
          const [maker, lines] = [new CrlfMaker(), new LfMaker()];
          const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
          const made = Buffer.concat(pieces.map((piece) => maker.push(piece))).toString();
          assert.equal(made, parts.join("").replaceAll(/\r?\n/g, "\r\n"));
          const back = Buffer.concat([...pieces.map((piece) => lines.push(piece)), lines.finish()]).toString();
          assert.equal(back, parts.join("").replaceAll("\r\n", "\n"));
        },
      ),
      { numRuns: 500 },
    );
  });
});
