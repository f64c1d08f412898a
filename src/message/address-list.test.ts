import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress } from "../address/path.ts";
import { addressesIn } from "./address-list.ts";

const read = (value: string) => {
  const addresses = addressesIn(value);
  return "refused" in addresses ? "refused" : addresses.map(formatAddress);
};

for (const [value, expected] of [
  ["anna@example.com", ["anna@example.com"]],
  ['"Director" <director@example.com>', ["director@example.com"]],
  ["a@example.com, B <b@example.com>", ["a@example.com", "b@example.com"]],
  ["Friends: a@example.com, B <b@example.com>;, c@example.com", ["a@example.com", "b@example.com", "c@example.com"]],
  ["Nobody:;", []],
  // O-53: the comma and the @ are encoded, so they separate nothing.
  ["=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?= <m@example.org>", ["m@example.org"]],
  ['=?UTF-8?Q?a=40victim.test=2C?= <b@example.com>, "x, y" <c@example.com>', ["b@example.com", "c@example.com"]],
  ["a@example.com (b@example.com, \\) (c))", ["a@example.com"]],
  ['"a,b@c" <"d>e"@example.com>', ['"d>e"@example.com']],
  ["<a@example.com> <b@example.com>", "refused"],
  ["a@example.com b@example.com", "refused"],
  ["just a name", "refused"],
  ["<a@example.com", "refused"],
  ['"open <a@example.com>', "refused"],
  ["(open a@example.com", "refused"],
] as const) {
  test(`addresses in ${value}`, () => assert.deepEqual(read(value), expected));
}

test("50,000 open brackets (O-54) and any text are read or refused in bounded work", () => {
  assert.equal(read("(".repeat(50_000)), "refused");
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void addressesIn(text)));
  fc.assert(fc.property(fc.stringMatching(/^[a@<>"(),;:\\ ]{0,60}$/), (text) => void addressesIn(text)));
});
