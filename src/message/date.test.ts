import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { formatDate, parseDate } from "./date.ts";

test("formats in UTC with four-digit zone", () => {
  assert.equal(formatDate(Date.UTC(2026, 10, 5, 3, 4, 9)), "Thu, 05 Nov 2026 03:04:09 +0000");
});

for (const [text, expected] of [
  ["Fri, 21 Nov 1997 09:55:06 -0600", Date.UTC(1997, 10, 21, 15, 55, 6)],
  ["1 Apr 26 9:00 GMT", null],
  ["1 Apr 26 09:00 GMT", Date.UTC(2026, 3, 1, 9)],
  ["1 Apr 99 09:00:60 EST", Date.UTC(1999, 3, 1, 14, 1)],
  ["Mon, 1 apr 2026 09:00 +0130", Date.UTC(2026, 3, 1, 7, 30)],
  ["31 Feb 2026 09:00 +0000", null],
  ["31 Feb 2026", null],
  ["", null],
] as const) {
  test(`reads ${JSON.stringify(text)}`, () => assert.equal(parseDate(text), expected));
}

test("what is written is read back, and nothing throws", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (second) => {
      assert.equal(parseDate(formatDate(second * 1000)), second * 1000);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => void parseDate(text)));
});
