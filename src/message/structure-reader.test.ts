import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeParts, encodeParts, placesBelow } from "./parts.ts";
import { StructureReader } from "./structure-reader.ts";
import type { Part, PartPlace } from "./structure.ts";

function structureOf(octets: Buffer, cut = octets.length): Part {
  const reader = new StructureReader();
  for (let at = 0; at < octets.length; at += cut) reader.push(Buffer.from(octets.subarray(at, at + cut)));
  return reader.finish();
}

/** Types, lines and octets of the parts, with what is in them. */
function shown(part: Part, octets: Buffer): unknown[] {
  const { mediaType } = part.header;
  const body = octets.toString("latin1", part.bodyStart, part.end);
  const name = part.isOpaque ? "opaque" : `${mediaType.type}/${mediaType.subtype}`;
  return part.holds === "octets"
    ? [name, part.lines, body]
    : [name, part.lines, ...part.parts.map((inner) => shown(inner, octets))];
}

const table: Record<string, [message: string, structure: unknown[]]> = {
  "no octets": ["", ["text/plain", 0, ""]],
  "a header alone": ["Subject: x\n", ["text/plain", 0, ""]],
  "a blank line alone": ["\nhello\nyou", ["text/plain", 2, "hello\nyou"]],
  "a line of the header that is no field": ["From a@b Mon\nContent-Type: text/html\n\nx\n", ["text/html", 1, "x\n"]],
  "O-52: delimiters stand alone on their line": [
    `Content-Type: multipart/mixed; boundary=q9

preamble
--q9
Content-Type: text/plain

see the mark --q9 in this line
--q9x is not one
--q9--more is not one either
last line without empty line behind
--q9   \t
Content-Type: text/plain

two
--q9--
epilogue
`,
    [
      "multipart/mixed",
      0,
      [
        "text/plain",
        4,
        "see the mark --q9 in this line\n--q9x is not one\n--q9--more is not one either\nlast line without empty line behind",
      ],
      ["text/plain", 1, "two"],
    ],
  ],
  "a body of a part that is a delimiter at once": [
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--",
    ["multipart/mixed", 0, ["text/plain", 0, ""], ["text/plain", 0, ""]],
  ],
  "the end comes before the closing delimiter": [
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n",
    ["multipart/mixed", 0, ["text/plain", 1, "one\n"]],
  ],
  "the delimiter of one around ends what is inside": [
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--a\n\ntwo\n--b\nno part\n--a--\n",
    ["multipart/mixed", 0, ["multipart/mixed", 0, ["text/plain", 1, "one"]], ["text/plain", 3, "two\n--b\nno part"]],
  ],
  "one inside with the same boundary": [
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a--\n--a\n\ntwo\n--a--\n",
    ["multipart/mixed", 0, ["multipart/mixed", 0, ["text/plain", 1, "one"]], ["text/plain", 1, "two"]],
  ],
  "a boundary that is another with dashes": [
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a--\n\n--a--\n\none\n--a----\n--a--\n",
    ["multipart/mixed", 0, ["multipart/mixed", 0, ["text/plain", 1, "one"]]],
  ],
  "no parts": ["Content-Type: multipart/mixed; boundary=b\n\nnothing\n", ["multipart/mixed", 0, ["text/plain", 0, ""]]],
  "no boundary": ["Content-Type: multipart/mixed\n\n--\n\nx\n", ["multipart/mixed", 0, ["text/plain", 0, ""]]],
  "an empty boundary": [
    'Content-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n',
    ["multipart/mixed", 0, ["text/plain", 0, ""]],
  ],
  "a boundary that is too long": [
    `Content-Type: multipart/mixed; boundary=${"x".repeat(251)}\n\n--${"x".repeat(251)}\n\nx`,
    ["multipart/mixed", 0, ["text/plain", 0, ""]],
  ],
  "a boundary that is folded": [
    'Content-Type: multipart/mixed; boundary="foo\n bar"\n\n--foo bar\n\nx\n--foo bar--',
    ["multipart/mixed", 0, ["text/plain", 1, "x"]],
  ],
  "a multipart that ends where its part ends": [
    "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--a--\n",
    ["multipart/mixed", 0, ["message/rfc822", 6, ["multipart/mixed", 0, ["text/plain", 1, "one"]]]],
  ],
  "a message in a message, and its lines": [
    "Content-Type: message/rfc822\n\nSubject: x\n\none\ntwo",
    ["message/rfc822", 4, ["text/plain", 2, "one\ntwo"]],
  ],
  "a digest": [
    "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--",
    ["multipart/digest", 0, ["message/rfc822", 3, ["text/plain", 1, "one"]], ["text/plain", 1, "two"]],
  ],
  "a message that ends before it begins": [
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n--b\nContent-Type: message/rfc822\n--b--",
    ["multipart/mixed", 0, ["message/rfc822", 0, ["text/plain", 0, ""]], ["message/rfc822", 0, ["text/plain", 0, ""]]],
  ],
  "a message that is encoded is not looked into": [
    "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n",
    ["opaque", 0, "U3ViamVjdDogeA==\n"],
  ],
  "a multipart that says it is encoded is not": [
    "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nx\n--b--",
    ["multipart/mixed", 0, ["text/plain", 1, "x"]],
  ],
};

describe("the structure of a message", () => {
  for (const [name, [message, structure]] of Object.entries(table)) {
    for (const lineEnd of ["\n", "\r\n"]) {
      it(`${name}, lines that end with ${JSON.stringify(lineEnd)}`, () => {
        const octets = Buffer.from(message.replaceAll("\n", lineEnd), "latin1");
        const wanted = JSON.stringify(structure).replaceAll(String.raw`\n`, JSON.stringify(lineEnd).slice(1, -1));
        for (const cut of [octets.length || 1, 1, 2, 3, 5, 7, 11, 64])
          assert.equal(JSON.stringify(shown(structureOf(octets, cut), octets)), wanted, `cut ${cut}`);
      });
    }
  }

  it("comes back from its text", () => {
    for (const [message] of Object.values(table)) {
      const octets = Buffer.from(message, "latin1");
      const text = encodeParts(structureOf(octets));
      assert.equal(encodeParts(decodeParts(text)), text);
      const withField = placesBelow(decodeParts(text), 9);
      assert.equal(withField.start, 0);
      assert.equal(withField.end, octets.length + 9);
      assert.equal(
        encodeParts(withField).replace(/^0\.(\d+)/, (_, header) => `0.${Number(header) - 9}`),
        text,
      );
    }
  });
});

/** Feeds the pieces without joining them first; the processor time of the longest push in milliseconds. */
function feed(pieces: Iterable<string>): { readonly message: Part; readonly longestMs: number } {
  const reader = new StructureReader();
  let longestMs = 0;
  const timed = <T>(work: () => T): T => {
    const begun = process.cpuUsage();
    const done = work();
    const { user, system } = process.cpuUsage(begun);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    return done;
  };
  for (const piece of pieces) {
    const octets = Buffer.from(piece, "latin1");
    timed(() => reader.push(octets));
  }
  const message = timed(() => reader.finish());
  return { message, longestMs };
}

function* repeated(piece: string, times: number, before = ""): Generator<string> {
  yield before;
  const perPush = Math.ceil(65_536 / piece.length);
  for (let left = times; left > 0; left -= perPush) yield piece.repeat(Math.min(left, perPush));
}

function deepest(part: PartPlace): number {
  return part.parts.reduce((most, inner) => Math.max(most, 1 + deepest(inner)), 0);
}

function count(part: PartPlace): number {
  return part.parts.reduce((sum, inner) => sum + count(inner), 1);
}

describe("O-54: a structure that the sender chooses", () => {
  const hostile: Record<string, [pieces: () => Iterable<string>, deep: number, parts: number]> = {
    "100,000 messages in one another": [() => repeated("Content-Type: message/rfc822\r\n\r\n", 100_000), 100, 101],
    "2,000 multiparts in one another": [
      () =>
        Array.from(
          { length: 2_000 },
          (_, at) => `--b${at - 1}\r\nContent-Type: multipart/mixed; boundary=b${at}\r\n\r\n`,
        ),
      100,
      101,
    ],
    "2,000,000 empty parts side by side": [
      () => repeated("--a\r\n\r\n", 2_000_000, "Content-Type: multipart/mixed; boundary=a\r\n\r\n"),
      1,
      10_000,
    ],
    "a field of 30 MB": [() => repeated("x".repeat(1000), 30_000, "Subject: "), 0, 1],
    "a header of 9 MB in short lines": [() => repeated("X: y\r\n", 1_500_000), 0, 1],
    "a header of lines that are no fields": [() => repeated("xy\r\n", 300_000), 0, 1],
    "many large headers": [
      () =>
        repeated(`--a\r\nX: ${"x".repeat(200_000)}\r\n\r\n`, 100, "Content-Type: multipart/mixed; boundary=a\r\n\r\n"),
      1,
      22,
    ],
    "lines that look like delimiters": [
      () => repeated("\r\n--a ", 300_000, "Content-Type: multipart/mixed; boundary=aa\r\n\r\n"),
      1,
      2,
    ],
    "blanks behind what looks like one": [
      () => repeated(`\r\n--a${" ".repeat(990)}x`, 5_000, "Content-Type: multipart/mixed; boundary=a\r\n\r\n"),
      1,
      2,
    ],
    "50,000 parentheses": [() => repeated("(", 50_000, "From: "), 0, 1],
    "a type of parentheses": [() => repeated("(", 200_000, "Content-Type: "), 0, 1],
    "100,000 parameters": [() => repeated(";a*0*=b", 36_000, "Content-Type: text/plain"), 0, 1],
  };
  for (const [name, [pieces, deep, parts]] of Object.entries(hostile)) {
    it(name, () => {
      const { message, longestMs } = feed(pieces());
      assert.equal(deepest(message), deep);
      assert.equal(count(message), parts);
      assert.ok(longestMs < 200, `${longestMs} ms for one piece`);
    });
  }

  it("a header that does not end is not kept", () => {
    const reader = new StructureReader();
    const chunk = Buffer.alloc(65_536, "x");
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 500; at++) reader.push(chunk);
    const kept = process.memoryUsage().arrayBuffers - before;
    assert.ok(kept < 8_000_000, `${kept} octets`);
    assert.equal(reader.finish().end, 500 * chunk.length);
  });

  it("a header beyond its bound ends where it ends, under every cut", () => {
    const long = Buffer.from(`X: ${"x".repeat(262_144 + 1_000 - 5)}\r\n\r\none\r\n`, "latin1");
    for (const first of [long.length - 8, long.length - 7, long.length - 6, long.length - 5]) {
      const reader = new StructureReader();
      reader.push(long.subarray(0, first));
      reader.push(long.subarray(first));
      assert.equal(encodeParts(reader.finish()), encodeParts(structureOf(long)), `cut ${first}`);
    }
    const header = `Subject: x\r\nX: ${"x".repeat(262_100)}\r\n`;
    for (const more of ["", "Y: y\r\n", `Z: ${"z".repeat(2_000)}\r\n`, "y".repeat(40)]) {
      const octets = Buffer.from(`${header}${more}${more === "" ? "" : "\r\n".repeat(1)}\r\none\r\n`, "latin1");
      const whole = encodeParts(structureOf(octets));
      for (const cut of [65_536, 1_000, 777]) assert.equal(encodeParts(structureOf(octets, cut)), whole);
    }
  });
});
