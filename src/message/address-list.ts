import type { Address, Refusal } from "../address/address.ts";
import { parseAddress } from "../address/path.ts";

/** More addresses than this in one field are refused; the octets of a field bound the work besides. */
const mostAddresses = 1_000;
/** Comments inside comments (RFC 5322 §3.2.2). */
const deepestComment = 50;

/**
 * The addresses of a From or Sender field (RFC 5322 §3.4, RFC 6854): display names, groups, comments and folding are read over.
 * The structure is read before anything is decoded: an encoded word is part of a name and makes no address (RFC 2047 §6.2).
 * One pass, no recursion. A refusal says what cannot be read, without quoting it.
 */
export function addressesIn(value: string): readonly Address[] | Refusal {
  const scanner = new Scanner(value);
  const addresses: Address[] = [];
  for (;;) {
    const item = scanner.next();
    if ("refused" in item) return item;
    if (item.text !== "") {
      const address = parseAddress(item.text, { kind: "reverse", allowsUtf8: true });
      if ("refused" in address) return { refused: `an address of the field cannot be read: ${address.refused}` };
      if (addresses.push(address) > mostAddresses)
        return { refused: `the field has more than ${mostAddresses} addresses` };
    }
    if (item.isLast) return addresses;
  }
}

type Item = { readonly text: string; readonly isLast: boolean };

/** Cuts a field at its commas and semicolons; of each piece only the address is kept. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next address ("" for an empty place or the end of a group). */
  next(): Item | Refusal {
    let words = "";
    let angle: string | null = null;
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      switch (character) {
        case "(":
          if (!this.#skipComment()) return { refused: "a comment does not end, or goes too deep" };
          break;
        case '"': {
          const quoted = this.#takeQuoted();
          if (quoted === null) return { refused: "a quoted string does not end" };
          words += quoted;
          break;
        }
        case "<": {
          if (angle !== null) return { refused: "two addresses in angle brackets stand side by side" };
          angle = this.#takeAngle();
          if (angle === null) return { refused: "an angle bracket is not closed" };
          break;
        }
        case ",":
        case ";":
          this.#at++;
          return { text: angle ?? words.trim(), isLast: false };
        case ":":
          // What stood before was the name of a group.
          words = "";
          this.#at++;
          break;
        default:
          words += character;
          this.#at++;
      }
    }
    return { text: angle ?? words.trim(), isLast: true };
  }

  #skipComment(): boolean {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (character === "\\") this.#at++;
      else if (character === "(" && ++depth > deepestComment) return false;
      else if (character === ")" && --depth === 0) {
        this.#at++;
        return true;
      }
    }
    return false;
  }

  #takeQuoted(): string | null {
    const start = this.#at;
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (character === "\\") this.#at++;
      else if (character === '"') return this.#text.slice(start, ++this.#at);
    }
    return null;
  }

  #takeAngle(): string | null {
    let inside = "";
    for (this.#at++; this.#at < this.#text.length;) {
      const character = this.#text.charAt(this.#at);
      if (character === ">") {
        this.#at++;
        return inside.trim();
      }
      if (character === '"') {
        const quoted = this.#takeQuoted();
        if (quoted === null) return null;
        inside += quoted;
      } else {
        inside += character;
        this.#at++;
      }
    }
    return null;
  }
}
