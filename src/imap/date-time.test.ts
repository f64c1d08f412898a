import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { formatDateTime, parseDateTime, parseDay } from "./date-time.ts";

const at = (text: string) => Date.parse(text);

it("reads date and time (field case O-41)", () => {
  const table: [string, number | null][] = [
    [" 7-Apr-2026 09:05:01 +0000", at("2026-04-07T09:05:01Z")],
    ["7-Apr-2026 09:05:01 +0000", at("2026-04-07T09:05:01Z")],
    ["07-apr-2026 09:05:01 -0130", at("2026-04-07T10:35:01Z")],
    ["17-JUL-1996 02:44:25 +1400", at("1996-07-16T12:44:25Z")],
    ["31-Dec-2016 23:59:60 +0000", at("2016-12-31T23:59:59Z")],
    ["29-Feb-2024 00:00:00 +0000", at("2024-02-29T00:00:00Z")],
    ["01-Jan-0050 00:00:00 +0000", at("0050-01-01T00:00:00Z")],
    ["31-Feb-2026 09:05:01 +0000", null],
    ["29-Feb-2026 00:00:00 +0000", null],
    ["00-Jan-2026 00:00:00 +0000", null],
    ["01-Foo-2026 00:00:00 +0000", null],
    ["01-Jan-2026 24:00:00 +0000", null],
    ["01-Jan-2026 00:60:00 +0000", null],
    ["01-Jan-2026 00:00:61 +0000", null],
    ["01-Jan-2026 00:00:00 +2400", null],
    ["01-Jan-2026 00:00:00 +0060", null],
    ["01-Jan-2026 00:00:00", null],
    ["01-Jan-26 00:00:00 +0000", null],
    ["  1-Jan-2026 00:00:00 +0000", null],
    ["01-Jan-2026  00:00:00 +0000", null],
    ["", null],
  ];
  for (const [text, wanted] of table) assert.equal(parseDateTime(text), wanted, text);
});

it("writes two columns for the day, and reads back what it writes", () => {
  assert.equal(formatDateTime(at("2026-04-07T09:05:01Z")), '" 7-Apr-2026 09:05:01 +0000"');
  assert.equal(formatDateTime(at("2026-12-31T23:59:59.999Z")), '"31-Dec-2026 23:59:59 +0000"');
  fc.assert(
    fc.property(
      fc.integer({ min: at("0001-01-01T00:00:00Z") / 1_000, max: at("9999-12-31T23:59:59Z") / 1_000 }),
      (seconds) => {
        assert.equal(parseDateTime(formatDateTime(seconds * 1_000).slice(1, -1)), seconds * 1_000);
      },
    ),
    { numRuns: 300 },
  );
});

it("reads the days of a search", () => {
  assert.equal(parseDay("1-Feb-2026"), "2026-02-01");
  assert.equal(parseDay("09-dec-1999"), "1999-12-09");
  for (const text of ["31-Feb-2026", "0-Feb-2026", "1-Feb-26", " 1-Feb-2026", "2026-02-01", ""]) {
    assert.equal(parseDay(text), null, text);
  }
});
