import assert from "node:assert/strict";
import { parseDateTime, parseDay } from "../../src/imap/date-time.ts";
import { CommandDecoder } from "../../src/imap/decoder.ts";
import { formatAstring, formatString } from "../../src/imap/format.ts";
import { matchesPattern } from "../../src/imap/list-pattern.ts";
import { decodeModifiedUtf7, encodeModifiedUtf7, mailboxNameFlaw } from "../../src/imap/mailbox-name.ts";
import { formatNumberSet, parseNumberSet } from "../../src/imap/number-set.ts";
import { type Parsed, parseCommand } from "../../src/imap/parse.ts";
import type { Target } from "../../testing/fuzz.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const limits = { argumentOctets: 65_536, messageOctets: 10_000, discardOctets: 20_000 };

/** Everything that comes out of a connection whose driver takes whatever may be taken. */
function read(chunks: readonly Buffer[], isUtf8: boolean): unknown[] {
  const decoder = new CommandDecoder();
  const said: unknown[] = [];
  let message: Buffer[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let received = decoder.next(limits); received !== null; received = decoder.next(limits)) {
      if (received.is === "command") said.push(checked(parseCommand(received.pieces, { isUtf8 })));
      else if (received.is === "literal") decoder.accept();
      else if (received.is === "octets") {
        message.push(received.octets);
        if (!received.isLast) continue;
        decoder.keep({ elsewhere: Buffer.concat(message) } as never);
        message = [];
      } else said.push(received);
    }
  }
  return said;
}

function checked(parsed: Parsed): Parsed {
  if ("refused" in parsed) {
    assert.match(parsed.refused.text, /^[ -~]+$/);
    assert.ok(parsed.refused.text.length < 400);
  }
  return parsed;
}

export const imapTargets: readonly Target[] = [
  {
    name: "IMAP commands",
    seeds: [
      'a1 LOGIN {4+}\r\nanna "p\\"a"\r\na2 NOOP\r\n',
      'a UID FETCH 1:*,$ (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From "To")]<0.100> PREVIEW (LAZY)) (CHANGEDSINCE 5 VANISHED)\r\n',
      "a SEARCH RETURN (MIN SAVE) CHARSET UTF-8 OR SUBJECT {2+}\r\nab NOT (SEEN 1:3 UID 5) SINCE 1-Feb-2026\r\n",
      'a APPEND INBOX (\\Seen) " 7-Apr-2026 09:05:01 +0000" {5+}\r\nhello CATENATE (URL "/x" TEXT {2+}\r\nab) ~{1+}\r\nx\r\n',
      'a LIST (SUBSCRIBED RECURSIVEMATCH) "" ("%" "a/*") RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)\r\n',
      "a SELECT Entw&APw-rfe (QRESYNC (1 2 1:5 (1,2 3,4)) CONDSTORE)\r\n",
      "a UID STORE 1 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Seen x)\r\n",
      "a SORT RETURN (PARTIAL 1:10) (REVERSE DATE SUBJECT) UTF-8 ALL\r\na THREAD REFERENCES UTF-8 TEXT x\r\n",
      "a NOTIFY SET STATUS (SELECTED (MessageNew (UID) MessageExpunge)) (MAILBOXES (a b) NONE)\r\n",
      'a ID ("name" "x" "version" NIL)\r\na AUTHENTICATE PLAIN AGEAYg==\r\na ENABLE CONDSTORE\r\n',
    ],
    words: [
      "(",
      ")",
      "NOT ",
      "OR ",
      "NOT (",
      "{3+}\r\n",
      "{3}\r\n",
      "~{3+}\r\n",
      "{99999999+}\r\n",
      '"',
      "\\",
      "[",
      "]",
      "<0.1>",
      "*",
      "$",
      "1:*,",
      "HEADER.FIELDS (",
      "BODY[1.",
      "RETURN (",
      "\r\na ",
      " a APPEND x ",
      "URL ",
      "TEXT ",
      "&APw-",
      "ü",
    ],
    check(text) {
      const isLarge = text.length > 20_000;
      for (const octets of isLarge ? [Buffer.from(text)] : [latin1(text), Buffer.from(text)]) {
        const middle = octets.length >> 1;
        for (const isUtf8 of isLarge ? [true] : [false, true]) {
          const whole = read([octets], isUtf8);
          assert.deepEqual(read([octets.subarray(0, middle), octets.subarray(middle)], isUtf8), whole);
          if (octets.length < 500) {
            assert.deepEqual(
              read(
                Array.from(octets, (_, at) => octets.subarray(at, at + 1)),
                isUtf8,
              ),
              whole,
            );
          }
        }
      }
      const line = text.replace(/[\r\n]/g, "").slice(0, 60_000);
      for (const start of ["SEARCH ", "FETCH 1 ", "FETCH ", 'LIST "" ', "STORE 1 FLAGS ", "NOTIFY SET ", "APPEND x "]) {
        read([Buffer.from(`a ${start}${line}\r\n`)], false);
      }
    },
  },
  {
    name: "mailbox names and strings of IMAP",
    seeds: ["Entw&APw-rfe/2026", "A &- B", "INBOX/x", "&U,BTFw-/&ZeVnLIqe-"],
    words: ["&", "-", "&-", "&APw-", "&AGE-", "&2D0-", "/", "inbox", "%"],
    check(text) {
      const name = decodeModifiedUtf7(text);
      if (name !== null && !/[^ -~]/.test(text)) assert.equal(decodeModifiedUtf7(encodeModifiedUtf7(name)), name);
      if (text.isWellFormed()) assert.equal(decodeModifiedUtf7(encodeModifiedUtf7(text)), text);
      assert.match(encodeModifiedUtf7(text), /^[ -~]*$/);
      assert.match(mailboxNameFlaw(text) ?? "", /^[ -~]*$/);
      for (const isUtf8 of [false, true]) {
        assert.match(formatAstring(text, isUtf8), /^(?:[^\s"(){%*\\]+|"[^\r\n\0]*"|\{[0-9]+\}\r\n[^\0]*)$/);
        const [, size, octets = ""] = /^\{([0-9]+)\}\r\n([^]*)$/.exec(formatString(text, isUtf8)) ?? [];
        if (size !== undefined) assert.equal(Buffer.byteLength(octets), Number(size));
      }
    },
  },
  {
    name: "patterns of LIST",
    seeds: ["a/*/%b", "%/%", "*a*a*a*a*b"],
    words: ["*", "%", "/", "*a", "%a", "*%"],
    check(text) {
      const plain = text.replace(/[%*]/g, "x");
      assert.ok(matchesPattern(plain, plain));
      assert.ok(matchesPattern("*", text.slice(0, 200)));
      for (const name of ["INBOX", "a/".repeat(100), "a".repeat(200)]) matchesPattern(text, name);
    },
  },
  {
    name: "sets and dates of IMAP",
    seeds: ["1:*,5,7:9", "$", " 7-Apr-2026 09:05:01 +0000", "1-Feb-2026"],
    words: ["1", ":", ",", "*", "$", "4294967295", "-Feb-", " "],
    check(text) {
      const set = parseNumberSet(text);
      if (set !== null) assert.deepEqual(parseNumberSet(formatNumberSet(set)), set);
      const at = parseDateTime(text);
      if (at !== null) assert.ok(Number.isSafeInteger(at));
      const day = parseDay(text);
      if (day !== null) assert.match(day, /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/);
    },
  },
];
