import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { each, formatNumberSet, largestOf, numbersOf, parseNumbers, parseNumberSet } from "./number-set.ts";

it("reads sets as RFC 9051 §9 writes them", () => {
  const good = ["1", "*", "$", "1:3", "3:1", "*:4", "4:*", "*:*", "1,2,3", "2:4,7,9:*", "4294967295"];
  for (const text of good) assert.notEqual(parseNumberSet(text), null, text);
  assert.deepEqual(parseNumberSet("7,4:*,2:2"), [
    { from: 7, to: 7 },
    { from: 4, to: "*" },
    { from: 2, to: 2 },
  ]);
  const bad = [
    "",
    "0",
    "01",
    "-1",
    "1:",
    ":1",
    "1:2:3",
    "1,",
    ",1",
    "1,,2",
    "a",
    "1 2",
    "$,1",
    "**",
    "4294967296",
    "1.5",
  ];
  for (const text of bad) assert.equal(parseNumberSet(text), null, text);
});

it("reads known numbers without * and $", () => {
  assert.deepEqual(parseNumbers("1:3"), [{ from: 1, to: 3 }]);
  for (const text of ["*", "1:*", "$", ""]) assert.equal(parseNumbers(text), null, text);
});

it("reads back the sets that it writes", () => {
  const end = fc.oneof(fc.integer({ min: 1, max: 0xffff_ffff }), fc.constant("*" as const));
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: end, to: end }, { noNullPrototype: true }), { minLength: 1, maxLength: 8 }),
      (set) => {
        assert.deepEqual(parseNumberSet(formatNumberSet(set)), set);
      },
    ),
    { numRuns: 300 },
  );
  assert.equal(formatNumberSet("$"), "$");
});

it("makes runs of ascending numbers, and numbers of runs", () => {
  assert.deepEqual(numbersOf([]), []);
  assert.deepEqual(numbersOf([1, 2, 3, 7, 9, 10]), [
    { first: 1, last: 3 },
    { first: 7, last: 7 },
    { first: 9, last: 10 },
  ]);
  assert.deepEqual([...each(numbersOf([1, 2, 5]))], [1, 2, 5]);
  assert.equal(largestOf(numbersOf([1, 2, 5])), 5);
  assert.equal(largestOf([]), 0);
});
