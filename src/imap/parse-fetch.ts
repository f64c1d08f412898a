import type { Command, FetchItem, Partial, Section } from "./command.ts";
import { formatAstring } from "./format.ts";
import type { Scanner } from "./scanner.ts";
import { readFlag, readFlagList, readSet } from "./syntax.ts";

const openBracket = "(".charCodeAt(0);
const openSquare = "[".charCodeAt(0);
const less = "<".charCodeAt(0);

/** RFC 9051 §6.4.5. */
export function parseFetch(scanner: Scanner, byUid: boolean): Command {
  scanner.space("a set of numbers");
  const set = readSet(scanner);
  scanner.space("what to fetch");
  const items = readItems(scanner);
  let changedSince: number | null = null;
  let vanished = false;
  if (scanner.more()) {
    // RFC 7162 §3.1.4, §3.2.6.
    scanner.list("modifiers", () => {
      if (scanner.oneOf("CHANGEDSINCE or VANISHED", ["CHANGEDSINCE", "VANISHED"]) === "VANISHED") vanished = true;
      else {
        scanner.space("a modification sequence");
        changedSince = scanner.number63("a modification sequence", 1);
      }
    });
    if (vanished && (!byUid || changedSince === null)) scanner.refuse("VANISHED needs UID FETCH and CHANGEDSINCE");
  }
  return { name: "FETCH", byUid, set, items, changedSince, vanished };
}

const macros: Readonly<Record<string, readonly FetchItem[]>> = {
  ALL: [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }, { item: "ENVELOPE" }],
  FAST: [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }],
  FULL: [{ item: "FLAGS" }, { item: "INTERNALDATE" }, { item: "RFC822.SIZE" }, { item: "ENVELOPE" }, { item: "BODY" }],
};

function readItems(scanner: Scanner): readonly FetchItem[] {
  if (scanner.peek() === openBracket) return readItemList(scanner);
  const word = scanner.peekWord();
  if (Object.hasOwn(macros, word)) {
    scanner.word();
    return macros[word] ?? [];
  }
  const item = readItem(scanner);
  return item === null ? [] : [item];
}

/** In brackets, where no macro may be. */
export function readItemList(scanner: Scanner): FetchItem[] {
  const items: FetchItem[] = [];
  scanner.list("what to fetch", () => {
    const item = readItem(scanner);
    if (item !== null) items.push(item);
  });
  return items;
}

const plainItems = [
  "ENVELOPE",
  "FLAGS",
  "INTERNALDATE",
  "SAVEDATE",
  "UID",
  "MODSEQ",
  "EMAILID",
  "THREADID",
  "RFC822",
  "RFC822.HEADER",
  "RFC822.SIZE",
  "RFC822.TEXT",
  "BODYSTRUCTURE",
] as const;

const allItems = [...plainItems, "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE", "PREVIEW"] as const;

function readItem(scanner: Scanner): FetchItem | null {
  const item = scanner.oneOf("something that can be fetched", allItems);
  switch (item) {
    case null:
      return null;
    case "BODY":
      return scanner.peek() === openSquare ? readBody(scanner, false) : { item };
    case "BODY.PEEK":
      return readBody(scanner, true);
    case "BINARY":
    case "BINARY.PEEK": {
      const part = readBinaryPart(scanner);
      return { item: "BINARY[]", peek: item === "BINARY.PEEK", part, partial: readPartial(scanner) };
    }
    case "BINARY.SIZE":
      return { item: "BINARY.SIZE[]", part: readBinaryPart(scanner) };
    case "PREVIEW":
      return { item, isLazy: readLazy(scanner) };
    default:
      return { item };
  }
}

function readBody(scanner: Scanner, peek: boolean): FetchItem {
  scanner.expect("[");
  const section = readSection(scanner);
  scanner.expect("]");
  return { item: "BODY[]", peek, section, partial: readPartial(scanner) };
}

/** `section-spec`: part numbers, and which text of the part. */
export function readSection(scanner: Scanner): Section {
  const start = scanner.mark();
  const part: number[] = [];
  for (;;) {
    if (!isDigit(scanner.peek())) break;
    part.push(scanner.number("a part number", { least: 1 }));
    if (!scanner.skip(".")) return { part, text: "all", fields: [], label: scanner.since(start) ?? "" };
  }
  const isEmpty = part.length === 0 && scanner.peek() === "]".charCodeAt(0);
  if (isEmpty || scanner.isAtEnd) return { part, text: "all", fields: [], label: "" };
  const text = scanner.oneOf("a section", ["HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "MIME", "TEXT"]) ?? "TEXT";
  // A message has no MIME header beside its header (RFC 9051 §6.4.5.1).
  if (text === "MIME" && part.length === 0) scanner.refuse("MIME needs a part number before it");
  const before = scanner.since(start) ?? "";
  if (text !== "HEADER.FIELDS" && text !== "HEADER.FIELDS.NOT") return { part, text, fields: [], label: before };
  scanner.space("names of fields");
  const fields: string[] = [];
  scanner.list("names of fields", () => fields.push(scanner.text("the name of a field")));
  // As the client wrote it, for some compare (field case O-38); a name that came as a literal is written anew.
  const label = scanner.since(start) ?? `${before} (${fields.map((field) => formatAstring(field, false)).join(" ")})`;
  return { part, text, fields, label };
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}

/** `<from.octets>`; to ask for nothing is an error (field case O-47). */
function readPartial(scanner: Scanner): Partial | null {
  if (scanner.peek() !== less) return null;
  scanner.expect("<");
  const from = scanner.number63("an offset");
  scanner.expect(".");
  const octets = scanner.number63("a number of octets above zero", 1);
  scanner.expect(">");
  return { from, octets };
}

/** RFC 3516 §4.2: only numbers. */
function readBinaryPart(scanner: Scanner): number[] {
  const part: number[] = [];
  scanner.expect("[");
  if (scanner.skip("]")) return part;
  do part.push(scanner.number("a part number", { least: 1 }));
  while (scanner.skip("."));
  scanner.expect("]");
  return part;
}

/** RFC 8970 §3.2. The bracket behind a PREVIEW that stands alone may be that of CHANGEDSINCE. */
function readLazy(scanner: Scanner): boolean {
  const isLazy = scanner.startsWith(" (LAZY)");
  if (isLazy) {
    scanner.blanks();
    scanner.list("LAZY", () => scanner.word());
  }
  return isLazy;
}

/** RFC 9051 §6.4.6, RFC 7162 §3.1.3. */
export function parseStore(scanner: Scanner, byUid: boolean): Command {
  scanner.space("a set of numbers");
  const set = readSet(scanner);
  let unchangedSince: number | null = null;
  scanner.space("FLAGS");
  if (scanner.peek() === openBracket) {
    scanner.list("UNCHANGEDSINCE", () => {
      scanner.oneOf("UNCHANGEDSINCE", ["UNCHANGEDSINCE"]);
      scanner.space("a modification sequence");
      unchangedSince = scanner.number63("a modification sequence");
    });
    scanner.space("FLAGS");
  }
  const change = scanner.skip("+") ? "add" : scanner.skip("-") ? "remove" : "replace";
  const isSilent = scanner.oneOf("FLAGS or FLAGS.SILENT", ["FLAGS", "FLAGS.SILENT"]) === "FLAGS.SILENT";
  scanner.space("flags");
  return { name: "STORE", byUid, set, change, isSilent, flags: readFlags(scanner), unchangedSince };
}

/** A list, or flags without one. */
function readFlags(scanner: Scanner): string[] {
  if (scanner.peek() === openBracket) return readFlagList(scanner);
  const flags: string[] = [];
  do flags.push(readFlag(scanner));
  while (scanner.more());
  return flags;
}
