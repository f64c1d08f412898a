import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { saslprep } from "./saslprep.ts";

describe("SASLprep", () => {
  for (const [what, input, output] of [
    ["RFC 4013 §3 example 1: a soft hyphen is mapped to nothing", "I\u00adX", "IX"],
    ["RFC 4013 §3 example 2: nothing to do", "user", "user"],
    ["RFC 4013 §3 example 3: case is kept", "USER", "USER"],
    ["RFC 4013 §3 example 4: NFKC", "\u00aa", "a"],
    ["RFC 4013 §3 example 5: NFKC of a Roman numeral", "\u2168", "IX"],
    ["other spaces become a space", "a\u00a0b\u3000c", "a b c"],
    ["one letter, composed or not", "Mu\u0308ller", "M\u00fcller"],
    ["right-to-left text alone", "\u0627\u0644\u0628", "\u0627\u0644\u0628"],
    ["right-to-left text with digits inside", "\u06271\u0628", "\u06271\u0628"],
    ["an emoji that is newer than Unicode 3.2", "\u{1f511}", "\u{1f511}"],
    ["the escape of a joiner", "a\u200db", "ab"],
  ] as const) {
    test(what, () => assert.equal(saslprep(input), output));
  }

  for (const [what, input, because] of [
    ["RFC 4013 §3 example 6: a prohibited character", "\u0007", /prohibits/],
    ["RFC 4013 §3 example 7: a bidirectional check", "\u06271", /mixes/],
    ["letters of both directions", "\u0627a\u0628", /mixes/],
    ["nothing", "", /empty/],
    ["nothing but what is mapped to nothing", "\u00ad\ufeff", /nothing is left/],
    ["a NUL", "a\0b", /prohibits/],
    ["private use", "\ue000", /prohibits/],
    ["not a character", "\ufdd0", /prohibits/],
    ["a lone surrogate", "a\ud800", /prohibits/],
    ["a change of direction", "a\u202eb", /prohibits/],
    ["a replacement character", "\ufffd", /prohibits/],
    ["a tag", "\u{e0041}", /prohibits/],
    ["too much", "x".repeat(1025), /longer/],
  ] as const) {
    test(`refused: ${what}`, () => {
      const prepared = saslprep(input);
      assert.ok(typeof prepared === "object", "should have been refused");
      assert.match(prepared.refused, because);
    });
  }

  test("preparing twice is preparing once, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: anyCharacter }), fc.string({ unit: "grapheme" })), (text) => {
        const once = saslprep(text);
        if (typeof once === "string") assert.equal(saslprep(once), once);
      }),
      { numRuns: 2000 },
    );
  });
});
