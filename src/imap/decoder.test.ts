import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Piece } from "./command.ts";
import { CommandDecoder, type Limits } from "./decoder.ts";
import { messageTarget } from "./literal.ts";

const limits: Limits = { argumentOctets: 100, messageOctets: 200, discardOctets: 400 };

/** What a driver that takes everything makes of the octets, in short words. */
function readAll(chunks: readonly Buffer[], refuse = /$^/): string[] {
  const decoder = new CommandDecoder();
  const said: string[] = [];
  let message: Buffer[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let received = decoder.next(limits); received !== null; received = decoder.next(limits)) {
      switch (received.is) {
        case "command":
          said.push(received.pieces.map(show).join(""));
          break;
        case "literal": {
          const isRefused = refuse.test(received.pieces.map(show).join(""));
          said.push(isRefused ? "no" : received.isSynchronising ? "+" : "begins");
          if (isRefused) decoder.refuse();
          else decoder.accept();
          break;
        }
        case "octets":
          message.push(received.octets);
          if (!received.isLast) break;
          decoder.keep({ elsewhere: Buffer.concat(message).toString("latin1") } as never);
          message = [];
          break;
        case "refused":
          said.push(`${received.tag} ${received.completion.status} ${received.completion.text}`);
          break;
        case "hopeless":
          said.push(`BYE ${received.text}`);
          break;
        default:
          received satisfies never;
      }
    }
  }
  if (decoder.isInside) said.push("…");
  return said;
}

function show(piece: Piece): string {
  if (Buffer.isBuffer(piece)) return piece.toString("latin1");
  const tilde = piece.isBinary ? "~" : "";
  if (Buffer.isBuffer(piece.octets)) return `${tilde}<${piece.octets.toString("latin1")}>`;
  return `${tilde}<<${piece.octets.elsewhere as unknown as string}>>`;
}

const latin1 = (text: string) => Buffer.from(text, "latin1");
const inTwo = (octets: Buffer) =>
  Array.from({ length: octets.length + 1 }, (_, at) => [octets.subarray(0, at), octets.subarray(at)]);
const singly = (octets: Buffer) => Array.from(octets, (_, at) => octets.subarray(at, at + 1));

const x = (count: number) => "x".repeat(count);
const long = "The command is longer than 100 octets";

const table: [string, string[]][] = [
  ["a NOOP\r\n", ["a NOOP"]],
  ["a NOOP\r\nb NOOP\r\nc", ["a NOOP", "b NOOP", "…"]],
  // Deviation from RFC 9051 §2.2: a bare LF ends a line as well.
  ["a NOOP\nb LOGIN {1+}\nx y\n", ["a NOOP", "b LOGIN <x> y"]],
  ["\r\n", [""]],
  ["a\rb\r\n", ["a\rb"]],
  ["a \xff\0\r\n", ["a \xff\0"]],
  // Field case O-43.
  ["A1 LOGIN {16+}\r\nanna@example.com {4+}\r\npa55\r\n", ["A1 LOGIN <anna@example.com> <pa55>"]],
  ["A3 LOGIN anna {4}\r\npa55\r\n", ["+", "A3 LOGIN anna <pa55>"]],
  ["A4 LOGIN {+4}\r\n", ["A4 LOGIN {+4}"]],
  ["a LOGIN {6+}\r\na\r\nb {}\r\n", ["a LOGIN <a\r\nb {>}"]],
  ["a X {0}\r\n\r\n", ["+", "a X <>"]],
  ["a X {0+}\r\n{0+}\r\n\r\n", ["a X <><>"]],
  ["a X ~{3+}\r\na\0b c\r\n", ["a X ~<a\0b> c"]],
  ["a X {03+}\r\nabc\r\n", ["a X <abc>"]],
  ["a X {3} \r\n", ["a X {3} "]],
  ["a X {-3}\r\n", ["a X {-3}"]],
  ["a X {}\r\n", ["a X {}"]],
  ["a X {999999999999999999999}\r\n", ["a X {999999999999999999999}"]],
  // Messages are passed on while they come, whatever else is in the command.
  ["a APPEND x {3}\r\nabc\r\n", ["+", "a APPEND x <<abc>>"]],
  ["a APPEND {1+}\r\nx (\\Seen) {3+}\r\nabc\r\n", ["begins", "a APPEND <x> (\\Seen) <<abc>>"]],
  ["a append x ~{3+}\r\na\0c {0}\r\n\r\n", ["begins", "+", "a append x ~<<a\0c>> <<>>"]],
  ['a UID REPLACE 4 "x y" {1+}\r\nb\r\n', ["begins", 'a UID REPLACE 4 "x y" <<b>>']],
  [
    "a APPEND x CATENATE (URL {2}\r\n/u TEXT {1+}\r\nm url {2+}\r\n/v)\r\n",
    ["+", "begins", "a APPEND x CATENATE (URL </u> TEXT <<m>> url </v>)"],
  ],
  ["a APPEND {1}\r\nx\r\n", ["+", "a APPEND <x>"]],
  ["a APPENDX x {1+}\r\ny\r\n", ["a APPENDX x <y>"]],
  [`a APPEND x {200+}\r\n${x(200)}\r\n`, ["begins", `a APPEND x <<${x(200)}>>`]],
  // Beyond its limit: refused before it is read, when the client asks …
  ["a X {96}\r\nb NOOP\r\n", [`a BAD ${long}`, "b NOOP"]],
  [
    "a APPEND x {201}\r\nb NOOP\r\n",
    ["a NO The message of 201 octets is larger than the 200 that are taken", "b NOOP"],
  ],
  ["a X {99999999999999999999}\r\nb NOOP\r\n", [`a BAD ${long}`, "b NOOP"]],
  // … thrown away up to a bound, when it does not; never read as commands.
  [`a X {130+}\r\n${"b NOOP\r\n".repeat(16)}xx y\r\nc NOOP\r\n`, [`a BAD ${long}`, "c NOOP"]],
  [
    `a APPEND x {201+}\r\n${x(201)} {3+}\r\nb c {1}\r\nd NOOP\r\n`,
    ["a NO The message of 201 octets is larger than the 200 that are taken", "d NOOP"],
  ],
  ["a X {401+}\r\nb NOOP\r\n", ["BYE More than 400 octets of a refused command"]],
  [`a X {200+}\r\n${x(200)} {200+}\r\nb NOOP\r\n`, [`a BAD ${long}`, "BYE More than 400 octets of a refused command"]],
  // All arguments together are bounded.
  [`a ${x(40)} {20+}\r\n${x(20)} {20+}\r\n${x(20)} ${x(30)}\r\nb NOOP\r\n`, [`a BAD ${long}`, "b NOOP"]],
  [`a ${x(96)}\r\n`, [`a ${x(96)}`]],
  [`a ${x(97)}\r\nb NOOP\r\n`, [`a BAD ${long}`, "b NOOP"]],
  [`a ${x(150)} {9+}\r\nb NOOP\r\n\r\nc NOOP\r\n`, [`a BAD ${long}`, "c NOOP"]],
  [`a ${x(150)} {9}\r\nb NOOP\r\n`, [`a BAD ${long}`, "b NOOP"]],
  [`a ${x(600)}\r\nb NOOP\r\n`, [`a BAD ${long}`, "BYE More than 400 octets of a refused command"]],
  [`${x(300)} NOOP\r\nb NOOP\r\n`, [`null BAD ${long}`, "b NOOP"]],
];

describe("commands, whole, cut in two at every place, and octet by octet", () => {
  for (const [text, wanted] of table) {
    it(JSON.stringify(text.slice(0, 80)), () => {
      const octets = latin1(text);
      for (const chunks of [[octets], ...inTwo(octets), singly(octets)]) assert.deepEqual(readAll(chunks), wanted);
    });
  }
});

describe("a literal that nobody wants", () => {
  const refused: [string, string[]][] = [
    ["a APPEND no {3}\r\nb NOOP\r\n", ["no", "b NOOP"]],
    ["a APPEND no {3+}\r\nabc (\\Seen) {8+}\r\nb NOOP\r\n\r\nc NOOP\r\n", ["no", "c NOOP"]],
    ["a APPEND no {0+}\r\n\r\nc NOOP\r\n", ["no", "c NOOP"]],
    ["a LOGIN no {3}\r\nb NOOP\r\n", ["no", "b NOOP"]],
  ];
  for (const [text, wanted] of refused) {
    it(JSON.stringify(text), () => {
      const octets = latin1(text);
      for (const chunks of [[octets], ...inTwo(octets), singly(octets)]) {
        assert.deepEqual(readAll(chunks, / no /), wanted);
      }
    });
  }

  it("can be refused when half of it was read", () => {
    const decoder = new CommandDecoder();
    decoder.push(latin1("a APPEND x {10}\r\nabcd"));
    assert.equal(decoder.next(limits)?.is, "literal");
    decoder.accept();
    assert.equal(decoder.next(limits)?.is, "octets");
    decoder.refuse();
    decoder.push(latin1("efghij\r\nb NOOP\r\n"));
    const next = decoder.next(limits);
    assert.deepEqual(next?.is === "command" ? next.pieces.map(show) : next, ["b NOOP"]);
  });
});

it("waits for an answer to what it announced", () => {
  const decoder = new CommandDecoder();
  decoder.push(latin1("a APPEND x {1}\r\ny\r\n"));
  assert.equal(decoder.next(limits)?.is, "literal");
  assert.equal(decoder.next(limits), null);
  decoder.accept();
  assert.deepEqual(decoder.next(limits), { is: "octets", octets: latin1("y"), isLast: true });
  assert.throws(() => decoder.next(limits), /nobody said where it is/);
});

it("gives lines that are no commands, and what comes after them", () => {
  const decoder = new CommandDecoder();
  decoder.push(latin1("DO"));
  assert.equal(decoder.nextLine(100), null);
  decoder.push(latin1("NE\r\n{5+}\r\nb NOOP\r\nrest"));
  assert.deepEqual(decoder.nextLine(100), latin1("DONE"));
  assert.deepEqual(decoder.nextLine(100), latin1("{5+}"));
  const next = decoder.next(limits);
  assert.deepEqual(next?.is === "command" ? next.pieces.map(show) : next, ["b NOOP"]);
  assert.deepEqual(decoder.takeRest(), latin1("rest"));
  decoder.push(latin1(x(101)));
  assert.equal(decoder.nextLine(100), "too-long");
  assert.equal(decoder.next(limits), null);
});

it("tells where a message is to go before it comes", () => {
  const target = (text: string) => messageTarget([latin1(text)]);
  assert.deepEqual(target('a APPEND "x y" (\\Seen) '), { tag: "a", mailbox: latin1("x y") });
  assert.deepEqual(target("a UID REPLACE 5 x "), { tag: "a", mailbox: latin1("x") });
  for (const other of ["a APPEND ", "a APPEND x", "a LOGIN x ", "APPEND x ", "a UID APPEND", ""]) {
    assert.equal(target(other), null, other);
  }
});

it("gives the same however the octets are cut", () => {
  const pieces = fc.constantFrom(
    "\r\n",
    "\r",
    "\n",
    " ",
    "a NOOP\r\n",
    "a APPEND x ",
    "URL ",
    "{3+}\r\n",
    "{3}\r\n",
    "~{12+}\r\n",
    "{0+}\r\n",
    "{150+}\r\n",
    "{250}\r\n",
    "{500+}\r\n",
    "{",
    x(40),
    "\xff",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 16 }), fc.array(fc.nat(1_000), { maxLength: 6 }), (parts, at) => {
      const octets = latin1(parts.join(""));
      const places = [0, ...at.map((place) => place % (octets.length + 1)).toSorted((a, b) => a - b), octets.length];
      const chunks = places.slice(1).map((place, index) => octets.subarray(places[index], place));
      assert.deepEqual(readAll(chunks), readAll([octets]));
    }),
    { numRuns: 2_000 },
  );
});
