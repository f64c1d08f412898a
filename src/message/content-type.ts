/** What a body is (RFC 2045 §5): type and subtype in lower case, the names of its parameters too. */
export type ContentType = {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
};

const token = /[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+/y;
/** More than this is no Content-Type that a reader would follow. */
const longestValue = 16_384;

/**
 * Reads the value of a Content-Type field, unfolded. Comments are read over; a parameter that RFC 2231 splits or encodes
 * stands under its plain name. `null`: readers would not agree on what this says.
 */
export function parseContentType(value: string): ContentType | null {
  if (value.length > longestValue) return null;
  const scanner = new Scanner(value);
  const type = scanner.token();
  if (type === null || !scanner.skip("/")) return null;
  const subtype = scanner.token();
  if (subtype === null) return null;
  const pieces = new Map<string, string>();
  while (scanner.skip(";")) {
    // A semicolon behind the last parameter is common and harmless.
    if (scanner.isAtEnd) break;
    const name = scanner.token()?.toLowerCase();
    if (name === undefined || !scanner.skip("=")) return null;
    const text = scanner.value();
    if (text === null || pieces.has(name)) return null;
    pieces.set(name, text);
  }
  if (!scanner.isAtEnd) return null;
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters: joined(pieces) };
}

/** The word of a Content-Transfer-Encoding field, in lower case (RFC 2045 §6.1). */
export function parseEncoding(value: string): string | null {
  const scanner = new Scanner(value.slice(0, longestValue));
  const word = scanner.token();
  return word !== null && scanner.isAtEnd ? word.toLowerCase() : null;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skip(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at++;
    this.#skipBlanks();
    return true;
  }

  token(): string | null {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    this.#skipBlanks();
    return found;
  }

  value(): string | null {
    return this.#text.charAt(this.#at) === '"' ? this.#quoted() : this.#loose();
  }

  /** Many write values without the quotes that they need (a boundary with "=" or "/"): up to a blank or semicolon. */
  #loose(): string | null {
    const found = /^[^\s;"(),<>@\\]+/.exec(this.#text.slice(this.#at))?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    this.#skipBlanks();
    return found;
  }

  #quoted(): string | null {
    let text = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at);
      if (character === '"') {
        this.#at = at + 1;
        this.#skipBlanks();
        return text;
      }
      text += character === "\\" ? this.#text.charAt(++at) : character;
    }
    return null;
  }

  /** Blanks and comments (RFC 5322 §3.2.2). A comment that does not end is left standing, and spoils what follows. */
  #skipBlanks(): void {
    for (;;) {
      while (/[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at++;
      if (this.#text.charAt(this.#at) !== "(") return;
      const end = commentEnd(this.#text, this.#at);
      if (end < 0) return;
      this.#at = end;
    }
  }
}

function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") at++;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at + 1;
  }
  return -1;
}

/** RFC 2231 §3, §4: "name*0", "name*1*" are pieces of one value; a star at the end means that it is percent-encoded. */
function joined(pieces: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, text] of pieces) {
    const [, plain = name, number = "", star = ""] = /^([^*]+)(?:\*(0))?(\*)?$/.exec(name) ?? [];
    if (plain === name || pieces.has(plain)) {
      if (!name.includes("*")) parameters.set(name, text);
      continue;
    }
    let value = star === "" ? text : decoded(text.replace(/^[^']*'[^']*'/, ""));
    for (let next = 1; number !== ""; next++) {
      const more = pieces.get(`${plain}*${next}`);
      const encoded = pieces.get(`${plain}*${next}*`);
      if (more === undefined && encoded === undefined) break;
      value += more ?? decoded(encoded ?? "");
    }
    parameters.set(plain, value);
  }
  return parameters;
}

function decoded(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
