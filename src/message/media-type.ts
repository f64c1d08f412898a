import type { OctetText } from "./fields.ts";

/** Parameters in their order: names in lower case, values without quotes. */
export type Parameters = readonly (readonly [name: string, value: OctetText])[];

/** A Content-Type or Content-Disposition as its part shows it; `subtype` is "" for a disposition. */
export type MediaType = { readonly type: string; readonly subtype: string; readonly parameters: Parameters };

/** More are read over. */
const mostParameters = 500;
const none: Parameters = [];

/**
 * Reads a Content-Type field as far as it can be read: what strangers write is shown, not judged. (`content-type.ts` refuses what
 * readers might not agree on, because there mail is changed.) `null`: there is no type and subtype.
 */
export function readMediaType(value: OctetText): MediaType | null {
  const scanner = new Scanner(value);
  const type = scanner.word();
  if (type === "" || !scanner.takes("/")) return null;
  const subtype = scanner.word();
  if (subtype === "") return null;
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters: scanner.parameters() };
}

/** Content-Disposition (RFC 2183) in the same way. */
export function readDisposition(value: OctetText): MediaType | null {
  const scanner = new Scanner(value);
  const type = scanner.word();
  return type === "" ? null : { type: type.toLowerCase(), subtype: "", parameters: scanner.parameters() };
}

/** The word of a Content-Transfer-Encoding field in lower case; "" when there is none. */
export function readEncodingWord(value: OctetText): string {
  return new Scanner(value).word().toLowerCase();
}

export function parameterOf(parameters: Parameters, name: string): OctetText | null {
  for (const [one, value] of parameters) if (one === name) return value;
  return null;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  word(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !endsWord.has(this.#text.charCodeAt(this.#at))) this.#at++;
    const word = this.#text.slice(start, this.#at);
    this.#skipBlanks();
    return word;
  }

  takes(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at++;
    this.#skipBlanks();
    return true;
  }

  parameters(): Parameters {
    if (this.#at >= this.#text.length) return none;
    const pieces: [name: string, value: string][] = [];
    let isSplit = false;
    while (this.#at < this.#text.length && pieces.length < mostParameters) {
      if (this.takes(";")) continue;
      const name = this.word().toLowerCase();
      if (!this.takes("=")) {
        // No parameter: on to the next semicolon.
        const next = this.#text.indexOf(";", this.#at);
        this.#at = next < 0 ? this.#text.length : next;
        continue;
      }
      const value = this.#text.charAt(this.#at) === '"' ? this.#quoted() : this.#loose();
      if (name === "") continue;
      isSplit ||= name.includes("*");
      pieces.push([name, value]);
    }
    return isSplit ? joined(pieces) : pieces;
  }

  /** A quoted string that does not end goes to the end of the field. */
  #quoted(): string {
    let text = "";
    let from = this.#at + 1;
    for (let at = from; ; at++) {
      const character = this.#text.charCodeAt(at);
      if (character === 34 || at >= this.#text.length) {
        text += this.#text.slice(from, at);
        this.#at = at + 1;
        break;
      }
      if (character !== 92) continue;
      text += this.#text.slice(from, at);
      from = ++at;
    }
    this.#skipBlanks();
    return text;
  }

  /** Many write values without the quotes that they need: up to the semicolon or a comment. */
  #loose(): string {
    const start = this.#at;
    const semicolon = this.#text.indexOf(";", start);
    const end = semicolon < 0 ? this.#text.length : semicolon;
    const value = this.#text.slice(start, end);
    const comment = value.indexOf(" (");
    this.#at = comment < 0 ? end : start + comment;
    this.#skipBlanks();
    return (comment < 0 ? value : value.slice(0, comment)).trim();
  }

  /** Blanks and comments (RFC 5322 §3.2.2); a comment that does not end takes the rest. */
  #skipBlanks(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at);
      if (character === 40) this.#at = commentEnd(this.#text, this.#at);
      else if (character !== 32 && character !== 9 && character !== 13 && character !== 10) return;
    }
  }
}

/** Blanks and what parts words: ( ) / ; = " and the like. */
const endsWord = new Set(Array.from(' \t\r\n()/;="', (character) => character.charCodeAt(0)));

/** Where the comment that begins there has its last parenthesis. */
function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 92) at++;
    else if (character === 40) depth++;
    else if (character === 41 && --depth === 0) return at;
  }
  return text.length;
}

/**
 * RFC 2231 §3: pieces of one value become one; §6 has IMAP servers do so. A value of which any piece has a charset stays encoded, under
 * its name with the star: `["filename*", "utf-8''%C3%A9.txt"]`.
 */
function joined(pieces: readonly [name: string, value: string][]): Parameters {
  const values = new Map(pieces);
  const parameters: [string, string][] = [];
  for (const [name, value] of pieces) {
    const [, plain = "", number] = /^([^*]+)\*(\d{1,4})\*?$/.exec(name) ?? [];
    if (number === undefined) parameters.push([name, value]);
    else if (number === "0") parameters.push(assembled(plain, values));
    else if (!values.has(`${plain}*0`) && !values.has(`${plain}*0*`)) parameters.push([name, value]);
  }
  return parameters;
}

function assembled(plain: string, values: ReadonlyMap<string, string>): [string, string] {
  const pieces: { readonly text: string; readonly isEncoded: boolean }[] = [];
  for (let number = 0; ; number++) {
    const encoded = values.get(`${plain}*${number}*`);
    const text = encoded ?? values.get(`${plain}*${number}`);
    if (text === undefined) break;
    pieces.push({ text, isEncoded: encoded !== undefined });
  }
  if (!pieces.some(({ isEncoded }) => isEncoded)) return [plain, pieces.map(({ text }) => text).join("")];
  const whole = pieces.map(({ text, isEncoded }) => (isEncoded ? text : percentEncode(text))).join("");
  // The charset stands in front of the first piece; a first piece without one has none.
  return [`${plain}*`, pieces[0]?.isEncoded === true ? whole : `''${whole}`];
}

/** RFC 2231 §7 attribute-char. */
const percentEncode = (text: OctetText) =>
  text.replaceAll(
    /[^A-Za-z0-9!#$&+.^_`{|}~-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
