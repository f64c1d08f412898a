import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { decodeXtext, encodeXtext, isXtext } from "./xtext.ts";

describe("xtext", () => {
  const good = ["", "QQ314159", "rfc822", "a+2Bb", "+20", "~!@#"];
  const bad = ["+", "+2", "+2b", "+ZZ", "a=b", "a b", "\x7f", "é", "a+", "+2+B"];
  for (const text of good) it(`takes ${JSON.stringify(text)}`, () => assert.ok(isXtext(text)));
  for (const text of bad) it(`refuses ${JSON.stringify(text)}`, () => assert.ok(!isXtext(text)));

  it("carries any octets", () => {
    const text = fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString("latin1"));
    fc.assert(
      fc.property(text, (value) => {
        assert.ok(isXtext(encodeXtext(value)));
        assert.equal(decodeXtext(encodeXtext(value)), value);
      }),
    );
  });
});
