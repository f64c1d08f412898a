import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { displayDomain, parseDomain } from "./domain.ts";

const inPath = (text: string): unknown => parseDomain(text, { where: "path" });
const inDocument = (text: string): unknown => parseDomain(text, { where: "document" });
const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

describe("a domain in a path or document", () => {
  const accepted: [string, string][] = [
    ["example.com", "example.com"],
    ["eXample.COM", "example.com"], // O-05
    ["localhost", "localhost"],
    ["a", "a"],
    ["3com.example", "3com.example"],
    ["1.2.3.example", "1.2.3.example"],
    ["x--y.r3---sn-ab.example", "x--y.r3---sn-ab.example"],
    [`${label63}.example`, `${label63}.example`],
    [name253, name253],
    ["bücher.example", "xn--bcher-kva.example"],
    ["BÜCHER.example", "xn--bcher-kva.example"],
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["XN--BCHER-KVA.Example", "xn--bcher-kva.example"],
    ["bücher.xn--bcher-kva.example", "xn--bcher-kva.xn--bcher-kva.example"],
    ["faß.example", "xn--fa-hia.example"],
    ["ΒΌΛΟΣ.example", "xn--nxasmq6b.example"],
    ["例え.テスト", "xn--r8jz45g.xn--zckzah"],
    ["Ꮻ.example", "xn--bce.example"],
    ["ꮻ.example", "xn--bce.example"],
    ["xn--mgbh0fb.example", "xn--mgbh0fb.example"],
  ];
  for (const [text, ascii] of accepted) {
    it(`takes ${text.slice(0, 40)}`, () => {
      assert.equal(inPath(text), ascii);
      assert.equal(inDocument(text), ascii);
    });
  }

  const refused =
    `. .. .example.com a..b example.com.. ex_ample.com _dmarc.example.com *.example.com -a.example a-.example
    a.-b a.b- a@b a/b a:b #example.com exa%41mple.com 1.2.3.4 167838211 x.123 0x0a01.1 [192.0.2.1] a,b a;b a\\b "a" a>b
    ${label63}a.example ${name253}c xn--.example xn--a.example xn--example.com ab--ü.example -ü.example ü_b.example
    ${"ü".repeat(62)}.example a\u0000b a\u00a0b \u0301a.example a\u200db.example \u0628a.example \u05d0ü1a.example １.２.３.４
    ${"ü".repeat(40)}.${"ü".repeat(40)}.${"ü".repeat(40)}.${"ü".repeat(40)}.${"ü".repeat(40)}.${"ü".repeat(40)}`.split(
      / |\n\s*/,
    );
  for (const text of [
    "",
    "a b",
    "a\tb.example",
    "a\u2028b.example",
    "\ud800.example",
    "a".repeat(100_000),
    ...refused,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      for (const answer of [inPath(text), inDocument(text)]) {
        assert.ok(typeof answer === "object" && answer !== null && "refused" in answer, JSON.stringify(answer));
      }
    });
  }

  it("takes in documents what maps to a name, and in paths only what is one", () => {
    for (const text of ["ｅxample.com", "exam\u00adple.com", "example。com"]) {
      assert.equal(inDocument(text), "example.com");
      assert.equal(typeof inPath(text), "object");
    }
  });
  it("drops blanks around it in documents only", () => {
    assert.equal(inDocument(" example.com\t"), "example.com");
    assert.equal(typeof inPath(" example.com"), "object");
    assert.equal(typeof inPath("example.com "), "object");
  });
  it("drops one trailing dot where told", () => {
    assert.equal(inDocument("example.com."), "example.com");
    assert.equal(typeof inPath("example.com."), "object");
    assert.equal(parseDomain("example.com.", { where: "path", trailingDot: "drop" }), "example.com");
    assert.equal(typeof parseDomain("example.com.", { where: "document", trailingDot: "refuse" }), "object");
    assert.equal(parseDomain(`${name253}.`, { where: "path", trailingDot: "drop" }), name253);
  });
});

describe("displayDomain", () => {
  const shown: [string, string][] = [
    ["xn--bcher-kva.example", "bücher.example"],
    ["example.com", "example.com"],
    ["xn--a.example", "xn--a.example"],
    ["[xn--tag:x]", "[xn--tag:x]"],
  ];
  for (const [ascii, text] of shown) it(`shows ${ascii}`, () => assert.equal(displayDomain(ascii), text));
});

describe("any text", () => {
  const piece = fc.oneof(
    fc.constantFrom(..."abzAZ09-._*@[] ".split(""), "xn--", "ü", "ß", "Σ", "例", "\u0628", "\u200d", "。", "ａ", "1"),
    fc.string({ unit: anyCharacter, maxLength: 2 }),
  );
  const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(""));

  it("gives a name that reads as itself, in lower-case ASCII and within the limits, or a refusal", () => {
    let taken = 0;
    fc.assert(
      fc.property(text, fc.constantFrom("path", "document"), (t, where) => {
        const name = parseDomain(t, { where });
        if (typeof name === "object") return;
        taken++;
        assert.match(
          name,
          /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
        );
        assert.equal(parseDomain(name, { where: "path" }), name);
        assert.equal(parseDomain(displayDomain(name), { where: "path" }), name);
      }),
      { numRuns: 2000 },
    );
    assert.ok(taken > 50, `${taken} taken`);
  });
});
