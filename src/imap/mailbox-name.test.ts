import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import {
  decodeModifiedUtf7,
  encodeModifiedUtf7,
  mailboxNameFlaw,
  readMailboxName,
  writeMailboxName,
} from "./mailbox-name.ts";

it("knows modified UTF-7 (RFC 3501 §5.1.3, field case O-45)", () => {
  const table: [string, string][] = [
    ["Entw&APw-rfe", "Entwürfe"],
    ["A &- B", "A & B"],
    ["&-&-", "&&"],
    ["~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"],
    ["&2D3eAA-", "😀"],
    ["&AAAACQ-", "\0\t"],
    ["", ""],
  ];
  for (const [encoded, name] of table) {
    assert.equal(decodeModifiedUtf7(encoded), name);
    assert.equal(encodeModifiedUtf7(name), encoded);
  }
  // One shift behind the other is odd and says the same.
  assert.equal(decodeModifiedUtf7("&APw-&APw-"), "üü");
  const bad = [
    "bad & name",
    "&",
    "&x-",
    "&APw",
    "&AGE-",
    "&AGEA,A-",
    "&2D0-",
    "&3gA-",
    "&APx-",
    "&AP-",
    "&APw=-",
    "a&A/w-",
  ];
  for (const text of bad) assert.equal(decodeModifiedUtf7(text), null, text);
});

it("reads back the names that it writes, in both forms", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), fc.boolean(), (text, isUtf8) => {
      const name = readMailboxName(text, true) ?? "";
      assert.equal(readMailboxName(writeMailboxName(name, isUtf8), isUtf8), name);
      assert.match(writeMailboxName(name, false), /^[ -~]*$/);
    }),
    { numRuns: 1_000 },
  );
});

it("takes INBOX in any case, alone and above its children, and one form of each character", () => {
  const table: [string, string][] = [
    ["inBox", "INBOX"],
    ["Inbox/Sub", "INBOX/Sub"],
    ["inboxes", "inboxes"],
    ["a/inbox", "a/inbox"],
    ["Entwu\u0308rfe", "Entwürfe"],
  ];
  for (const [text, name] of table) assert.equal(readMailboxName(text, false), name);
  assert.equal(readMailboxName("A & B", true), "A & B");
});

it("says why no mailbox can have a name", () => {
  for (const name of [
    "Sent",
    "a/b",
    "Entwürfe",
    "a b",
    "INBOX/x",
    'a"b\\',
    "x".repeat(255),
    "..",
    "a".padEnd(79, "/a"),
  ]) {
    assert.equal(mailboxNameFlaw(name), null, name);
  }
  for (const name of [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "a\nb",
    "a\0b",
    "a\u2028b",
    "a%",
    "*",
    "x".repeat(256),
    "a".padEnd(81, "/a"),
  ]) {
    assert.match(mailboxNameFlaw(name) ?? "", /^A (mailbox name|level) cannot /, name);
  }
  assert.match(mailboxNameFlaw("a/b".repeat(30).padEnd(1_001, "x")) ?? "", /cannot have more than/);
});
