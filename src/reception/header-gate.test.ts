import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Account } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import { checkSenders, HeaderCollector } from "./header-gate.ts";

/** How many octets are taken until the header counts as whole; null: it never does. */
function wholeAfter(text: string, step: number): number | null {
  const octets = Buffer.from(text, "latin1");
  const collector = new HeaderCollector();
  for (let at = 0; at < octets.length; at += step) {
    if (collector.add(octets.subarray(at, at + step))) return Math.min(octets.length, at + step);
  }
  return null;
}

describe("the end of a header", () => {
  for (const [what, text, end] of [
    ["a blank line", "A: b\r\n\r\nbody", 8],
    ["a blank line at once", "\r\nbody", 2],
    ["no blank line", "A: b\r\nC: d\r\n", null],
    ["a short first line is none", "A:\r\nFrom: x\r\n\r\nbody", 15],
    ["a folded first line is none", "A\r\n b\r\n\r\nbody", 9],
    ["a line end in the second place is none", "\n\r\n x\r\n\r\n", 9],
  ] as const) {
    test(`${what}, octet by octet`, () => assert.equal(wholeAfter(text, 1), end));
    test(`${what}, in twos and threes`, () => {
      for (const step of [2, 3]) {
        const expected = end === null ? null : Math.min(text.length, Math.ceil(end / step) * step);
        assert.equal(wholeAfter(text, step), expected);
      }
    });
  }
});

describe("From and Sender of an account that may write as itself only", () => {
  const account = { senders: "own" } as Account;
  const directory = {
    ownsSender: (_account, { localPart }) => localPart === "anna",
  } as Partial<Directory> as Directory;
  const check = (header: string) => checkSenders(Buffer.from(header, "latin1"), account, directory);
  const forged = "From: boss@example.test\r\n\r\n";

  test("its own pass, also where the message has no header or a line that is no field", () => {
    for (const header of [
      "From: anna@example.test\r\nSender: anna@example.test\r\n\r\nFrom: boss@example.test\r\n",
      "\r\nFrom: boss@example.test\r\n",
      "just a line of text\r\n",
      "Subject: x\r\nno field\r\n\r\nFrom: boss@example.test\r\n",
    ]) {
      assert.equal(check(header), null, header);
    }
  });

  test("a forged one is refused wherever some reader may find it", () => {
    for (const [where, header] of [
      ["alone", forged],
      ["behind its own", `From: anna@example.test\r\n${forged}`],
      ["behind a line that is no field", `no field\r\n${forged}`],
      ["behind a very long name", `${"x".repeat(300)}: y\r\n${forged}`],
      ["behind more fields than we follow", `${"a:\r\n".repeat(10_001)}${forged}`],
      ["behind more octets than we look at", `X: ${"x".repeat(260_000)}\r\n ${"x".repeat(10_000)}`],
      ["with a blank before its colon", `no field\r\nsender : boss@example.test\r\n\r\n`],
    ] as const) {
      assert.equal(check(header)?.code, 550, where);
    }
  });
});
