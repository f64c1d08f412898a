import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatLocalPart, needsUtf8, readLocalPart } from "./local-part.ts";

const read = (text: string, allowsUtf8 = false): unknown => {
  const local = readLocalPart(text, 0, { allowsUtf8 });
  return "refused" in local ? null : [local.value, text.slice(local.end)];
};

describe("readLocalPart", () => {
  const accepted: [string, string, string][] = [
    ["bob@x", "bob", "@x"],
    ["a.b.c>", "a.b.c", ">"],
    ["!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~", ""],
    ['"Ann Lee"@x', "Ann Lee", "@x"],
    ['"a\\"b>c"@x', 'a"b>c', "@x"], // O-18
    ['"bob@victim.test x"@x', "bob@victim.test x", "@x"], // O-02
    ['"\\b\\o\\\\b"@x', "bo\\b", "@x"],
    ['""@x', "", "@x"],
    ['"a..b."@x', "a..b.", "@x"],
    ['ab"c"d@x', "ab", '"c"d@x'],
    ["a@b@c", "a", "@b@c"],
    ["x".repeat(64), "x".repeat(64), ""],
    [`"${"x".repeat(62)}"`, "x".repeat(62), ""],
  ];
  for (const [text, value, rest] of accepted) it(`takes ${text}`, () => assert.deepEqual(read(text), [value, rest]));

  const refused = [
    "",
    "@x",
    ".a@x",
    "a.@x",
    "a..b@x",
    " a@x",
    "(a)b@x",
    '"a@x',
    '"a\\',
    '"a\\"',
    '"a\tb"@x',
    '"a\0b"@x',
  ];
  for (const text of [
    ...refused,
    '"a\u007fb"@x',
    '"a\\\u007f"@x',
    "\0",
    "x".repeat(65),
    `"${"x".repeat(63)}"`,
    `"${"\\x".repeat(32)}"`,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(read(text, true), null));
  }

  it("takes UTF-8 only when allowed, and says so", () => {
    for (const text of ["jürgen@x", '"jür gen"@x', "例え@x", "\u{1f600}@x"]) {
      assert.equal(readLocalPart(text, 0, { allowsUtf8: false }), needsUtf8);
      assert.ok(read(text, true));
    }
  });
  it("counts octets of UTF-8, not characters", () => {
    assert.ok(read(`${"ü".repeat(32)}@x`, true));
    assert.equal(read(`${"ü".repeat(32)}a@x`, true), null);
    assert.ok(read(`${"\u{1f600}".repeat(16)}@x`, true));
    assert.equal(read(`${"\u{1f600}".repeat(17)}@x`, true), null);
  });
  it("refuses what decoding left of broken bytes, and C1 controls", () => {
    for (const text of ["a\ufffdb", "a\ud800b", "\udc00", "a\u009bb", '"\u0080"', '"\\ü"'])
      assert.equal(read(text, true), null);
  });
  it("begins where it is told", () => {
    const local = readLocalPart("RCPT TO:<bob@x>", 9, { allowsUtf8: false });
    assert.deepEqual(local, { value: "bob", isQuoted: false, octets: 3, end: 12 });
  });
});

describe("formatLocalPart", () => {
  const written: [string, string][] = [
    ["bob", "bob"],
    ["a.b", "a.b"],
    ["jürgen", "jürgen"],
    ["", '""'],
    ["Ann Lee", '"Ann Lee"'],
    ["a..b", '"a..b"'],
    [".a", '".a"'],
    ["a.", '"a."'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["u@victim", '"u@victim"'],
  ];
  for (const [value, text] of written) it(`writes ${text}`, () => assert.equal(formatLocalPart(value), text));

  it("writes what is read back as the same value, never longer than it came", () => {
    const piece = fc.constantFrom(..."ab.@ <>()\\\"'%!".split(""), "\\\\", '\\"', "ü", "\u{1f600}", "\0");
    const text = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(""));
    let taken = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((inside) => `"${inside}"`),
        ),
        (t) => {
          const local = readLocalPart(t, 0, { allowsUtf8: true });
          if ("refused" in local) return;
          taken++;
          const again = formatLocalPart(local.value);
          assert.ok(again.length <= local.end);
          assert.deepEqual(read(again, true), [local.value, ""]);
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(taken > 200, `${taken} taken`);
  });
});
