import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { CommandDecoder } from "./decoder.ts";
import { formatAstring, formatMailboxName, formatNString, formatString } from "./format.ts";
import { parseCommand } from "./parse.ts";

it("quotes where it may, and counts octets where it may not (field case O-46)", () => {
  const table: [string, string, string][] = [
    ["", '""', '""'],
    ["abc", '"abc"', '"abc"'],
    ['draft "A" \\ 2', '"draft \\"A\\" \\\\ 2"', '"draft \\"A\\" \\\\ 2"'],
    ["Prüfung", "{8}\r\nPrüfung", '"Prüfung"'],
    ["a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"],
    ["a\nb", "{3}\r\na\nb", "{3}\r\na\nb"],
    ["a\0b", "{5}\r\na\ufffdb", '"a\ufffdb"'],
    ["\ud800", "{3}\r\n\ufffd", '"\ufffd"'],
    ["x".repeat(1_001), `{1001}\r\n${"x".repeat(1_001)}`, `{1001}\r\n${"x".repeat(1_001)}`],
  ];
  for (const [text, ascii, utf8] of table) {
    assert.equal(formatString(text, false), ascii);
    assert.equal(formatString(text, true), utf8);
  }
  assert.equal(formatNString(null, false), "NIL");
  assert.equal(formatNString("NIL", false), '"NIL"');
});

it("writes an atom only where it is nothing else", () => {
  const table: [string, string][] = [
    ["INBOX", "INBOX"],
    ["a/b.c", "a/b.c"],
    ["", '""'],
    ["nil", '"nil"'],
    ["a b", '"a b"'],
    ["a%", '"a%"'],
    ["~x", '"~x"'],
    ["#news", '"#news"'],
    ["+x", '"+x"'],
    ["(", '"("'],
  ];
  for (const [text, wanted] of table) assert.equal(formatAstring(text, false), wanted);
  assert.equal(formatMailboxName("Entwürfe", false), "Entw&APw-rfe");
  assert.equal(formatMailboxName("Entwürfe", true), '"Entwürfe"');
  assert.equal(formatMailboxName("A & B", false), '"A &- B"');
});

it("writes what the grammar reads back", () => {
  const limits = { argumentOctets: 65_536, messageOctets: 0, discardOctets: 0 };
  const text = fc.string({ unit: anyCharacter, maxLength: 30 }).map((one) => one.replaceAll("\0", ""));
  fc.assert(
    fc.property(text, fc.boolean(), (password, isUtf8) => {
      const decoder = new CommandDecoder();
      decoder.push(Buffer.from(`a LOGIN ${formatAstring(password, isUtf8)} ${formatString(password, isUtf8)}\r\n`));
      let next = decoder.next(limits);
      for (; next?.is === "literal"; next = decoder.next(limits)) decoder.accept();
      assert.equal(next?.is, "command");
      assert.deepEqual(parseCommand(next?.is === "command" ? next.pieces : [], { isUtf8 }), {
        tag: "a",
        command: { name: "LOGIN", login: password.toWellFormed(), password: password.toWellFormed() },
      });
    }),
    { numRuns: 1_000 },
  );
});
