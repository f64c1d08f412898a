import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

const good: readonly (readonly [string, number])[] = [
  ["30s", 30_000],
  ["5 min", 300_000],
  ["4h", 14_400_000],
  ["1 h 30 min", 5_400_000],
  ["1h30min", 5_400_000],
  ["5 days", 432_000_000],
  ["1 day", 86_400_000],
  ["250ms", 250],
  ["0 s", 0],
  [" 2 hours ", 7_200_000],
];

const bad = [
  "",
  " ",
  "5",
  "5x",
  "5 M",
  "-5 s",
  "1.5 h",
  "5  min",
  "min",
  "5 min 3",
  "5 min,",
  "1e3 s",
  "5 MIN",
  "999999 days",
];

test("durations as people write them", () => {
  for (const [text, length] of good) assert.equal(parseDuration(text), length, text);
});

test("anything else is refused, never guessed", () => {
  for (const text of bad) assert.equal(typeof parseDuration(text), "object", JSON.stringify(text));
});

test("what is printed is read as the same length", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000_000_000_000 }), (length) => {
      assert.equal(parseDuration(formatDuration(length)), length);
    }),
  );
});

test("no text makes the parser throw", () => {
  const pieces = fc.array(fc.constantFrom("1", "99", " ", "min", "h", "s", "x", "-", "\u0000", "é"), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const read = parseDuration(parts.join(""));
      assert.ok(typeof read === "object" || read >= 0);
    }),
  );
});
