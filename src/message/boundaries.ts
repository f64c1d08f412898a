import type { GrowingPart } from "./growing-part.ts";

/** A delimiter may be followed by blanks; a line longer than this is none. */
export const longestDelimiterLine = 1_000;

const CR = 13;
const LF = 10;
const DASH = 45;

export type Delimiter = { readonly multipart: GrowingPart; readonly isClosing: boolean };

/** The boundaries of the open multiparts: one look-up a line, however many there are. */
export class Boundaries {
  /** The innermost one of each text. */
  readonly #multiparts = new Map<string, GrowingPart>();
  /** How many of them begin with an octet, so that most lines that begin with dashes are let go at once. */
  readonly #firstOctets = new Uint16Array(256);

  get areNone(): boolean {
    return this.#multiparts.size === 0;
  }

  open(multipart: GrowingPart): void {
    multipart.shadowed = this.#multiparts.get(multipart.boundary) ?? null;
    this.#multiparts.set(multipart.boundary, multipart);
    this.#firstOctets[multipart.boundary.charCodeAt(0)]!++;
  }

  /** Its delimiters count no more. Called for the innermost first. */
  shut(multipart: GrowingPart): void {
    if (this.#multiparts.get(multipart.boundary) !== multipart) return;
    this.#firstOctets[multipart.boundary.charCodeAt(0)]!--;
    if (multipart.shadowed === null) this.#multiparts.delete(multipart.boundary);
    else this.#multiparts.set(multipart.boundary, multipart.shadowed);
  }

  /** The innermost multipart that the line delimits (RFC 2046 §5.1.1: it stands alone on the line but for blanks). */
  delimiterIn(bytes: Buffer, start: number, end: number): Delimiter | null {
    if (end - start > longestDelimiterLine || bytes[start] !== DASH || bytes[start + 1] !== DASH) return null;
    if (this.#firstOctets[bytes[start + 2] ?? LF] === 0) return null;
    let last = end;
    while (isBlank(bytes[last - 1]!)) last--;
    const text = bytes.toString("latin1", start + 2, last);
    const opening = this.#multiparts.get(text);
    const closing = text.endsWith("--") ? this.#multiparts.get(text.slice(0, -2)) : undefined;
    if (closing !== undefined && closing.depth > (opening?.depth ?? -1)) return { multipart: closing, isClosing: true };
    return opening === undefined ? null : { multipart: opening, isClosing: false };
  }
}

function isBlank(octet: number): boolean {
  return octet === 32 || octet === 9 || octet === CR || octet === LF;
}
