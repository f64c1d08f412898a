import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { CrlfMaker } from "./line-ends.ts";

/** Where one message of an mbox file stands: octets of the file, behind its "From " line (RFC 4155). */
export type MboxPlace = {
  readonly start: number;
  readonly end: number;
  /** Of the "From " line, milliseconds since 1970; null: it cannot be read. */
  readonly date: number | null;
};

const longestLine = 1024;
const lf = 10;

/** Finds the messages of a file in one pass; memory is bounded by their number. */
export async function findMessages(path: string): Promise<readonly MboxPlace[]> {
  const finder = new MessageFinder();
  for await (const chunk of createReadStream(path)) finder.push(chunk as Buffer);
  return finder.finish();
}

/**
 * A message begins at a line "From " that ends with a date and has a blank line, or nothing, before it: writers that do not quote
 * such lines inside of messages are not believed to have meant one without.
 */
class MessageFinder {
  readonly #found: MboxPlace[] = [];
  #open: { readonly start: number; readonly date: number | null } | null = null;
  #at = 0;
  #line: Buffer[] = [];
  #lineSize = 0;
  #isAfterBlank = true;

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(lf); end >= 0; end = chunk.indexOf(lf, from)) {
      this.#keep(chunk.subarray(from, end + 1));
      this.#endLine();
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  finish(): readonly MboxPlace[] {
    if (this.#lineSize > 0) this.#endLine();
    this.#close(this.#at);
    return this.#found;
  }

  #keep(piece: Buffer): void {
    if (this.#lineSize < longestLine && piece.length > 0) this.#line.push(piece.subarray(0, longestLine));
    this.#lineSize += piece.length;
  }

  #endLine(): void {
    const isBlank = this.#lineSize <= 2 && /^\r?\n$/.test(this.#lineText());
    const date = this.#isAfterBlank && this.#lineSize < longestLine ? fromLineDate(this.#lineText()) : undefined;
    if (date !== undefined) {
      this.#close(this.#at);
      this.#open = { start: this.#at + this.#lineSize, date };
    }
    this.#at += this.#lineSize;
    this.#isAfterBlank = isBlank;
    this.#line = [];
    this.#lineSize = 0;
  }

  #lineText(): string {
    const [first] = this.#line;
    if (first === undefined) return "";
    return (this.#line.length === 1 ? first : Buffer.concat(this.#line)).toString("latin1");
  }

  #close(end: number): void {
    if (this.#open !== null) this.#found.push({ ...this.#open, end });
    this.#open = null;
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** undefined: no "From " line. Its date is that of asctime, in UTC (RFC 4155), or followed by an offset. */
export function fromLineDate(line: string): number | null | undefined {
  if (!line.startsWith("From ")) return undefined;
  const match =
    /[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) {1,2}(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ([A-Z]{1,5}))?(?: ([+-]\d{4}))? (\d{4})(?: ([+-]\d{4}))?\s*$/.exec(
      line,
    );
  if (match === null) return undefined;
  const [, month = "", day, hour, minute, second = "0", , before, year, behind] = match;
  const index = months.indexOf(month);
  if (index < 0) return null;
  const offset = before ?? behind ?? "+0000";
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  const utc = Date.UTC(Number(year), index, Number(day), Number(hour), Number(minute), Number(second));
  return utc - (offset.startsWith("-") ? -minutes : minutes) * 60_000;
}

export type MboxMessage = { readonly flags: readonly string[]; readonly key: string };

/** Reads a message for its flags and its key; `octetsOf` gives its octets later. */
export async function lookAt(path: string, place: MboxPlace): Promise<MboxMessage> {
  const hash = createHash("sha256");
  let header: string | null = null;
  for await (const piece of unquoted(path, place)) {
    hash.update(header === null ? withoutStatus(piece) : piece);
    // A header that goes on behind the first 64 KiB keeps its flags to itself.
    header ??= piece.toString("latin1").split("\r\n\r\n")[0] ?? "";
  }
  return { flags: flagsIn(header ?? ""), key: hash.digest("base64url") };
}

const letters: Readonly<Record<string, string>> = {
  R: "\\Seen",
  A: "\\Answered",
  F: "\\Flagged",
  T: "\\Draft",
  D: "\\Deleted",
};

/** Status, X-Status and X-Keywords, in which mail programs keep flags in an mbox. */
function flagsIn(header: string): string[] {
  const field = (name: string) =>
    new RegExp(`^${name}:[ \\t]*([^\\r\\n]{0,500})`, "im").exec(header)?.[1]?.trim() ?? "";
  const status = `${field("Status")}${field("X-Status")}`.split("").flatMap((letter) => letters[letter] ?? []);
  const keywords = field("X-Keywords")
    .split(/\s+/)
    .filter((word) => word !== "");
  return [...new Set([...status, ...keywords])];
}

/** Octets with CRLF line ends, ">From " unquoted one step (mboxrd), without the fields and the blank line that the format added. */
export async function* octetsOf(path: string, place: MboxPlace): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const piece of unquoted(path, place)) {
    yield isFirst ? withoutStatus(piece) : piece;
    isFirst = false;
  }
}

/** Flags that a writer put on top of the message (as our own does); among the other fields they are part of it. */
function withoutStatus(first: Buffer): Buffer {
  const fields = /^(?:(?:X-)?Status: [^\r\n]{0,20}\r\n|X-Keywords: [^\r\n]{0,500}\r\n)*/i;
  return first.subarray(fields.exec(first.toString("latin1", 0, 1000))?.[0].length ?? 0);
}

async function* unquoted(path: string, { start, end }: MboxPlace): AsyncGenerator<Buffer> {
  if (end <= start) return;
  const made = new CrlfMaker();
  const unquoter = new Unquoter();
  for await (const chunk of createReadStream(path, { start, end: end - 1 })) {
    const piece = unquoter.push(made.push(chunk as Buffer));
    if (piece.length > 0) yield piece;
  }
  const last = unquoter.finish();
  if (last.length > 0) yield last;
}

/** Takes one ">" from lines ">From ", ">>From ", …; holds back the end until it is known not to be the blank line of the format. */
class Unquoter {
  #held: Buffer = Buffer.alloc(0);
  #isLineStart = true;

  push(piece: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    const pieces: Buffer[] = [];
    let from = 0;
    let lineStart = this.#isLineStart ? 0 : afterLine(bytes, 0);
    while (lineStart < bytes.length) {
      if (bytes[lineStart] === 62 && isQuotedFrom(bytes, lineStart)) {
        pieces.push(bytes.subarray(from, lineStart));
        from = lineStart + 1;
      }
      lineStart = afterLine(bytes, lineStart);
    }
    const keep = tailToHold(bytes, from);
    pieces.push(bytes.subarray(from, keep));
    this.#held = Buffer.from(bytes.subarray(keep));
    this.#isLineStart = keep === 0 ? this.#isLineStart : bytes[keep - 1] === lf;
    return Buffer.concat(pieces);
  }

  finish(): Buffer {
    const tail = this.#held.toString("latin1");
    const isBlankLine = tail === "\r\n" ? this.#isLineStart : tail.endsWith("\r\n\r\n");
    return isBlankLine ? this.#held.subarray(0, -2) : this.#held;
  }
}

function afterLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(lf, at);
  return end < 0 ? bytes.length : end + 1;
}

function isQuotedFrom(bytes: Buffer, at: number): boolean {
  let behind = at;
  while (bytes[behind] === 62) behind++;
  return bytes.toString("latin1", behind, behind + 5) === "From ";
}

const longestQuote = 100;

/** From where on the bytes cannot be judged yet: a line that may become ">From ", or line ends that may be the last. */
function tailToHold(bytes: Buffer, from: number): number {
  let at = bytes.length;
  const lineStart = bytes.lastIndexOf(lf) + 1;
  if (lineStart < bytes.length) {
    if (
      bytes.length - lineStart > longestQuote ||
      !/^>*(?:F(?:r(?:om?)?)?)?\r?$/.test(bytes.toString("latin1", lineStart))
    )
      return at;
    at = lineStart;
  }
  for (let ends = 0; ends < 2 && at >= from + 2 && bytes[at - 1] === lf && bytes[at - 2] === 13; ends++) at -= 2;
  return Math.max(at, from);
}
