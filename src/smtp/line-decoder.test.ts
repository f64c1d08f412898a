import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type Line, LineDecoder, maxAuthLine, maxCommandLine } from "./line-decoder.ts";

const said = (line: Line) => (line.flaw === null ? line.text : `!${line.flaw}`);

function readAll(chunks: readonly Buffer[], maxOctets?: number): string[] {
  const decoder = new LineDecoder();
  const lines: string[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let line = decoder.next(maxOctets); line !== null; line = decoder.next(maxOctets)) lines.push(said(line));
    assert.ok(decoder.size <= (maxOctets ?? maxCommandLine), "holds more than one line");
  }
  return lines;
}

const cuts = (bytes: Buffer) =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
const octets = (bytes: Buffer) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

const table: [string, string[]][] = [
  ["NOOP\r\n", ["NOOP"]],
  ["\r\n", [""]],
  ["EHLO a\r\nMAIL FROM:<>\r\nRCPT", ["EHLO a", "MAIL FROM:<>"]],
  // Only CRLF ends a line: what follows a bare LF is never a command of its own.
  ["NOOP\nRSET\r\nQUIT\r\n", ["!bare-lf", "QUIT"]],
  ["\nRSET\r\nQUIT\r\n", ["!bare-lf", "QUIT"]],
  ["a\r\n\nRSET\r\nQUIT\r\n", ["a", "!bare-lf", "QUIT"]],
  ["a\nb\nc\nd", ["!bare-lf"]],
  ["NOOP\rRSET\r\nQUIT\r\n", ["!bare-cr", "QUIT"]],
  ["NOOP\r\r\nQUIT\r\n", ["!bare-cr", "QUIT"]],
  ["a\n\r\r\nQUIT\r\n", ["!bare-lf", "QUIT"]],
  ["a\r", []],
  ["NO\0OP\r\nQUIT\r\n", ["!nul", "QUIT"]],
  ["EHLO b\xc3\xbcro\r\n", ["EHLO büro"]],
  ["EHLO b\xfcro\r\nQUIT\r\n", ["!not-utf8", "QUIT"]],
  // Overlong forms and surrogates are no UTF-8.
  ["a\xc0\xaf\r\nb\xed\xa0\x80\r\n", ["!not-utf8", "!not-utf8"]],
  [`${"x".repeat(maxCommandLine - 2)}\r\nQUIT\r\n`, ["x".repeat(maxCommandLine - 2), "QUIT"]],
  [`${"x".repeat(maxCommandLine - 1)}\r\nQUIT\r\n`, ["!too-long", "QUIT"]],
  [`${"x".repeat(3 * maxCommandLine)}\nRSET\r\nQUIT\r\n`, ["!too-long", "QUIT"]],
];

describe("LineDecoder", () => {
  for (const [input, lines] of table) {
    const bytes = Buffer.from(input, "latin1");
    it(`reads ${JSON.stringify(input.slice(0, 40))} under every cut`, () => {
      assert.deepEqual(readAll([bytes]), lines);
      assert.deepEqual(readAll(octets(bytes)), lines);
      const step = bytes.length > 500 ? 97 : 1;
      for (const [at, cut] of cuts(bytes).entries()) if (at % step === 0) assert.deepEqual(readAll(cut), lines);
    });
  }

  it("tells ASCII from the rest and keeps the octets of an odd EHLO", () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from("a\r\n\u00e9\r\n"));
    assert.deepEqual(decoder.next(), { flaw: null, text: "a", isAscii: true });
    assert.deepEqual(decoder.next(), { flaw: null, text: "\u00e9", isAscii: false });
    decoder.push(Buffer.from("EHLO \xe9\r\n", "latin1"));
    assert.deepEqual(decoder.next(), { flaw: "not-utf8", text: "EHLO \u00e9" });
  });

  it("takes a longer line where the caller says so", () => {
    const answer = `${"A".repeat(maxAuthLine - 2)}\r\n`;
    assert.deepEqual(readAll([Buffer.from(answer)], maxAuthLine), [answer.trimEnd()]);
    assert.deepEqual(readAll([Buffer.from(`A${answer}`)], maxAuthLine), ["!too-long"]);
  });

  it("hands over what it has not read, once", () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from("DATA\r\nSubject: t\r\n"));
    assert.equal(said(decoder.next() ?? assert.fail()), "DATA");
    assert.equal(decoder.takeRest().toString(), "Subject: t\r\n");
    assert.equal(decoder.size, 0);
    assert.equal(decoder.takeRest().length, 0);
    assert.equal(decoder.next(), null);
  });

  it("forgets the half of a bad line together with the rest", () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from("STARTTLS\nMAIL"));
    assert.equal(said(decoder.next() ?? assert.fail()), "!bare-lf");
    decoder.takeRest();
    decoder.push(Buffer.from("NOOP\r\n"));
    assert.equal(said(decoder.next() ?? assert.fail()), "NOOP");
  });

  it("skips octets unseen, whatever they hold, under every cut (field case O-11)", () => {
    const bytes = Buffer.from("BDAT 14 LAST\r\nRSET\r\nVRFY x\r\nHELP\r\n");
    for (const cut of cuts(bytes)) {
      const decoder = new LineDecoder();
      const lines: string[] = [];
      for (const chunk of cut) {
        decoder.push(chunk);
        for (let line = decoder.next(); line !== null; line = decoder.next()) {
          lines.push(said(line));
          if (said(line).startsWith("BDAT")) decoder.skip(14);
        }
      }
      assert.deepEqual(lines, ["BDAT 14 LAST", "HELP"]);
    }
  });

  it("does not take the end of what it skipped for the start of a line end", () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from("a\r\nQUIT\r\n"));
    decoder.skip(2);
    assert.equal(said(decoder.next() ?? assert.fail()), "!bare-lf");
  });

  it("does not keep a large chunk alive for half a line", () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.concat([Buffer.alloc(60_000, "x\r\n"), Buffer.from("MA")]));
    while (decoder.next() !== null);
    assert.equal(decoder.takeRest().buffer.byteLength, 2);
  });

  it("gives the same lines however the bytes are cut, and holds little", () => {
    const pieces = fc.constantFrom("\r\n", "\r", "\n", "\0", "NOOP", "é", "\xff", "x".repeat(700), " ", "<a@b>");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), fc.array(fc.nat(3_000), { maxLength: 6 }), (parts, at) => {
        const bytes = Buffer.from(parts.join(""), "latin1");
        const places = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        assert.deepEqual(readAll(chunks), readAll([bytes]));
      }),
      { numRuns: 2_000 },
    );
  });
});
