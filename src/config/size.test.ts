import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatSize, parseSize, roundSize } from "./size.ts";

const good: readonly (readonly [string, number])[] = [
  ["25 MB", 25_000_000],
  ["10 MiB", 10_485_760],
  ["10MiB", 10_485_760],
  ["1 kB", 1_000],
  ["1 KB", 1_000],
  ["1 KiB", 1_024],
  ["0 B", 0],
  ["2 GB", 2_000_000_000],
];

const bad = [
  "",
  "10",
  "10 M",
  "10 mb",
  "1.5 MB",
  "-1 MB",
  "10 MiBs",
  "MB",
  "10  MB",
  "1e3 B",
  "9999999999 B",
  "999999999 TiB",
];

test("sizes as people write them; a MiB is never a MB", () => {
  for (const [text, octets] of good) assert.equal(parseSize(text), octets, text);
});

test("anything else is refused, never guessed", () => {
  for (const text of bad) assert.equal(typeof parseSize(text), "object", JSON.stringify(text));
});

test("what is printed is read as the same amount", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(1, 1_000, 1_024, 1_048_576), (n, unit) => {
      const octets = n * unit;
      const text = formatSize(octets);
      if (/^[0-9]{1,9} /.test(text)) assert.equal(parseSize(text), octets);
    }),
  );
});

test("no text makes the parser throw", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.ok(parseSize(text) !== undefined)));
});

test("about how much", () => {
  assert.equal(roundSize(10_485_761), "10 MB");
  assert.equal(roundSize(1_500), "1.5 kB");
  assert.equal(roundSize(999), "999 B");
});
