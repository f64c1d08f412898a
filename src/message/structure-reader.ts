import { isAscii, isUtf8 } from "node:buffer";
import { Boundaries, type Delimiter, longestDelimiterLine } from "./boundaries.ts";
import { GrowingPart } from "./growing-part.ts";
import type { Part } from "./structure.ts";

const deepest = 100;
const mostParts = 10_000;
/** Of one header; what is behind is not read for fields. */
const longestHeader = 256 * 1024;
/** Of all of them together: about 400 for each of the most parts. */
const mostHeaderOctets = 4 * 1024 * 1024;

const LF = 10;
const CR = 13;
const DASH = 45;
const lfDashes = Buffer.from("\n--");
const nothing: Buffer = Buffer.alloc(0);

/**
 * The structure of a message (RFC 2045, RFC 2046 §5.1), found while its octets come in any cut. Lines end with CRLF, or with LF alone as
 * in old mail. Every message has one: beyond the bounds on parts, depth and headers the rest is one part that nobody looks into. Memory
 * is bounded by one header and the parts that were found, and time by the octets.
 *
 * `MimeWalker` reads the same grammar for those who change a message: it hands on every octet and gives up where readers might not
 * agree, while this one never gives up and touches only octets that it must.
 */
export class StructureReader {
  readonly #stack: GrowingPart[] = [];
  #place: "header" | "header beyond its bound" | "body" = "header";
  /** Octets that were judged: where the octets in hand begin in the content. */
  #offset = 0;
  /** What cannot be judged before more comes; the first `#heldLength` octets of it. */
  #held: Buffer = nothing;
  #heldLength = 0;
  /** Of the header under way: where its last line begins, and how far it was searched for the end of that. */
  #lineStart = 0;
  #searched = 0;
  /** The next octet stands at a line's start, with no line end before it that could belong to a delimiter. */
  #isLineStart = true;
  #parts = 0;
  #headerOctets = 0;
  /** null: no multipart was seen yet, or delimiters count no more. */
  #boundaries: Boundaries | null = null;
  /** Open entities whose lines are counted. */
  #counting = 0;
  #lines = 0;
  #lastOctet = LF;

  constructor() {
    this.#begin(null, 0);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#read(this.#heldLength === 0 ? bufferOf(chunk) : this.#joined(chunk), false);
  }

  /** Call once, after the last octet. */
  finish(): Part {
    this.#read(this.#held.subarray(0, this.#heldLength), true);
    while (this.#place === "header") this.#endHeader(nothing, 0, 0);
    if (this.#place === "header beyond its bound") this.#startBody(this.#offset);
    const message = this.#stack[0]!;
    this.#closeDownTo(0, this.#offset);
    return message;
  }

  #read(bytes: Buffer, isEnd: boolean): void {
    let at = 0;
    while (at < bytes.length) {
      const next =
        this.#place === "header"
          ? this.#readHeader(bytes, at, isEnd)
          : this.#place === "body"
            ? this.#readBody(bytes, at, isEnd)
            : this.#readBeyondHeader(bytes, at, isEnd);
      if (next < 0) break;
      at = next;
    }
    this.#offset += at;
    this.#hold(bytes, at);
  }

  #joined(chunk: Uint8Array): Buffer {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const room = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2));
      room.set(this.#held.subarray(0, this.#heldLength));
      this.#held = room;
    }
    this.#held.set(chunk, this.#heldLength);
    return this.#held.subarray(0, length);
  }

  #hold(bytes: Buffer, from: number): void {
    this.#heldLength = bytes.length - from;
    const isHeld = bytes.buffer === this.#held.buffer && bytes.byteOffset === this.#held.byteOffset;
    if (this.#heldLength === 0) this.#held = nothing;
    else if (from > 0 || !isHeld) this.#held = Buffer.from(bytes.subarray(from));
  }

  /** Where the next octet to read is; -1 when more has to come. */
  #readHeader(bytes: Buffer, at: number, isEnd: boolean): number {
    let line = at + this.#lineStart;
    let from = at + this.#searched;
    for (;;) {
      const octet = bytes[line];
      if (octet === LF) return this.#endHeader(bytes, at, line + 1);
      if (octet === CR && bytes[line + 1] === LF) return this.#endHeader(bytes, at, line + 2);
      const lf = bytes.indexOf(LF, from);
      if (octet === DASH && (lf >= 0 || isEnd)) {
        const end = lf < 0 ? bytes.length : lf + 1;
        const delimiter = this.#boundaries?.delimiterIn(bytes, line, end) ?? null;
        if (delimiter !== null) {
          this.#endHeaderEarly(bytes, at, line);
          return this.#passDelimiter(bytes, { contentEnd: line, end }, delimiter);
        }
      }
      if (lf < 0) break;
      line = from = lf + 1;
    }
    if (isEnd) return this.#endHeader(bytes, at, bytes.length);
    this.#lineStart = line - at;
    this.#searched = bytes.length - at;
    return this.#searched > longestHeader + longestDelimiterLine ? this.#cutHeader(bytes, at) : -1;
  }

  #endHeader(bytes: Buffer, at: number, end: number): number {
    this.#readFields(bytes, at, end);
    this.#startBody(this.#offset + end);
    return end;
  }

  /** A delimiter came before the blank line: entities without a body, one for each message held by another. */
  #endHeaderEarly(bytes: Buffer, at: number, end: number): void {
    this.#endHeader(bytes, at, end);
    while (this.#place === "header") this.#endHeader(bytes, end, end);
  }

  /** The last line in hand has not ended: it is left for later, unless it is too long to be the blank line or a delimiter. */
  #cutHeader(bytes: Buffer, at: number): number {
    const isLong = this.#lineStart < longestHeader;
    const end = isLong ? bytes.length : at + this.#lineStart;
    this.#readFields(bytes, at, end);
    this.#place = "header beyond its bound";
    this.#isLineStart = !isLong;
    return end;
  }

  /** What the header says, as far as it is read. */
  #readFields(bytes: Buffer, at: number, end: number): void {
    this.#lineStart = this.#searched = 0;
    this.#pass(bytes, at, end);
    const octets = bytes.subarray(at, Math.min(end, at + longestHeader));
    this.#headerOctets += octets.length;
    const entity = this.#innermost;
    entity.isUtf8 = !isAscii(octets) && isUtf8(octets);
    entity.readHeader(octets.toString("latin1"), this.#stack[entity.depth - 1] ?? null);
    const isLast = this.#parts >= mostParts || this.#headerOctets > mostHeaderOctets;
    // Delimiters count no more: everything to the end belongs to this part.
    if (isLast) this.#boundaries = null;
    if (isLast || (entity.depth >= deepest && entity.holds !== "octets")) entity.closeUp();
  }

  /** Goes on with a header that is too long to be kept: only its end is looked for. */
  #readBeyondHeader(bytes: Buffer, at: number, isEnd: boolean): number {
    for (let line = this.#isLineStart ? at : nextLine(bytes, at), next = 0; line >= 0; line = next) {
      const isCrLf = bytes[line] === CR && bytes[line + 1] === LF;
      if (isCrLf || bytes[line] === LF) {
        const end = this.#pass(bytes, at, line + (isCrLf ? 2 : 1));
        this.#startBody(this.#offset + end);
        return end;
      }
      next = nextLine(bytes, line);
      if (next < 0 && !isEnd && bytes.length - line <= longestDelimiterLine) {
        const end = this.#pass(bytes, at, line);
        this.#isLineStart = true;
        return end > at ? end : -1;
      }
      const end = next < 0 ? bytes.length : next;
      const delimiter = this.#boundaries?.delimiterIn(bytes, line, end) ?? null;
      if (delimiter !== null) {
        this.#pass(bytes, at, line);
        this.#startBody(this.#offset + line);
        if (this.#place === "header") this.#endHeaderEarly(bytes, line, line);
        return this.#passDelimiter(bytes, { contentEnd: line, end }, delimiter);
      }
    }
    return this.#pass(bytes, at, bytes.length);
  }

  #startBody(offset: number): void {
    const entity = this.#innermost;
    entity.bodyStart = offset;
    this.#isLineStart = true;
    this.#place = "body";
    if (entity.countsLines) {
      this.#counting++;
      entity.lines = -this.#lines;
    }
    if (entity.holds === "message") this.#begin(entity, offset);
    else if (entity.boundary !== "") (this.#boundaries ??= new Boundaries()).open(entity);
  }

  get #innermost(): GrowingPart {
    return this.#stack.at(-1)!;
  }

  #begin(parent: GrowingPart | null, offset: number): void {
    const entity = new GrowingPart(offset, this.#stack.length);
    parent?.parts.push(entity);
    this.#stack.push(entity);
    this.#place = "header";
    if (++this.#parts === mostParts) this.#boundaries = null;
  }

  #closeDownTo(depth: number, end: number): void {
    while (this.#stack.length > depth) {
      const entity = this.#stack.pop()!;
      entity.end = end;
      this.#boundaries?.shut(entity);
      if (entity.holds === "parts" && entity.parts.length === 0) entity.addEmptyPart();
      if (!entity.countsLines) continue;
      this.#counting--;
      entity.lines += this.#lines + (end > entity.bodyStart && this.#lastOctet !== LF ? 1 : 0);
    }
  }

  /** Octets up to the next delimiter, or as far as can be judged. */
  #readBody(bytes: Buffer, at: number, isEnd: boolean): number {
    if (this.#boundaries === null || this.#boundaries.areNone) return this.#pass(bytes, at, bytes.length);
    for (let line = this.#isLineStart ? at : nextDashes(bytes, at); line >= 0; line = nextDashes(bytes, line)) {
      if (line === at && !mayBeDashes(bytes, at, isEnd)) continue;
      const next = nextLine(bytes, line);
      const contentEnd = line === at ? at : breakBefore(bytes, at, line);
      if (next < 0 && !isEnd && bytes.length - line <= longestDelimiterLine) return this.#wait(bytes, at, contentEnd);
      const end = next < 0 ? bytes.length : next;
      const delimiter = this.#boundaries?.delimiterIn(bytes, line, end) ?? null;
      if (delimiter === null) continue;
      this.#pass(bytes, at, contentEnd);
      return this.#passDelimiter(bytes, { contentEnd, end }, delimiter);
    }
    return this.#wait(bytes, at, isEnd ? bytes.length : safeEnd(bytes, at));
  }

  #wait(bytes: Buffer, at: number, end: number): number {
    return end > at ? this.#pass(bytes, at, end) : -1;
  }

  /** Octets that belong to all that is open. */
  #pass(bytes: Buffer, from: number, to: number): number {
    if (to > from) {
      if (this.#counting > 0) this.#lines += linesIn(bytes, from, to);
      this.#lastOctet = bytes[to - 1]!;
      this.#isLineStart = false;
    }
    return to;
  }

  #passDelimiter(
    bytes: Buffer,
    { contentEnd, end }: { readonly contentEnd: number; readonly end: number },
    { multipart, isClosing }: Delimiter,
  ): number {
    this.#closeDownTo(multipart.depth + 1, this.#offset + contentEnd);
    this.#place = "body";
    if (isClosing) {
      this.#boundaries?.shut(multipart);
      // The line end behind it may belong to a delimiter of a multipart around it.
      return this.#pass(bytes, contentEnd, bytes[end - 1] === LF ? breakBefore(bytes, contentEnd, end) : end);
    }
    this.#pass(bytes, contentEnd, end);
    this.#isLineStart = true;
    this.#begin(multipart, this.#offset + end);
    return end;
  }
}

function bufferOf(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

function linesIn(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF, from); at >= 0 && at < to; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}

/** Where the line after the next line end begins; -1: there is none. */
function nextLine(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from);
  return lf < 0 ? -1 : lf + 1;
}

/** Where the next line begins that begins with two dashes. */
function nextDashes(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(lfDashes, from);
  return lf < 0 ? -1 : lf + 1;
}

function mayBeDashes(bytes: Buffer, at: number, isEnd: boolean): boolean {
  if (bytes[at] !== DASH) return false;
  return at + 1 < bytes.length ? bytes[at + 1] === DASH : !isEnd;
}

/** Where the line end before `line` begins, which belongs to a delimiter there. */
function breakBefore(bytes: Buffer, at: number, line: number): number {
  return line - 2 >= at && bytes[line - 2] === CR ? line - 2 : line - 1;
}

/** What follows may begin a delimiter: its line end, and a first dash, stay behind. */
function safeEnd(bytes: Buffer, at: number): number {
  let end = bytes.length;
  if (bytes[end - 1] === DASH && end - 2 >= at && bytes[end - 2] === LF) end--;
  if (end > at && bytes[end - 1] === LF) end--;
  else if (end < bytes.length) return bytes.length;
  return end > at && bytes[end - 1] === CR ? end - 1 : end;
}
