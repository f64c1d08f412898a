import { isAscii } from "node:buffer";
import { ReceivedCounter } from "./received-counter.ts";

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const loneLf = Buffer.from("\n");
const loneCr = Buffer.from("\r");

export type ContentLimits = {
  /** Octets of the message; 0: no limit. */
  readonly maxSize: number;
  /** "normalise" makes a bare CR or LF a CRLF, for old devices; it never ends the content and never begins a line whose dot counts. */
  readonly bareLineEnds: "refuse" | "normalise";
};

export type Decoded = {
  /** Octets of the message in order, slices of the chunk where possible; none once there is a flaw. */
  readonly pieces: readonly Buffer[];
  readonly ended: boolean;
  /** The octets behind the end: commands. `null` while not ended. */
  readonly rest: Buffer | null;
};

/**
 * Where the octets read so far leave us. The dot at a line's start is dropped at once: it is either stuffing or the
 * end; the CR behind it is held back, for it may belong to the end.
 */
type Place = "line start" | "in line" | "after CR" | "after dot" | "after dot CR" | "end";

/**
 * Reads what follows 354: undoes transparency (RFC 5321 §4.5.2) and finds the one true end, CRLF "." CRLF
 * (§4.1.1.4), however the bytes are cut. A bare CR or LF ends nothing; a message that holds one, or is too big, is
 * read on to its end and kept no more.
 */
export class ContentDecoder {
  readonly #limits: ContentLimits;
  readonly #received = new ReceivedCounter();
  // The CRLF of the DATA command is the one that a first dot stands behind.
  #place: Place = "line start";
  #hasBareLineEnd = false;
  #size = 0;
  #hasEightBit = false;
  #hasNul = false;
  #pieces: Buffer[] = [];

  constructor(limits: ContentLimits) {
    this.#limits = limits;
  }

  /** Octets of the message so far, without transparency dots; counted beyond `maxSize` too (RFC 1870 §6.3). */
  get size(): number {
    return this.#size;
  }

  /** Final once ended: a bare line end outweighs the size, so that it does not depend on how the bytes were cut. */
  get flaw(): null | "too-large" | "bare-line-end" {
    if (this.#hasBareLineEnd) return "bare-line-end";
    return this.#limits.maxSize > 0 && this.#size > this.#limits.maxSize ? "too-large" : null;
  }

  get hasEightBit(): boolean {
    return this.#hasEightBit;
  }

  get hasNul(): boolean {
    return this.#hasNul;
  }

  /** Received fields in the header: a loop shows here (RFC 5321 §6.3). */
  get receivedFields(): number {
    return this.#received.count;
  }

  push(chunk: Buffer): Decoded {
    const consumed = this.#read(chunk);
    const pieces = this.flaw === null ? this.#pieces : [];
    this.#pieces = [];
    const ended = this.#place === "end";
    return { pieces, ended, rest: ended ? chunk.subarray(consumed) : null };
  }

  /** Walks over the chunk; `from` is the first octet that is not yet in a piece. Returns how many octets were ours. */
  #read(chunk: Buffer): number {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const octet = chunk[at];
      switch (this.#place) {
        case "in line":
          at = lineEnd(chunk, at);
          if (at === chunk.length) break;
          if (chunk[at] === CR) this.#place = "after CR";
          else from = this.#bareLf(chunk, from, at);
          at++;
          break;
        case "after CR":
          if (octet === LF) {
            this.#place = "line start";
            at++;
          } else from = this.#bareCr(chunk, from, at);
          break;
        case "line start":
          if (octet === DOT) {
            this.#keep(chunk.subarray(from, at));
            from = ++at;
            this.#place = "after dot";
          } else this.#place = "in line";
          break;
        case "after dot":
          if (octet === CR) {
            from = ++at;
            this.#place = "after dot CR";
          } else this.#place = "in line";
          break;
        case "after dot CR":
          if (octet === LF) {
            this.#place = "end";
            return at + 1;
          }
          this.#keep(loneCr);
          from = this.#bareCr(chunk, at, at);
          break;
        case "end":
          return 0;
        default:
          return this.#place satisfies never;
      }
    }
    this.#keep(chunk.subarray(from));
    return chunk.length;
  }

  /** A CR stands before `at` and no LF at it. */
  #bareCr(chunk: Buffer, from: number, at: number): number {
    this.#place = "in line";
    return this.#bareLineEnd(chunk.subarray(from, at), loneLf, at);
  }

  /** An LF stands at `at` and no CR before it. */
  #bareLf(chunk: Buffer, from: number, at: number): number {
    return this.#bareLineEnd(chunk.subarray(from, at), loneCr, at);
  }

  /** Completes a bare line end, or takes note of it. What follows `before` begins at the returned index. */
  #bareLineEnd(before: Buffer, completion: Buffer, at: number): number {
    this.#keep(before);
    if (this.#limits.bareLineEnds === "normalise") this.#keep(completion);
    else this.#hasBareLineEnd = true;
    return at;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#size += piece.length;
    this.#received.push(piece);
    this.#hasEightBit ||= !isAscii(piece);
    this.#hasNul ||= piece.includes(0);
    this.#pieces.push(piece);
  }
}

/** The index of the next CR or LF, or the chunk's length. A plain loop: on lines of usual length no search beats it. */
function lineEnd(chunk: Buffer, from: number): number {
  let at = from;
  for (; at < chunk.length; at++) {
    const octet = chunk[at];
    if (octet === LF || octet === CR) break;
  }
  return at;
}
