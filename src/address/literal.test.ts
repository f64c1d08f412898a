import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatLiteral, parseLiteral } from "./literal.ts";

describe("an address literal", () => {
  const accepted: [string, string][] = [
    ["[192.0.2.1]", "[192.0.2.1]"],
    ["[IPv6:2001:DB8::7]", "[IPv6:2001:db8::7]"],
    ["[ipv6:::1]", "[IPv6:::1]"],
    ["[IPV6:2001:db8:0:0:0:0:0:7]", "[IPv6:2001:db8::7]"],
    ["[IPv6:::ffff:10.1.2.3]", "[10.1.2.3]"],
    ["[X400:c=de/a=x]", "[x400:c=de/a=x]"],
    ["[future-tag:~!9]", "[future-tag:~!9]"],
  ];
  for (const [text, canonical] of accepted) {
    it(`takes ${text}`, () => {
      const literal = parseLiteral(text);
      assert.ok(!("refused" in literal));
      assert.equal(formatLiteral(literal), canonical);
      assert.deepEqual(parseLiteral(canonical), literal);
    });
  }

  const refused =
    `[] [ [192.0.2.1 192.0.2.1] [192.0.2] [192.0.2.256] [192.0.2.010] [0x7f.0.0.1] [167838211] [2001:db8::1] [::1]
    [IPv6:] [IPv6:192.0.2.1] [IPv6:fe80::1%eth0] [IPv6:2001:db8::g] [tag:] [:x] [tag-:x] [t.ag:x] [tag:a[b] [tag:a]b] [tag:a\\b]
    [localhost] [192.0.2.1:25] [fe80::1%eth0] [[192.0.2.1]] [tag:é] [tag:${"x".repeat(255)}]`.split(/\s+/);
  for (const text of ["", "[ 192.0.2.1]", "[192.0.2.1 ]", "[tag:a b]", "[tag:a\0]", ...refused]) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.ok("refused" in parseLiteral(text)));
  }

  it("reads any text without throwing, and reads its own text back", () => {
    const piece = fc.constantFrom(..."[]:%.0129afIPv- ".split(""), "IPv6:", "::", "192.0.2.1", "tag:", "\0", "é");
    const inside = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(inside, (text) => {
        const literal = parseLiteral(`[${text}]`);
        if (!("refused" in literal)) assert.deepEqual(parseLiteral(formatLiteral(literal)), literal);
      }),
      { numRuns: 2000 },
    );
  });
});
