import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { constantReply, formatReply } from "./reply.ts";

describe("formatReply", () => {
  const table: [Parameters<typeof formatReply>[0], string][] = [
    [{ code: 250, status: "2.1.0", lines: ["Ok"] }, "250 2.1.0 Ok\r\n"],
    // RFC 2034 §4: the status stands on every line.
    [{ code: 550, status: "5.7.1", lines: ["No", "Never"] }, "550-5.7.1 No\r\n550 5.7.1 Never\r\n"],
    [{ code: 250, status: null, lines: ["mx.test", "SIZE 0", "DSN"] }, "250-mx.test\r\n250-SIZE 0\r\n250 DSN\r\n"],
    // RFC 4954 §4: an empty challenge is "334 " with its blank.
    [{ code: 334, status: null, lines: [""] }, "334 \r\n"],
    // Nothing gets out of its line.
    [{ code: 451, status: "4.3.0", lines: ["a\r\n250 ok\0\u{1f4a9}é"] }, "451 4.3.0 a??250 ok???\r\n"],
  ];
  for (const [reply, text] of table) it(JSON.stringify(text), () => assert.equal(formatReply(reply), text));

  it("says a constant as it says any other", () => {
    const constant = constantReply(250, "2.0.0", "one", "two");
    assert.equal(formatReply(constant), formatReply({ ...constant }));
  });

  it("writes one reply whatever its text is", () => {
    const line = fc.string({ unit: anyCharacter });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const text = formatReply({ code: 550, status: "5.0.0", lines });
        assert.match(text, /^(550-5\.0\.0 [\x20-\x7e]*\r\n)*550 5\.0\.0 [\x20-\x7e]*\r\n$/);
        assert.equal(text.split("\r\n").length - 1, lines.length);
      }),
      { numRuns: 300 },
    );
  });
});
