import type { OctetText } from "./fields.ts";

/**
 * One entry of an address field as ENVELOPE shows it (RFC 9051 §7.5.2). The beginning of a group has its name as `mailbox` and no host, its
 * end neither.
 */
export type AddressEntry = {
  /** As written, encoded words too (RFC 2047 §6.2 has them decoded after the structure was read). */
  readonly name: OctetText | null;
  /** The source route of RFC 822. */
  readonly route: OctetText | null;
  /** Without quotes; "" when there is none. */
  readonly mailbox: OctetText | null;
  /** "" when there is none. */
  readonly host: OctetText | null;
};

/** More are not shown. */
const mostEntries = 4_096;
/** Comments inside comments (RFC 5322 §3.2.2). */
const deepestComment = 50;

const groupEnd: AddressEntry = { name: null, route: null, mailbox: null, host: null };

/**
 * The addresses of a field as far as they can be read: what strangers write is shown, not judged (`address-list.ts` refuses, for those who
 * decide by an address). One pass, no recursion.
 */
export function readAddressField(value: OctetText): readonly AddressEntry[] {
  const simple = readSimple(value);
  return simple === null ? new Scanner(value).entries() : [simple];
}

/** "name <a@b>" and "a@b", which most fields are. */
function readSimple(value: OctetText): AddressEntry | null {
  if (/["(),:;\\[\]]/.test(value)) return null;
  const open = value.indexOf("<");
  const at = value.indexOf("@");
  if (at < 0 || value.includes("@", at + 1)) return null;
  if (open < 0)
    return /[\s>]/.test(value)
      ? null
      : { name: null, route: null, mailbox: value.slice(0, at), host: value.slice(at + 1) };
  const close = value.length - 1;
  if (at < open || value.indexOf(">") !== close || value.includes("<", open + 1) || /\s/.test(value.slice(open)))
    return null;
  const name = value.slice(0, open).trim();
  return {
    // More than one blank becomes one, as between all words of a name.
    name: name === "" ? null : name.replaceAll(/\s+/g, " "),
    route: null,
    mailbox: value.slice(open + 1, at),
    host: value.slice(at + 1, close),
  };
}

class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #entries: AddressEntry[] = [];
  /** Of the entry under way: words outside of brackets, what was in brackets, the last comment. */
  #words: string[] = [];
  #angle: string | null = null;
  #comment: string | null = null;
  /** Whether the last word goes on: dots, at signs and words stand without blanks between them. */
  #isGlued = false;
  #isInGroup = false;
  /** What follows an at sign; null: there was none. */
  #host: string | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  entries(): readonly AddressEntry[] {
    while (this.#at < this.#text.length && this.#entries.length < mostEntries) this.#step(this.#text.charAt(this.#at));
    this.#endEntry();
    if (this.#isInGroup) this.#entries.push(groupEnd);
    return this.#entries;
  }

  #step(character: string): void {
    switch (character) {
      case ",":
        this.#at++;
        return this.#endEntry();
      case ";":
        this.#at++;
        this.#endEntry();
        if (this.#isInGroup) this.#entries.push(groupEnd);
        this.#isInGroup = false;
        return;
      case ":":
        this.#at++;
        return this.#beginGroup();
      case "<":
        this.#angle = this.#takeAngle();
        return;
      case "(":
        this.#comment = this.#takeComment();
        return;
      case "@":
        this.#at++;
        this.#host ??= "";
        return;
      case " ":
      case "\t":
      case "\r":
      case "\n":
        this.#at++;
        this.#isGlued = false;
        return;
      default:
        return this.#addWord(character === '"' ? this.#takeQuoted() : this.#takeAtom());
    }
  }

  #addWord(word: string): void {
    if (this.#host !== null) {
      this.#host += word;
      return;
    }
    if (this.#isGlued && this.#words.length > 0) this.#words[this.#words.length - 1] += word;
    else this.#words.push(word);
    this.#isGlued = true;
  }

  #beginGroup(): void {
    if (this.#isInGroup) return;
    this.#entries.push({ name: null, route: null, mailbox: this.#words.join(" "), host: null });
    this.#isInGroup = true;
    this.#forget();
  }

  #endEntry(): void {
    const words = this.#words.join(" ");
    if (this.#angle !== null) {
      const name = this.#host === null ? words : `${words}@${this.#host}`;
      this.#entries.push({ name: name === "" ? this.#comment : name, ...readAngle(this.#angle) });
    } else if (this.#host !== null) {
      this.#entries.push(this.#withoutBrackets(this.#host));
    } else if (words !== "") {
      this.#entries.push({ name: this.#comment, route: null, mailbox: words, host: "" });
    }
    this.#forget();
  }

  #withoutBrackets(host: string): AddressEntry {
    // RFC 822 let blanks stand around the dots of a local part; other words before the last are a name without its brackets.
    const isSpaced = this.#words.some((word) => word.startsWith(".") || word.endsWith("."));
    const mailbox = isSpaced ? this.#words.join("") : (this.#words.pop() ?? "");
    const name = isSpaced || this.#words.length === 0 ? this.#comment : this.#words.join(" ");
    return { name, route: null, mailbox, host };
  }

  #forget(): void {
    this.#words = [];
    this.#angle = this.#comment = this.#host = null;
    this.#isGlued = false;
  }

  #takeAtom(): string {
    const start = this.#at++;
    while (this.#at < this.#text.length && !endsAtom.has(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** Without its quotes; one that does not end goes to the end of the field. */
  #takeQuoted(): string {
    let text = "";
    let from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at);
      if (character === 34) break;
      if (character !== 92) continue;
      text += this.#text.slice(from, this.#at);
      from = ++this.#at;
    }
    text += this.#text.slice(from, this.#at++);
    return text;
  }

  /** What stands between the brackets; quoted strings in it may hold a bracket. */
  #takeAngle(): string {
    const start = ++this.#at;
    for (let isQuoted = false; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at);
      if (character === 92) this.#at++;
      else if (character === 34) isQuoted = !isQuoted;
      else if (character === 62 && !isQuoted) return this.#text.slice(start, this.#at++);
    }
    return this.#text.slice(start);
  }

  #takeComment(): string {
    const start = this.#at + 1;
    for (let depth = 0; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charCodeAt(this.#at);
      if (character === 92) this.#at++;
      else if (character === 40) depth++;
      // Deeper than anybody goes, the first parenthesis that closes ends it all.
      else if (character === 41 && (--depth === 0 || depth > deepestComment))
        return this.#text.slice(start, this.#at++).trim();
    }
    return this.#text.slice(start).trim();
  }
}

const endsAtom = new Set(Array.from(' \t\r\n,;:<("@', (character) => character.charCodeAt(0)));

function readAngle(text: string): Omit<AddressEntry, "name"> {
  let rest = text.trim();
  let route: string | null = null;
  const colon = rest.startsWith("@") ? rest.indexOf(":") : -1;
  if (colon > 0) {
    route = rest.slice(0, colon).trim();
    rest = rest.slice(colon + 1).trim();
  }
  const at = rest.lastIndexOf("@");
  const mailbox = at < 0 ? rest : rest.slice(0, at);
  return { route, mailbox: unquoted(mailbox.trim()), host: at < 0 ? "" : rest.slice(at + 1).trim() };
}

const unquoted = (text: string) =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replaceAll(/\\([\s\S])/g, "$1")
    : text;
