import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryMail } from "../../../testing/memory-mail.ts";
import type { Fetch } from "../command.ts";
import type { SelectedContext } from "../context.ts";
import { CommandDecoder } from "../decoder.ts";
import type { Enabled } from "../enabled.ts";
import { KnownKeywords } from "../known-keywords.ts";
import type { MessageContent, OpenMailbox } from "../mail.ts";
import { parseCommand } from "../parse.ts";
import type { Chunk } from "../response.ts";
import { View } from "../view.ts";
import { fetch } from "./fetch.ts";

const crlf = (text: string) => text.replaceAll("\n", "\r\n");

function parse(text: string): Fetch {
  const decoder = new CommandDecoder();
  decoder.push(Buffer.from(`a ${text}\r\n`, "latin1"));
  const received = decoder.next({ argumentOctets: 65_536, messageOctets: 1_000_000, discardOctets: 100_000 });
  const parsed = received?.is === "command" ? parseCommand(received.pieces, { isUtf8: false }) : null;
  if (parsed === null || "refused" in parsed || parsed.command.name !== "FETCH")
    return assert.fail(JSON.stringify(parsed));
  return parsed.command;
}

async function octetsOf(chunk: Chunk): Promise<Buffer> {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (!("content" in chunk)) return Buffer.from(chunk);
  const pieces: Uint8Array[] = [];
  for await (const piece of chunk.content.stream(chunk)) pieces.push(piece);
  const octets = Buffer.concat(pieces);
  assert.equal(octets.length, chunk.to - chunk.from, "not the octets that were announced");
  return octets;
}

const noKeywords = () => new KnownKeywords({ isReadOnly: false, keywords: [] });

/** A session that has selected a mailbox of these messages. */
async function scene(
  messages: readonly string[],
  { enabled = {}, how = "read-write", change = (mailbox: OpenMailbox): OpenMailbox => mailbox }: SceneOptions = {},
) {
  const mail = new MemoryMail({ now: () => Date.UTC(2026, 10, 5, 9, 8, 7) });
  for (const message of messages) mail.deliver("INBOX", Buffer.from(message, "latin1"));
  const opened = await mail.open("INBOX", how);
  if ("refused" in opened) return assert.fail(opened.text);
  const mailbox = change(opened);
  const view = new View(mailbox.opened);
  const context: SelectedContext = {
    tag: "a",
    mail,
    enabled: { condstore: false, qresync: false, utf8: false, rev2: false, ...enabled },
    now: 0,
    selected: { name: "INBOX", mailbox, view, keywords: noKeywords(), searches: new Map() },
  };
  const run = async (text: string) => {
    const answer = fetch(parse(text), context);
    const chunks: Chunk[] = [];
    for (;;) {
      const { done, value } = await answer.next();
      if (done === true) {
        const octets = await Promise.all(chunks.map(octetsOf));
        return { text: Buffer.concat(octets).toString("latin1"), completion: value, chunks };
      }
      chunks.push(value);
    }
  };
  return { run, mail, mailbox, view, context };
}

type SceneOptions = {
  readonly enabled?: Partial<Enabled>;
  readonly how?: "read-write" | "read-only";
  readonly change?: (mailbox: OpenMailbox) => OpenMailbox;
};

/** What a FETCH of message 1 says. */
async function fetched(message: string, items: string, options?: SceneOptions): Promise<string> {
  const { run } = await scene([crlf(message)], options);
  return (await run(`FETCH 1 ${items}`)).text;
}

const header = "Date: Wed, 25 Nov 2026 08:00:00 +0000\nSUBJECT: folded\n  subject\nFrom: a@b.test\nX-Y: z\n";
const simple = `${header}\nhello\n`;
const nested = `Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

caf=C3=A9 =
latte
--b
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/alternative; boundary=c

--c
X-Part: 1

one
--c
Content-Type: text/html
Content-Transfer-Encoding: base64

AAEC
--c--
--b
Content-Type: image/x
Content-Transfer-Encoding: x-odd

????
--b--
epilogue
`;

describe("FETCH of what the row says", () => {
  const table: Record<string, readonly [items: string, response: string, enabled?: Partial<Enabled>]> = {
    "flags and sizes": ["(FLAGS RFC822.SIZE)", "FLAGS (\\Recent) RFC822.SIZE 100"],
    "IMAP4rev2 has no \\Recent": ["FLAGS", "FLAGS ()", { rev2: true, utf8: true }],
    "days of one digit have two columns": ["INTERNALDATE", 'INTERNALDATE " 5-Nov-2026 09:08:07 +0000"'],
    "SAVEDATE, EMAILID, THREADID, MODSEQ": [
      "(SAVEDATE EMAILID THREADID MODSEQ)",
      'SAVEDATE " 5-Nov-2026 09:08:07 +0000" EMAILID (M1) THREADID NIL MODSEQ (2)',
    ],
    "what is asked for twice": ["(FLAGS UID FLAGS)", "FLAGS (\\Recent) UID 1"],
    "the envelope": [
      "ENVELOPE",
      'ENVELOPE ("Wed, 25 Nov 2026 08:00:00 +0000" "folded  subject" ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) NIL NIL NIL NIL NIL)',
    ],
    "O-39: BODY is the structure without extension data": [
      "(BODY BODYSTRUCTURE)",
      'BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1) BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL NIL NIL NIL)',
    ],
    FAST: ["FAST", 'FLAGS (\\Recent) INTERNALDATE " 5-Nov-2026 09:08:07 +0000" RFC822.SIZE 100'],
    "a preview": ["PREVIEW", 'PREVIEW "hello"'],
    "a preview that nobody has made yet, when asked for in no hurry": ["PREVIEW (LAZY)", "PREVIEW NIL"],
  };
  for (const [name, [items, response, enabled]] of Object.entries(table))
    it(name, async () =>
      assert.equal(
        await fetched(simple, items, enabled === undefined ? {} : { enabled }),
        `* 1 FETCH (${response})\r\n`,
      ),
    );

  it("O-40: a command by UIDs tells the UID", async () => {
    const { run } = await scene([simple, simple]);
    assert.equal((await run("UID FETCH 2:* FLAGS")).text, "* 2 FETCH (UID 2 FLAGS (\\Recent))\r\n");
  });

  it("ten thousand answers are few chunks", async () => {
    const { run } = await scene(Array.from({ length: 2_000 }, () => simple));
    const { text, chunks } = await run("FETCH 1:* (UID FLAGS ENVELOPE)");
    assert.equal(text.split("\r\n").length, 2_001);
    // Portions of the memory's mail are of a hundred rows.
    assert.ok(chunks.length <= 20, `${chunks.length}`);
  });
});

describe("FETCH of octets", () => {
  /** Section, then the octets; null: NIL. */
  const sections: readonly (readonly [message: string, section: string, octets: string | null])[] = [
    [simple, "", simple],
    [simple, "HEADER", `${header}\n`],
    [simple, "TEXT", "hello\n"],
    [simple, "1", "hello\n"],
    [simple, "1.MIME", `${header}\n`],
    [simple, "1.1", null],
    [simple, "2", null],
    [simple, "1.HEADER", null],
    [simple, "HEADER.FIELDS (date subject From x-uniform-type-identifier)", `${header.replace("X-Y: z\n", "")}\n`],
    [simple, "HEADER.FIELDS (x-none)", "\n"],
    [simple, "HEADER.FIELDS.NOT (DATE from X-Y)", "SUBJECT: folded\n  subject\n\n"],
    [nested, "1", "caf=C3=A9 =\nlatte"],
    [nested, "1.MIME", "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"],
    [nested, "2.HEADER", "Subject: inner\nContent-Type: multipart/alternative; boundary=c\n\n"],
    [nested, "2.HEADER.FIELDS (SUBJECT)", "Subject: inner\n\n"],
    [nested, "2.MIME", "Content-Type: message/rfc822\n\n"],
    [nested, "2.1.MIME", "X-Part: 1\n\n"],
    [nested, "2.1", "one"],
    [nested, "2.2", "AAEC"],
    [
      nested,
      "2.TEXT",
      "--c\nX-Part: 1\n\none\n--c\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nAAEC\n--c--",
    ],
    [nested, "3", "????"],
    [nested, "2.3", null],
    [nested, "4", null],
    ["Content-Type: message/rfc822\n\nSubject: x\n\nhello\n", "1", "Subject: x\n\nhello\n"],
    ["Content-Type: message/rfc822\n\nSubject: x\n\nhello\n", "1.HEADER", "Subject: x\n\n"],
    ["Content-Type: message/rfc822\n\nSubject: x\n\nhello\n", "1.1", "hello\n"],
    ["Content-Type: multipart/mixed\n\nlost\n", "1", ""],
  ];
  for (const [message, section, octets] of sections) {
    it(`BODY.PEEK[${section}] of ${message.length} octets`, async () => {
      const wanted = octets === null ? "NIL" : octets === "" ? '""' : `{${crlf(octets).length}}\r\n${crlf(octets)}`;
      assert.equal(await fetched(message, `BODY.PEEK[${section}]`), `* 1 FETCH (BODY[${section}] ${wanted})\r\n`);
    });
  }

  it("finds parts where a field stands on top of what the parts were found in", async () => {
    const onTop = (mailbox: OpenMailbox): OpenMailbox => ({
      ...mailbox,
      async *rows(uids, want) {
        for await (const rows of mailbox.rows(uids, want))
          yield rows.map((row) => ({ ...row, content: withField(row.content) }));
      },
    });
    assert.equal(await fetched(nested, "BODY.PEEK[2.1]", { change: onTop }), "* 1 FETCH (BODY[2.1] {3}\r\none)\r\n");
    const head = await fetched(simple, "BODY.PEEK[HEADER.FIELDS (Return-Path From)]", { change: onTop });
    assert.match(head, /\{43\}\r\nReturn-Path: <x@y\.test>\r\nFrom: a@b\.test\r\n\r\n/);
  });

  it("O-38: the label is as the client wrote it, without PEEK", async () => {
    const text = await fetched(simple, "(BODY.PEEK[header.fields (date  X-none)] body.peek[Text]<1.2>)");
    assert.match(text, /BODY\[header\.fields \(date {1,2}X-none\)\] \{\d+\}/i);
    assert.ok(text.includes("BODY[Text]<1> {2}\r\nel"), text);
  });

  it("O-39: old names are answered under them", async () => {
    const text = await fetched(simple, "(RFC822.HEADER RFC822.TEXT RFC822)");
    const size = crlf(simple).length;
    assert.equal(
      text,
      `* 1 FETCH (RFC822.HEADER {${size - 7}}\r\n${crlf(header)}\r\n RFC822.TEXT {7}\r\nhello\r\n RFC822 {${size}}\r\n${crlf(simple)} FLAGS (\\Seen \\Recent))\r\n`,
    );
  });

  it("O-47: chunks end where the part ends", async () => {
    const message = `Subject: x\n\n${"x".repeat(1_500)}`;
    const partial = async (range: string) => (await fetched(message, `BODY.PEEK[1]<${range}>`)).replace(/x+/, "…");
    assert.equal(await partial("0.2048"), "* 1 FETCH (BODY[1]<0> {1500}\r\n…)\r\n");
    assert.equal(await partial("1024.1024"), "* 1 FETCH (BODY[1]<1024> {476}\r\n…)\r\n");
    assert.equal(await partial("1500.1024"), '* 1 FETCH (BODY[1]<1500> "")\r\n');
    assert.equal(await partial("393216.393216"), '* 1 FETCH (BODY[1]<393216> "")\r\n');
  });

  it("BINARY undoes encodings, and says so where it cannot", async () => {
    const { run } = await scene([crlf(nested)]);
    const latte = "caf\xc3\xa9 latte";
    assert.equal((await run("FETCH 1 BINARY.PEEK[1]")).text, `* 1 FETCH (BINARY[1] {11}\r\n${latte})\r\n`);
    assert.equal((await run("FETCH 1 BINARY.PEEK[1]<3.4>")).text, "* 1 FETCH (BINARY[1]<3> {4}\r\n\xc3\xa9 l)\r\n");
    assert.equal((await run("FETCH 1 BINARY.PEEK[2.2]")).text, "* 1 FETCH (BINARY[2.2] ~{3}\r\n\0\x01\x02)\r\n");
    assert.equal((await run("FETCH 1 BINARY.SIZE[2.2]")).text, "* 1 FETCH (BINARY.SIZE[2.2] 3)\r\n");
    assert.equal((await run("FETCH 1 BINARY.PEEK[9]")).text, "* 1 FETCH (BINARY[9] NIL)\r\n");
    assert.equal((await run("FETCH 1 BINARY.PEEK[]")).text.length, crlf(nested).length + 30);
    for (const item of ["BINARY.PEEK[3]", "BINARY.SIZE[3]"]) {
      const { text, completion } = await run(`FETCH 1 (${item} UID)`);
      assert.equal(text, "* 1 FETCH (UID 1)\r\n");
      assert.deepEqual([completion.status, completion.code], ["NO", "UNKNOWN-CTE"]);
      assert.equal((await run(`FETCH 1 ${item}`)).text, "");
    }
  });

  it("a large message never stands in memory", async () => {
    const line = `${"QUJD".repeat(19)}\r\n`;
    const lines = 400_000;
    const head = crlf("Content-Type: application/x\nContent-Transfer-Encoding: base64\n\n");
    let most = 0;
    const large: MessageContent = {
      size: head.length + lines * line.length,
      bytes: null,
      async *stream({ from, to }) {
        const block = Buffer.from(line.repeat(1_000));
        for (let at = from; at < to;) {
          const inBody = at - head.length;
          const piece = inBody < 0 ? Buffer.from(head).subarray(at) : block.subarray(inBody % block.length);
          const wanted = piece.subarray(0, to - at);
          most = Math.max(most, wanted.length);
          yield wanted;
          at += wanted.length;
        }
      },
    };
    const change = (mailbox: OpenMailbox): OpenMailbox => ({
      ...mailbox,
      content: async () => large,
      async *rows(uids, want) {
        for await (const rows of mailbox.rows(uids, want))
          yield rows.map((row) => ({ ...row, size: large.size, content: null, parts: null }));
      },
    });
    const { context } = await scene(["x"], { change });
    for (const [item, size] of [
      ["BODY.PEEK[]", large.size],
      ["BODY.PEEK[1]<1000.20000000>", 20_000_000],
      ["BINARY.PEEK[1]", lines * 57],
      ["BINARY.PEEK[1]<1000000.2000000>", 2_000_000],
    ] as const) {
      let sent = 0;
      for await (const chunk of fetch(parse(`FETCH 1 ${item}`), context)) {
        if (typeof chunk === "string" || !("content" in chunk)) continue;
        for await (const piece of chunk.content.stream(chunk)) {
          assert.ok(piece.length <= 100_000);
          sent += piece.length;
        }
      }
      assert.equal(sent, size, item);
    }
    assert.ok(most <= 100_000);
  });
});

function withField(content: MessageContent | null): MessageContent | null {
  if (content?.bytes === null || content === null) return content;
  const bytes = Buffer.concat([Buffer.from("Return-Path: <x@y.test>\r\n"), content.bytes]);
  return {
    size: bytes.length,
    bytes,
    async *stream({ from, to }) {
      yield bytes.subarray(from, to);
    },
  };
}

describe("what FETCH does besides", () => {
  it("to read a message is to have seen it, and to peek is not", async () => {
    const { run, mailbox, view } = await scene([crlf(simple), simple, simple]);
    assert.doesNotMatch((await run("FETCH 1:3 (BODY.PEEK[] RFC822.HEADER BINARY.PEEK[1])")).text, /FLAGS/);
    assert.match((await run("FETCH 1 BODY[TEXT]")).text, /BODY\[TEXT\] \{7\}\r\nhello\r\n FLAGS \(\\Seen \\Recent\)\)/);
    assert.match((await run("FETCH 2 (FLAGS BINARY[1])")).text, /^\* 2 FETCH \(FLAGS \(\\Seen \\Recent\) BINARY\[1\]/);
    assert.doesNotMatch((await run("FETCH 2 BODY[]")).text, /FLAGS/, "it was seen already");
    const changes = await mailbox.changesSince(view.modseq);
    assert.deepEqual(
      changes.changed.map(({ uid, flags }) => [uid, flags.system]),
      [
        [1, 1],
        [2, 1],
      ],
    );
    assert.equal(
      view.news(changes, { mayExpunge: true, enabled: { condstore: false, qresync: false, utf8: false, rev2: false } })
        .lines,
      "",
      "told already",
    );
  });

  it("with CONDSTORE flags that changed come with their modification sequence", async () => {
    const { run } = await scene([simple], { enabled: { condstore: true } });
    assert.match((await run("FETCH 1 RFC822.TEXT")).text, / FLAGS \(\\Seen \\Recent\) MODSEQ \(3\)\)\r\n$/);
  });

  it("nothing is marked in a mailbox that is open for reading only", async () => {
    const { run, mailbox } = await scene([simple], { how: "read-only" });
    assert.doesNotMatch((await run("FETCH 1 BODY[]")).text, /FLAGS/);
    assert.equal((await mailbox.changesSince(2)).changed.length, 0);
  });

  it("CHANGEDSINCE leaves out what did not change, VANISHED tells what went", async () => {
    const { run, mailbox } = await scene([crlf(simple), simple, simple], {
      enabled: { condstore: true, qresync: true },
    });
    const flags = { system: 4, keywords: [] };
    const before = mailbox.opened.highestModseq;
    await mailbox.store([{ first: 2, last: 2 }], { change: "add", flags, unchangedSince: null });
    const { text } = await run(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${before})`);
    assert.equal(text, `* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (${before + 1}))\r\n`);
  });

  it("VANISHED names what went before the mailbox was selected, not what is still numbered", async () => {
    const { run, mail } = await scene([], {});
    assert.equal((await run("UID FETCH 1:* FLAGS")).text, "", "O-40: an empty mailbox");
    for (let at = 0; at < 5; at++) mail.deliver("INBOX", simple);
    const opened = await mail.open("INBOX", "read-write");
    if ("refused" in opened) return assert.fail();
    await opened.remove([{ first: 2, last: 3 }]);
    const again = await mail.open("INBOX", "read-write");
    if ("refused" in again) return assert.fail();
    const view = new View(again.opened);
    await again.remove([{ first: 5, last: 5 }]);
    const context: SelectedContext = {
      tag: "a",
      mail,
      enabled: { condstore: true, qresync: true, utf8: false, rev2: false },
      now: 0,
      selected: { name: "INBOX", mailbox: again, view, keywords: noKeywords(), searches: new Map() },
    };
    const lines: string[] = [];
    const answer = fetch(parse("UID FETCH 1:* (UID) (CHANGEDSINCE 1 VANISHED)"), context);
    for (let step = await answer.next(); ; step = await answer.next()) {
      if (step.done === true) {
        assert.equal(step.value.code, "EXPUNGEISSUED");
        break;
      }
      lines.push((await octetsOf(step.value)).toString());
    }
    assert.match(lines.join(""), /^\* VANISHED \(EARLIER\) 2:3\r\n\* 1 FETCH \(UID 1 MODSEQ \(\d+\)\)\r\n\* 2 FETCH/);
  });

  it("a number that is not there is BAD, and VANISHED needs QRESYNC", async () => {
    const { run } = await scene([crlf(simple)]);
    assert.equal((await run("FETCH 2 FLAGS")).completion.status, "BAD");
    assert.equal((await run("UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)")).completion.status, "BAD");
  });
});

describe("a message with UTF-8 in its header", () => {
  const utf8 = (text: string) => Buffer.from(text).toString("latin1");
  const message = utf8("From: Jörg <jörg@bücher.test>\nTo: Anna <a@b.test>\nSubject: Grüße\nX-Note: für\n\nkäse\n");

  it("comes as it is to clients that know of it", async () => {
    const text = await fetched(message, "(BODY.PEEK[] ENVELOPE)", { enabled: { utf8: true } });
    assert.ok(text.includes(crlf(message)));
    assert.ok(text.includes(`{${utf8("Grüße").length}}\r\n${utf8("Grüße")}`), text);
  });

  it("comes as a surrogate to others, everywhere the same (RFC 6858)", async () => {
    const { run } = await scene([crlf(message)]);
    const { text } = await run("FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[])");
    const [head = "", rest = ""] = text.split(utf8("käse"));
    assert.doesNotMatch(head + rest, /[\x80-\xff]/);
    assert.match(text, /"invalid" "internationalized-address\.invalid"/);
    assert.match(text, /"=\?utf-8\?B\?R3LDvMOfZQ==\?=" \(\(/);
    assert.doesNotMatch(text, /X-Note/);
    const [size = "", size2 = ""] = [...text.matchAll(/BODY\[(?:HEADER|)\] \{(\d+)\}/g)].map(([, size]) => size);
    assert.equal(Number(size2) - Number(size), crlf(utf8("käse\n")).length);
    assert.equal((await run("FETCH 1 BODY.PEEK[]<0.20>")).text.includes(" {20}"), true);
  });

  it("also one that is not in memory, and when only the envelope is asked for", async () => {
    const change = (mailbox: OpenMailbox): OpenMailbox => ({
      ...mailbox,
      async *rows(uids, want) {
        for await (const rows of mailbox.rows(uids, want))
          yield rows.map((row) => ({ ...row, content: null, parts: null }));
      },
      content: async (uid) => {
        const content = await mailbox.content(uid);
        return content === null ? null : { ...content, bytes: null };
      },
    });
    const { run } = await scene([crlf(message)], { change });
    assert.doesNotMatch((await run("FETCH 1 ENVELOPE")).text, /[\x80-\xff]/);
    assert.match((await run("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]")).text, /Subject: =\?utf-8\?B\?/);
  });

  it("octets that are no UTF-8 stay: nothing better is known of them", async () => {
    const text = await fetched("Subject: Gr\xfc\xdfe\n\nx\n", "(ENVELOPE BODY.PEEK[HEADER])");
    assert.match(text, /\{5\}\r\nGr\xfc\xdfe/);
  });
});
