import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { joinPattern, matchesPattern } from "./list-pattern.ts";

it("matches as RFC 9051 §6.3.9 says", () => {
  const table: [string, string, boolean][] = [
    ["*", "a/b/c", true],
    ["%", "a", true],
    ["%", "a/b", false],
    ["", "", true],
    ["", "a", false],
    ["%/%", "a/b", true],
    ["%/%", "a/b/c", false],
    ["a/%", "a/", true],
    ["*test4", "x/test3/test4", true],
    ["%3/%4", "x3/test4", true],
    ["%t*4", "a/test4", false],
    ["%t*4", "t/test4", true],
    ["*/%/c", "a/b/b/c", true],
    ["a*b%c", "a/b/bc", true],
    ["a*b%c", "a/b/b/c", false],
    ["%%", "a", true],
    ["INBOX", "INBOX", true],
    ["inbox/x", "INBOX/x", false],
    [".", "a", false],
  ];
  for (const [pattern, name, wanted] of table)
    assert.equal(matchesPattern(pattern, name), wanted, `${pattern} ${name}`);
});

it("finds INBOX in any case, below a reference too (field case O-45)", () => {
  assert.equal(joinPattern("", "inbox"), "INBOX");
  assert.equal(joinPattern("In", "box/%"), "INBOX/%");
  assert.equal(joinPattern("", "inbox*"), "inbox*");
  assert.equal(joinPattern("a/", "inbox"), "a/inbox");
});

it("agrees with a matcher that tries everything", () => {
  const word = (letters: string, maxLength: number) =>
    fc.array(fc.constantFrom(...Array.from(letters)), { maxLength }).map((all) => all.join(""));
  fc.assert(
    fc.property(word("ab/*%", 9), word("ab/", 10), (pattern, name) => {
      assert.equal(matchesPattern(pattern, name), slow(pattern, name));
    }),
    { numRuns: 20_000 },
  );
});

function slow(pattern: string, name: string): boolean {
  const [first] = pattern;
  if (first === undefined) return name === "";
  const rest = pattern.slice(1);
  if (first !== "*" && first !== "%") return name[0] === first && slow(rest, name.slice(1));
  for (let taken = 0; taken <= name.length; taken++) {
    if (slow(rest, name.slice(taken))) return true;
    if (first === "%" && name[taken] === "/") return false;
  }
  return false;
}

it("does not take long for a pattern of many wildcards", () => {
  const began = performance.now();
  for (const wild of ["*a", "%a", "*%a", "*a%b"]) {
    assert.equal(matchesPattern(`${wild.repeat(500)}c`, "a".repeat(1_000)), false);
    assert.equal(matchesPattern(`${wild.repeat(500)}c`, "a/".repeat(500)), false);
  }
  assert.ok(performance.now() - began < 2_000);
});
