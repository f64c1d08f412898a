import type { Command, Literal, NewMessage } from "./command.ts";
import { parseDateTime } from "./date-time.ts";
import type { Scanner } from "./scanner.ts";
import { shown } from "./shown.ts";
import { readFlagList, readMailbox, type Syntax } from "./syntax.ts";

const openBracket = "(".charCodeAt(0);
const quote = '"'.charCodeAt(0);

/** RFC 9051 §6.3.12; more than one message: RFC 3502. */
export function parseAppend(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a mailbox name");
  const mailbox = readMailbox(scanner, syntax);
  const messages: NewMessage[] = [];
  scanner.space("a message");
  do messages.push(readMessage(scanner));
  while (scanner.more());
  return { name: "APPEND", mailbox, messages };
}

/** RFC 8508 §3.4. */
export function parseReplace(scanner: Scanner, syntax: Syntax, byUid: boolean): Command {
  scanner.space("a number");
  const number = scanner.skip("*") ? "*" : scanner.number("a number", { least: 1 });
  scanner.space("a mailbox name");
  const mailbox = readMailbox(scanner, syntax);
  scanner.space("a message");
  return { name: "REPLACE", byUid, number, mailbox, message: readMessage(scanner) };
}

function readMessage(scanner: Scanner): NewMessage {
  let flags: readonly string[] = [];
  let internalDate: number | null = null;
  if (scanner.peek() === openBracket) {
    flags = readFlagList(scanner);
    scanner.space("a message");
  }
  if (scanner.peek() === quote) {
    internalDate = readDate(scanner);
    scanner.space("a message");
  }
  const literal = scanner.literal();
  if (literal !== null) {
    return { flags, internalDate, isUtf8: false, pieces: [{ text: literal }], isCatenated: false };
  }
  const form = scanner.oneOf("a message", ["CATENATE", "UTF8"]);
  if (form === "UTF8") {
    return { flags, internalDate, isUtf8: true, pieces: [{ text: readUtf8(scanner) }], isCatenated: false };
  }
  return { flags, internalDate, isUtf8: false, pieces: form === null ? [] : readPieces(scanner), isCatenated: true };
}

function readDate(scanner: Scanner): number | null {
  const text = scanner.decoded(scanner.string("a date"), "a date");
  const date = parseDateTime(text);
  if (date === null) scanner.refuse(`${shown(text)} is no date and time`);
  return date;
}

const empty: Literal = { size: 0, isBinary: false, octets: Buffer.alloc(0) };

/** RFC 6855 §4: the only literal that may hold header fields beyond ASCII. */
function readUtf8(scanner: Scanner): Literal {
  scanner.space('"(" and a literal8');
  scanner.expect("(");
  const literal = scanner.literal();
  if (literal?.isBinary !== true) scanner.expected("a literal8");
  scanner.blanks();
  scanner.expect(")");
  return literal ?? empty;
}

/** RFC 4469 §3. */
function readPieces(scanner: Scanner): NewMessage["pieces"] {
  const pieces: NewMessage["pieces"][number][] = [];
  scanner.space("its parts");
  scanner.list("parts", () => {
    const kind = scanner.oneOf("TEXT or URL", ["TEXT", "URL"]);
    scanner.space("a part");
    if (kind === "URL") pieces.push({ url: scanner.text("a URL") });
    else {
      const text = scanner.literal();
      if (text === null) scanner.expected("a literal");
      else pieces.push({ text });
    }
  });
  return pieces;
}
