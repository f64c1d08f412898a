import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandDecoder, type Limits } from "./decoder.ts";
import { type Parsed, parseCommand } from "./parse.ts";
import type { Syntax } from "./syntax.ts";

const limits: Limits = { argumentOctets: 65_536, messageOctets: 1_000_000, discardOctets: 100_000 };
const oldNames: Syntax = { isUtf8: false };

/** What the octets of one command say. Messages are kept in memory. */
function parse(text: string | Buffer, syntax: Syntax = oldNames): Parsed {
  const decoder = new CommandDecoder();
  decoder.push(Buffer.concat([typeof text === "string" ? Buffer.from(text) : text, Buffer.from("\r\n")]));
  for (let received = decoder.next(limits); received !== null; received = decoder.next(limits)) {
    if (received.is === "command") return parseCommand(received.pieces, syntax);
    if (received.is === "literal") decoder.accept();
    else if (received.is === "octets") decoder.keep(elsewhere(received.octets));
    else assert.fail(JSON.stringify(received));
  }
  return assert.fail("no command");
}

const elsewhere = (octets: Buffer) => ({ elsewhere: octets.toString("latin1") }) as never;

/** The command without its name, as text that is short to write. */
function show(text: string | Buffer, syntax?: Syntax): string {
  const parsed = parse(text, syntax);
  if ("refused" in parsed) {
    const { status, code, text: reason } = parsed.refused;
    return `${status}${code === undefined ? "" : ` [${code.slice(0, 30)}]`} ${reason}`;
  }
  const { name, ...rest } = parsed.command;
  return `${name}${brief(rest)}`;
}

/** Objects without their braces and quotes, sets as they are written, null and false left out. */
function brief(value: unknown): string {
  if (value instanceof Map) return brief(Object.fromEntries(value));
  if (Buffer.isBuffer(value)) return `<${value.toString("latin1")}>`;
  if (Array.isArray(value)) return `[${value.map(brief).join(",")}]`;
  if (typeof value !== "object" || value === null) return `${value as string}`;
  const { from, to } = value as { from?: unknown; to?: unknown };
  if (from !== undefined && to !== undefined) return from === to ? brief(from) : `${brief(from)}:${brief(to)}`;
  return Object.entries(value)
    .filter(([, one]) => one !== false && one !== null)
    .map(([key, one]) => ` ${key}=${brief(one)}`)
    .join("");
}

function rows(name: string, table: readonly (readonly [string, string, Syntax?])[]): void {
  describe(name, () => {
    for (const [text, wanted, syntax] of table) {
      it(`${JSON.stringify(text.slice(0, 90))} → ${wanted.slice(0, 60)}`, () =>
        assert.equal(show(text, syntax), wanted));
    }
  });
}

rows("what every command has", [
  ["a NOOP", "NOOP"],
  ["a nOoP  ", "NOOP"],
  ["a noop x", 'BAD Expected the end of the command, not "x"'],
  ["a", "BAD A command is missing behind the tag"],
  ["a ", "BAD A command is missing behind the tag"],
  ["", "BAD A command begins with a tag"],
  [" NOOP", "BAD A command begins with a tag"],
  ["* NOOP", "BAD A command begins with a tag"],
  ["a+ NOOP", "BAD A command begins with a tag"],
  ["a]b-1 CHECK", "CHECK"],
  [`${"a".repeat(257)} NOOP`, "BAD A command begins with a tag"],
  ["a XYZZY 1", 'BAD "XYZZY" is no command that is known here'],
  ["a constructor", 'BAD "CONSTRUCTOR" is no command that is known here'],
  ["a UID NOOP", 'BAD "UID NOOP" is no command that is known here'],
  ["a UID", "BAD Expected a blank and a command, not the end"],
  ["a \u017fTORE 1 FLAGS x", 'BAD Expected a command, not "\\u{17f}TORE 1 FLAGS x"'],
  ["a NOOP\r", 'BAD Expected the end of the command, not "\\u{d}"'],
  ["a NOOP {1+}\r\nx", "BAD Expected the end of the command, not a literal"],
]);

it("says the tag also of what it refuses, when there is one", () => {
  assert.equal(parse("a7 XYZZY").tag, "a7");
  assert.equal(parse("{").tag, null);
});
