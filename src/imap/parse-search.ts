import type { FetchItem, Search, SearchKey, SearchReturn, Sort, SortKey, Thread } from "./command.ts";
import { parseDay } from "./date-time.ts";
import { readItemList } from "./parse-fetch.ts";
import { type Charset, charsetOf, charsets } from "./search-charset.ts";
import type { Scanner } from "./scanner.ts";
import { shown } from "./shown.ts";
import { readFlag, readSet } from "./syntax.ts";

/** RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 5465 §7. */
export function parseSearch(scanner: Scanner, byUid: boolean): Search {
  scanner.space("what to search");
  const returns = readReturns(scanner);
  let charset: string | null = null;
  if (scanner.peekWord() === "CHARSET") {
    scanner.word();
    scanner.space("a charset");
    charset = scanner.text("a charset");
    scanner.space("what to search");
  }
  return { name: "SEARCH", byUid, returns, charset, key: readProgram(scanner, charset) };
}

/** RFC 5256, RFC 5267. */
export function parseSort(scanner: Scanner, byUid: boolean): Sort {
  scanner.space("what to sort by");
  const returns = readReturns(scanner);
  const by: SortKey[] = [];
  scanner.list("what to sort by", () => {
    const isReverse = scanner.peekWord() === "REVERSE";
    if (isReverse) {
      scanner.word();
      scanner.space("what to sort by");
    }
    const key = scanner.oneOf("a sort key", sortKeys);
    if (key !== null) by.push({ by: key, isReverse });
  });
  scanner.space("a charset");
  const charset = scanner.text("a charset");
  scanner.space("what to search");
  return { name: "SORT", byUid, returns, by, charset, key: readProgram(scanner, charset) };
}

const sortKeys = [
  "ARRIVAL",
  "CC",
  "DATE",
  "FROM",
  "SIZE",
  "SUBJECT",
  "TO",
  "DISPLAYFROM",
  "DISPLAYTO",
] as const satisfies readonly SortKey["by"][];

export function parseThread(scanner: Scanner, byUid: boolean): Thread {
  scanner.space("an algorithm");
  const algorithm = scanner.oneOf("REFERENCES or ORDEREDSUBJECT", ["REFERENCES", "ORDEREDSUBJECT"]) ?? "REFERENCES";
  scanner.space("a charset");
  const charset = scanner.text("a charset");
  scanner.space("what to search");
  return { name: "THREAD", byUid, algorithm, charset, key: readProgram(scanner, charset) };
}

const returnOptions = ["MIN", "MAX", "ALL", "COUNT", "SAVE", "CONTEXT", "UPDATE", "PARTIAL"] as const;

function readReturns(scanner: Scanner): SearchReturn | null {
  if (scanner.peekWord() !== "RETURN") return null;
  scanner.word();
  scanner.space("its list");
  const found = new Set<(typeof returnOptions)[number]>();
  let partial: SearchReturn["partial"] = null;
  let update: SearchReturn["update"] = null;
  scanner.listOrEmpty("what to return", () => {
    const option = scanner.oneOf("MIN, MAX, ALL, COUNT, SAVE, CONTEXT, UPDATE or PARTIAL", returnOptions);
    if (option === null) return;
    if (option === "PARTIAL") {
      if (found.has(option)) scanner.refuse("PARTIAL is there twice");
      partial = readRange(scanner);
    }
    if (option === "UPDATE") update = readUpdateItems(scanner);
    found.add(option);
  });
  // RFC 5267 §4.4: both say which of the results are wanted.
  if (found.has("PARTIAL") && found.has("ALL")) scanner.refuse("PARTIAL and ALL exclude each other");
  scanner.space("what to search");
  return {
    items: [...found].filter(
      (option) => option === "MIN" || option === "MAX" || option === "ALL" || option === "COUNT",
    ),
    save: found.has("SAVE"),
    context: found.has("CONTEXT"),
    update,
    partial,
  };
}

/** RFC 5465 §7: the grammar has no blank before the list, the example has one. */
function readUpdateItems(scanner: Scanner): readonly FetchItem[] {
  if (!scanner.startsWith("(") && !scanner.startsWith(" (")) return [];
  scanner.blanks();
  return readItemList(scanner);
}

/** "1:100" or "-1:-100" (RFC 9394 §3.1), in any order. */
function readRange(scanner: Scanner): { from: number; to: number } {
  scanner.space("a range");
  const sign = scanner.skip("-") ? -1 : 1;
  const from = sign * scanner.number("a number", { least: 1 });
  scanner.expect(":");
  if (sign < 0) scanner.expect("-");
  return { from, to: sign * scanner.number("a number", { least: 1 }) };
}

/** Keys in keys: beyond it nobody means anything, and the stack has an end. OR of many terms nests as deep as it has terms. */
const deepest = 1_000;

function readProgram(scanner: Scanner, name: string | null): SearchKey {
  const charset = charsetOf(name);
  if (charset === null) {
    scanner.refuse(`${shown(name ?? "")} is no charset that is known here`, "NO", `BADCHARSET (${charsets})`);
    return all;
  }
  const reader = new KeyReader(scanner, charset);
  const keys = [reader.key(0)];
  while (scanner.more()) keys.push(reader.key(0));
  return together(keys);
}

const all: SearchKey = { is: "all" };

function together(keys: readonly SearchKey[]): SearchKey {
  const [only] = keys;
  return keys.length === 1 && only !== undefined ? only : { is: "and", keys };
}

/** `search-key` of RFC 9051 §9. */
class KeyReader {
  readonly #scanner: Scanner;
  readonly #charset: Charset;

  constructor(scanner: Scanner, charset: Charset) {
    this.#scanner = scanner;
    this.#charset = charset;
  }

  key(depth: number): SearchKey {
    const scanner = this.#scanner;
    if (depth > deepest) {
      scanner.refuse(`A search cannot be nested more than ${deepest} deep`);
      return all;
    }
    const octet = scanner.peek();
    if (octet === 0x28) {
      const keys: SearchKey[] = [];
      scanner.list("search keys", () => keys.push(this.key(depth + 1)));
      return together(keys);
    }
    // A digit, "*" or "$": numbers.
    if ((octet >= 0x30 && octet <= 0x39) || octet === 0x2a || octet === 0x24) {
      return { is: "numbers", set: readSet(scanner) };
    }
    const name = scanner.oneOf("a search key", names);
    return name === null ? all : this.#named(name, depth);
  }

  #named(name: (typeof names)[number], depth: number): SearchKey {
    const scanner = this.#scanner;
    switch (name) {
      case "ALL":
        return all;
      case "ANSWERED":
      case "DELETED":
      case "DRAFT":
      case "FLAGGED":
      case "SEEN":
        return { is: "flag", flag: `\\${name.toLowerCase()}` };
      case "UNANSWERED":
      case "UNDELETED":
      case "UNDRAFT":
      case "UNFLAGGED":
      case "UNSEEN":
        return { is: "not", key: { is: "flag", flag: `\\${name.slice(2).toLowerCase()}` } };
      case "RECENT":
        return { is: "recent" };
      case "OLD":
        return { is: "not", key: { is: "recent" } };
      case "NEW":
        return { is: "and", keys: [{ is: "recent" }, { is: "not", key: { is: "flag", flag: "\\seen" } }] };
      case "KEYWORD":
        return { is: "flag", flag: this.#keyword() };
      case "UNKEYWORD":
        return { is: "not", key: { is: "flag", flag: this.#keyword() } };
      case "NOT":
        this.#space();
        return { is: "not", key: this.key(depth + 1) };
      case "OR": {
        this.#space();
        const first = this.key(depth + 1);
        this.#space();
        return { is: "or", keys: [first, this.key(depth + 1)] };
      }
      case "UID":
        scanner.space("a set of UIDs");
        return { is: "uids", set: readSet(scanner) };
      case "BCC":
      case "CC":
      case "FROM":
      case "SUBJECT":
      case "TO":
        return { is: "header", field: name.toLowerCase(), text: this.#text() };
      case "HEADER": {
        scanner.space("the name of a field");
        const field = scanner.text("the name of a field").toLowerCase();
        return { is: "header", field, text: this.#text() };
      }
      case "BODY":
        return { is: "body", text: this.#text() };
      case "TEXT":
        return { is: "text", text: this.#text() };
      case "LARGER":
        return { is: "larger", octets: this.#number() };
      case "SMALLER":
        return { is: "smaller", octets: this.#number() };
      case "BEFORE":
        return { is: "before", of: "internal", day: this.#day() };
      case "ON":
        return { is: "on", of: "internal", day: this.#day() };
      case "SINCE":
        return { is: "since", of: "internal", day: this.#day() };
      case "SENTBEFORE":
        return { is: "before", of: "sent", day: this.#day() };
      case "SENTON":
        return { is: "on", of: "sent", day: this.#day() };
      case "SENTSINCE":
        return { is: "since", of: "sent", day: this.#day() };
      case "SAVEDBEFORE":
        return { is: "before", of: "saved", day: this.#day() };
      case "SAVEDON":
        return { is: "on", of: "saved", day: this.#day() };
      case "SAVEDSINCE":
        return { is: "since", of: "saved", day: this.#day() };
      case "SAVEDATESUPPORTED":
        return { is: "savedate-supported" };
      case "OLDER":
        return { is: "older", seconds: this.#seconds() };
      case "YOUNGER":
        return { is: "younger", seconds: this.#seconds() };
      case "MODSEQ":
        return { is: "modseq", atLeast: this.#modseq() };
      case "EMAILID":
        return { is: "email-id", id: this.#id() };
      case "THREADID":
        return { is: "thread-id", id: this.#id() };
      default:
        return name satisfies never;
    }
  }

  #space(): void {
    this.#scanner.space("a search key");
  }

  /** Decoded by the charset that the command named (field case O-44). */
  #text(): string {
    this.#scanner.space("a text");
    const octets = this.#scanner.astring("a text");
    const text = this.#charset.decode(octets);
    if (text !== null) return text;
    this.#scanner.refuse(`The text is not ${this.#charset.name}: ${shown(octets.toString("latin1"))}`);
    return "";
  }

  /** A keyword, or by mistake a system flag, which then is what is meant. */
  #keyword(): string {
    this.#scanner.space("a keyword");
    const flag = readFlag(this.#scanner);
    return flag.startsWith("\\") ? flag.toLowerCase() : flag;
  }

  #number(): number {
    this.#scanner.space("a number");
    return this.#scanner.number63("a number");
  }

  #seconds(): number {
    this.#scanner.space("seconds");
    return this.#scanner.number("seconds", { least: 1 });
  }

  /** `date`, in quotes or without. */
  #day(): string {
    this.#scanner.space("a date");
    const text = this.#scanner.text("a date");
    const day = parseDay(text);
    if (day === null) this.#scanner.refuse(`${shown(text)} is no date`);
    return day ?? "";
  }

  /** RFC 7162 §3.1.5: which flag and whose may be said; we count one sequence for the whole message. */
  #modseq(): number {
    const scanner = this.#scanner;
    scanner.space("a modification sequence");
    if (scanner.peek() === 0x22) {
      scanner.string("the name of an entry");
      scanner.space("PRIV, SHARED or ALL");
      scanner.oneOf("PRIV, SHARED or ALL", ["PRIV", "SHARED", "ALL"]);
      scanner.space("a modification sequence");
    }
    return scanner.number63("a modification sequence");
  }

  /** `objectid` (RFC 8474 §7). */
  #id(): string {
    this.#scanner.space("an identifier");
    return this.#scanner.text("an identifier");
  }
}

const names = [
  "ALL",
  "ANSWERED",
  "BCC",
  "BEFORE",
  "BODY",
  "CC",
  "DELETED",
  "DRAFT",
  "EMAILID",
  "FLAGGED",
  "FROM",
  "HEADER",
  "KEYWORD",
  "LARGER",
  "MODSEQ",
  "NEW",
  "NOT",
  "OLD",
  "OLDER",
  "ON",
  "OR",
  "RECENT",
  "SAVEDATESUPPORTED",
  "SAVEDBEFORE",
  "SAVEDON",
  "SAVEDSINCE",
  "SEEN",
  "SENTBEFORE",
  "SENTON",
  "SENTSINCE",
  "SINCE",
  "SMALLER",
  "SUBJECT",
  "TEXT",
  "THREADID",
  "TO",
  "UID",
  "UNANSWERED",
  "UNDELETED",
  "UNDRAFT",
  "UNFLAGGED",
  "UNKEYWORD",
  "UNSEEN",
  "YOUNGER",
] as const;
