import { isUtf8 } from "node:buffer";
import type { Literal } from "./command.ts";
import type { Piece } from "./command.ts";
import type { Completion } from "./response.ts";
import { shown } from "./shown.ts";

const nothing = Buffer.alloc(0);
const SP = 0x20;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Reads the pieces of a command from left to right. The first thing that does not fit the grammar becomes the `refusal`, and from
 * then on nothing is left to read, so that whoever reads on comes to an end: only the end asks whether all went well.
 */
export class Scanner {
  readonly #pieces: readonly Piece[];
  #index = 0;
  #text: Buffer;
  #at = 0;
  #refusal: Completion | null = null;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    const first = pieces[0];
    this.#text = Buffer.isBuffer(first) ? first : nothing;
  }

  get refusal(): Completion | null {
    return this.#refusal;
  }

  /** Nothing is left, on this line or as a literal. */
  get isAtEnd(): boolean {
    return this.#at >= this.#text.length && this.#index >= this.#pieces.length - 1;
  }

  refuse(text: string, status: "BAD" | "NO" = "BAD", code?: string): void {
    this.#refusal ??= code === undefined ? { status, text } : { status, code, text };
    this.#index = this.#pieces.length;
    this.#text = nothing;
    this.#at = 0;
  }

  /** Refuses because something else was expected; says what is there. */
  expected(what: string): void {
    this.refuse(`Expected ${what}, not ${this.#rest()}`);
  }

  /** Octet at the place; -1: none on this line. */
  peek(): number {
    return this.#text[this.#at] ?? -1;
  }

  /** Whether the character is next; takes it. */
  skip(character: string): boolean {
    if (this.#text[this.#at] !== character.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.skip(character)) this.expected(JSON.stringify(character));
  }

  /** The blank between arguments. More than one is forgiven: clients write it, and nothing else can be meant. */
  space(before: string): void {
    if (!this.skip(" ")) this.expected(`a blank and ${before}`);
    this.blanks();
  }

  blanks(): void {
    while (this.#text[this.#at] === SP) this.#at++;
  }

  /** Whether one more argument follows behind a blank. Blanks at the end of a command are forgiven. */
  more(): boolean {
    if (this.peek() !== SP) return false;
    this.blanks();
    return !this.isAtEnd;
  }

  /** "(", one or more items, ")". */
  list(what: string, item: () => void): void {
    this.#list(what, item, false);
  }

  listOrEmpty(what: string, item: () => void): void {
    this.#list(what, item, true);
  }

  #list(what: string, item: () => void, mayBeEmpty: boolean): void {
    if (!this.skip("(")) return this.expected(`"(" and ${what}`);
    this.blanks();
    if (mayBeEmpty && this.skip(")")) return;
    for (;;) {
      item();
      this.blanks();
      if (this.#refusal !== null || this.skip(")")) return;
      if (this.isAtEnd) return this.expected('")"');
    }
  }

  /** Letters, digits, dots and hyphens, in capitals; "" when there is none. */
  word(): string {
    return this.#run(isWordOctet).toUpperCase();
  }

  /** The next word in capitals without taking it. */
  peekWord(): string {
    const at = this.#at;
    const word = this.word();
    this.#at = at;
    return word;
  }

  /** Whether this is what comes next on the line, in any case. */
  startsWith(text: string): boolean {
    return this.#text.toString("latin1", this.#at, this.#at + text.length).toUpperCase() === text;
  }

  /** One of the words; refuses otherwise. */
  oneOf<const T extends string>(what: string, words: readonly T[]): T | null {
    const at = this.#at;
    const word = this.word();
    const found = words.find((one) => one === word);
    if (found !== undefined) return found;
    this.#at = at;
    this.expected(what);
    return null;
  }

  /** 1*<any ASTRING-CHAR except "+"> (RFC 9051 §9); nobody needs a long one. */
  tag(): string | null {
    const tag = this.#run((octet) => isAtomOctet(octet) || octet === 0x5d);
    return tag === "" || tag.length > 256 || tag.includes("+") ? null : tag;
  }

  atom(what: string): string {
    const atom = this.#run(isAtomOctet);
    if (atom === "") this.expected(what);
    return atom;
  }

  /** Everything but blanks, brackets and quotes: what only `number-set.ts` can read. */
  setText(): string {
    return this.#run((octet) => (octet >= 0x2a && octet <= 0x3a) || octet === 0x24);
  }

  digits(): string {
    return this.#run((octet) => octet >= 0x30 && octet <= 0x39);
  }

  /** From `least` to `most`. */
  number(what: string, { least = 0, most = 0xffff_ffff }: { least?: number; most?: number } = {}): number {
    const at = this.#at;
    const digits = this.digits();
    const number = Number(digits);
    if (digits !== "" && number >= least && number <= most) return number;
    this.#at = at;
    this.expected(what);
    return least;
  }

  /** A number of 63 bits (RFC 7162 §7). What is beyond 2^53 is larger than anything here, and stays so. */
  number63(what: string, least = 0): number {
    return Math.min(this.number(what, { least, most: 2 ** 63 }), Number.MAX_SAFE_INTEGER);
  }

  /** Octets of an atom (with "]"), a quoted string or a literal. */
  astring(what: string): Buffer {
    return this.#string((octet) => isAtomOctet(octet) || octet === 0x5d, what);
  }

  /** As an astring, and "%" and "*" in it need no quotes. */
  listPattern(what: string): Buffer {
    return this.#string((octet) => isAtomOctet(octet) || octet === 0x5d || octet === 0x25 || octet === 0x2a, what);
  }

  /** Octets of a quoted string or a literal. */
  string(what: string): Buffer {
    return this.#string(() => false, what);
  }

  /** An astring as text: UTF-8 in every session, which has ASCII in it. */
  text(what: string): string {
    return this.decoded(this.astring(what), what);
  }

  decoded(octets: Buffer, what: string): string {
    if (isUtf8(octets)) return octets.toString();
    this.refuse(`Expected ${what} in UTF-8, not ${shown(octets.toString("latin1"))}`);
    return "";
  }

  /** The literal that is next; null: something else is. */
  literal(): Literal | null {
    const next = this.#pieces[this.#index + 1];
    if (this.#at < this.#text.length || next === undefined || Buffer.isBuffer(next)) return null;
    this.#index += 2;
    const line = this.#pieces[this.#index];
    this.#text = Buffer.isBuffer(line) ? line : nothing;
    this.#at = 0;
    return next;
  }

  /** Where we are, to give `since` the text between. */
  mark(): { readonly index: number; readonly at: number } {
    return { index: this.#index, at: this.#at };
  }

  /** What was read since then, if it stood on one line. */
  since(mark: { readonly index: number; readonly at: number }): string | null {
    return mark.index === this.#index ? this.#text.toString("latin1", mark.at, this.#at) : null;
  }

  #string(isBare: (octet: number) => boolean, what: string): Buffer {
    if (this.peek() === quote) return this.#quoted();
    const literal = this.literal();
    if (literal !== null) return this.#argument(literal);
    const from = this.#at;
    this.#run(isBare);
    if (this.#at === from) this.expected(what);
    return this.#text.subarray(from, this.#at);
  }

  /** No CR, LF or NUL inside, and a backslash only before itself and a quote (RFC 9051 §9 `quoted`). */
  #quoted(): Buffer {
    const from = ++this.#at;
    let escapes = 0;
    for (let at = from; at < this.#text.length; at++) {
      const octet = this.#text[at];
      if (octet === quote) {
        this.#at = at + 1;
        return escapes === 0 ? this.#text.subarray(from, at) : unescaped(this.#text.subarray(from, at), escapes);
      }
      if (octet === 0 || octet === 0x0d) return this.#flawed(`A quoted string cannot have an octet ${octet} in it`);
      if (octet !== backslash) continue;
      escapes++;
      at++;
      if (this.#text[at] !== quote && this.#text[at] !== backslash) {
        return this.#flawed("A backslash in a quoted string stands before a quote or a backslash");
      }
    }
    return this.#flawed("A quoted string has no closing quote");
  }

  #argument({ isBinary, octets }: Literal): Buffer {
    if (!Buffer.isBuffer(octets)) return this.#flawed("A message stands where a string is expected");
    if (isBinary) return this.#flawed("A literal8 stands where a string is expected");
    if (octets.includes(0)) return this.#flawed("A literal has a NUL in it");
    return octets;
  }

  #flawed(text: string): Buffer {
    this.refuse(text);
    return nothing;
  }

  #run(isPart: (octet: number) => boolean): string {
    const from = this.#at;
    const text = this.#text;
    let at = from;
    for (; at < text.length; at++) if (!isPart(text[at] ?? 0)) break;
    this.#at = at;
    return text.toString("latin1", from, at);
  }

  #rest(): string {
    if (this.isAtEnd) return "the end";
    if (this.#at >= this.#text.length) return "a literal";
    const rest = this.#text.subarray(this.#at, this.#at + 80);
    return shown(isUtf8(rest) ? rest.toString() : rest.toString("latin1"), 40);
  }
}

/** Any CHAR but atom-specials: parentheses, "{", blank, controls, wildcards, quote, backslash, "]" (RFC 9051 §9). */
function isAtomOctet(octet: number): boolean {
  return atomOctets[octet] === 1;
}

const atomOctets = new Uint8Array(256).fill(1, 0x21, 0x7f);
for (const special of '(){%*"\\]') atomOctets[special.charCodeAt(0)] = 0;

function isWordOctet(octet: number): boolean {
  const isLetter = (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
  return isLetter || (octet >= 0x30 && octet <= 0x39) || octet === 0x2d || octet === 0x2e;
}

function unescaped(octets: Buffer, escapes: number): Buffer {
  const plain = Buffer.alloc(octets.length - escapes);
  for (let from = 0, to = 0; from < octets.length; to++) {
    if (octets[from] === backslash) from++;
    plain[to] = octets[from++] ?? 0;
  }
  return plain;
}
