import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { ContentDecoder, type ContentLimits } from "./content-decoder.ts";

const refuse: ContentLimits = { maxSize: 0, bareLineEnds: "refuse" };
const normalise: ContentLimits = { maxSize: 0, bareLineEnds: "normalise" };

type Read = { content: string; flaw: ContentDecoder["flaw"]; ended: boolean; rest: string | null };

function read(chunks: readonly Buffer[], limits: ContentLimits): Read {
  const decoder = new ContentDecoder(limits);
  let content = "";
  for (const [at, chunk] of chunks.entries()) {
    const { pieces, ended, rest } = decoder.push(chunk);
    content += Buffer.concat(pieces).toString("latin1");
    if (!ended) continue;
    const behind = Buffer.concat([rest ?? assert.fail(), ...chunks.slice(at + 1)]).toString("latin1");
    // What was kept before a flaw showed is nobody's: how much that is depends on the cut.
    return { content: decoder.flaw === null ? content : "", flaw: decoder.flaw, ended, rest: behind };
  }
  return { content: decoder.flaw === null ? content : "", flaw: decoder.flaw, ended: false, rest: null };
}

/** Reads it whole, octet by octet, and cut at each place into two and into three. */
function readUnderEveryCut(input: string, limits: ContentLimits): Read {
  const bytes = Buffer.from(input, "latin1");
  const whole = read([bytes], limits);
  const octets = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  assert.deepEqual(read(octets, limits), whole);
  for (let at = 0; at <= bytes.length; at++) {
    const [first, second] = [bytes.subarray(0, at), bytes.subarray(at)];
    assert.deepEqual(read([first, second], limits), whole, `cut at ${at}`);
    for (let to = at; to <= Math.min(at + 4, bytes.length); to++) {
      const three = [first, bytes.subarray(at, to), bytes.subarray(to)];
      assert.deepEqual(read(three, limits), whole, `cut at ${at} and ${to}`);
    }
  }
  return whole;
}

const good: [string, string, string][] = [
  [".\r\n", "", ""],
  ["a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"],
  ["\r\n.\r\n", "\r\n", ""],
  // RFC 5321 §4.5.2: the first of two dots goes, whatever follows.
  ["..\r\n.\r\n", ".\r\n", ""],
  ["..a\r\n...\r\nb.\r\n.\r\n", ".a\r\n..\r\nb.\r\n", ""],
  [".a\r\n.\r\n", "a\r\n", ""],
  [".\r\n.\r\n", "", ".\r\n"],
  ["a\r\n.\r\n.\r\n", "a\r\n", ".\r\n"],
  [`${"x".repeat(3000)}\r\n.\r\n`, `${"x".repeat(3000)}\r\n`, ""],
  ["\xe9\0\t\r\n.\r\n", "\xe9\0\t\r\n", ""],
];

const smuggled = "MAIL FROM:<ceo@example.com>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\ntwo";
/** Field case O-09 and its kin: what some other server takes for the end. */
const falseEnds = [
  "\n.\r\n",
  "\n.\n",
  "\r.\r",
  "\r.\r\n",
  "\r\n.\n",
  "\r\n.\r",
  "\r\n.\r\r\n",
  "\n.\r\r\n",
  "\r\r\n.\r",
  "\n\n.\r\n",
  "\r\n\0.\n",
  "\r\n.\0\r\n\n",
];

const flags = (input: string) => {
  const decoder = new ContentDecoder(refuse);
  for (const octet of Buffer.from(input, "latin1")) decoder.push(Buffer.from([octet]));
  return [decoder.hasEightBit, decoder.hasNul, decoder.receivedFields];
};

describe("ContentDecoder", () => {
  for (const [input, content, rest] of good) {
    it(`reads ${JSON.stringify(input.slice(0, 30))} under every cut`, () => {
      const bounded =
        input.length > 500 ? read([Buffer.from(input, "latin1")], refuse) : readUnderEveryCut(input, refuse);
      assert.deepEqual(bounded, { content, flaw: null, ended: true, rest });
    });
  }

  for (const end of falseEnds) {
    const input = `Subject: t\r\n\r\none${end}${smuggled}\r\n.\r\nQUIT\r\n`;
    it(`${JSON.stringify(end)} ends nothing: one message refused, no command seen`, () => {
      assert.deepEqual(readUnderEveryCut(input, refuse), {
        content: "",
        flaw: "bare-line-end",
        ended: true,
        rest: "QUIT\r\n",
      });
    });
    it(`${JSON.stringify(end)} ends nothing when it is normalised: one message, no bare line end left`, () => {
      const { content, flaw, rest } = readUnderEveryCut(input, normalise);
      assert.equal(flaw, null);
      assert.equal(rest, "QUIT\r\n");
      assert.ok(content.includes("MAIL FROM:<ceo@example.com>\r\nRCPT"));
      assert.doesNotMatch(content, /\r(?!\n)|(?<!\r)\n/);
    });
  }

  const normalised: [string, string][] = [
    ["a\nb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\rb\r\n.\r\n", "a\r\nb\r\n"],
    ["a\r\r\n.\r\n", "a\r\n\r\n"],
    ["a\n\r\n.\r\n", "a\r\n\r\n"],
    ["a\n.b\n..\n.\r\n\r\n.\r\n", "a\r\n.b\r\n..\r\n.\r\n\r\n"],
    [".\rb\r\n.\r\n", "\r\nb\r\n"],
    [".\nb\r\n.\r\n", "\r\nb\r\n"],
  ];
  for (const [input, content] of normalised) {
    it(`normalises ${JSON.stringify(input)}`, () =>
      assert.deepEqual(readUnderEveryCut(input, normalise), { content, flaw: null, ended: true, rest: "" }));
  }

  it("does not end while the end is not there", () => {
    for (const input of ["", "a", "a\r\n.", "a\r\n.\r", "a\r\n", "."]) {
      assert.equal(readUnderEveryCut(input, refuse).ended, false);
    }
  });

  it("reads a message that is too big to its end and keeps none of it", () => {
    const limits: ContentLimits = { maxSize: 10, bareLineEnds: "refuse" };
    assert.equal(readUnderEveryCut("12345678\r\n.\r\n", limits).flaw, null, "exactly the limit");
    assert.equal(readUnderEveryCut("..345678\r\n.\r\n", limits).flaw, null, "a transparency dot does not count");
    assert.deepEqual(readUnderEveryCut("123456789\r\n.\r\nQUIT\r\n", limits), {
      content: "",
      flaw: "too-large",
      ended: true,
      rest: "QUIT\r\n",
    });
    const decoder = new ContentDecoder(limits);
    decoder.push(Buffer.alloc(100, "x"));
    assert.deepEqual(decoder.push(Buffer.alloc(100, "x")).pieces, []);
    assert.equal(decoder.size, 200);
  });

  it("calls a big message with a bare line end by the line end, however it was cut", () => {
    assert.equal(readUnderEveryCut("123456789012\nx\r\n.\r\n", { ...refuse, maxSize: 10 }).flaw, "bare-line-end");
  });

  it("keeps nothing once a bare line end was seen", () => {
    const decoder = new ContentDecoder(refuse);
    assert.deepEqual(decoder.push(Buffer.from("a\nb")).pieces, []);
    assert.deepEqual(decoder.push(Buffer.from("c\r\nd\r\n")).pieces, []);
  });

  it("hands out slices of the chunk, not copies", () => {
    const chunk = Buffer.from("Subject: t\r\n\r\nbody\r\n");
    const { pieces } = new ContentDecoder(refuse).push(chunk);
    assert.equal(pieces.length, 1);
    assert.equal(pieces[0]?.buffer, chunk.buffer);
  });

  it("tells 8-bit octets, NUL and Received fields", () => {
    assert.deepEqual(flags("Received: a\r\n\r\nx\r\n.\r\n"), [false, false, 1]);
    assert.deepEqual(flags("a\r\n\xe9\r\n.\r\n\0"), [true, false, 0]);
    assert.deepEqual(flags("a\0\r\n.\r\n\xe9"), [false, true, 0]);
  });

  it("undoes what a sender did, cut anyhow", () => {
    const word = fc.constantFrom(".", "..", "\r\n", "\r\n.\r\n", "x", "\0", "\xff", "Received: ", " ");
    const message = fc.array(word, { maxLength: 30 }).map((words) => `${words.join("")}\r\n`);
    const places = fc.array(fc.nat(200), { maxLength: 8 });
    fc.assert(
      fc.property(message, places, fc.string({ maxLength: 5, unit: "binary-ascii" }), (content, at, rest) => {
        const wire = Buffer.from(`${content.replace(/^\./gm, "..")}.\r\n${rest}`, "latin1");
        const sorted = [0, ...at.map((place) => place % (wire.length + 1)).toSorted((a, b) => a - b), wire.length];
        const chunks = sorted.slice(1).map((place, index) => wire.subarray(sorted[index], place));
        assert.deepEqual(read(chunks, refuse), { content, flaw: null, ended: true, rest });
      }),
      { numRuns: 2_000 },
    );
  });

  it("finds the same end as the definition, cut anyhow, in any octets", () => {
    const noise = fc.array(fc.constantFrom("\r", "\n", ".", "\r\n", "a", "\r\n.\r\n"), { maxLength: 20 });
    fc.assert(
      fc.property(noise, fc.nat(30), fc.constantFrom(refuse, normalise), (parts, at, limits) => {
        const input = parts.join("");
        const end = `\r\n${input}`.indexOf("\r\n.\r\n");
        const bytes = Buffer.from(input);
        const { ended, rest } = read([bytes.subarray(0, at), bytes.subarray(at)], limits);
        assert.equal(ended, end >= 0);
        assert.equal(rest, end < 0 ? null : input.slice(end + 3));
      }),
      { numRuns: 2_000 },
    );
  });
});
