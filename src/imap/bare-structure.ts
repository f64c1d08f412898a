const quote = 34;
const backslash = 92;
const open = 40;
const close = 41;
const brace = 123;
const space = 32;

/**
 * BODY of a BODYSTRUCTURE: the same without extension data (RFC 9051 §7.5.2). Only for what `formatBodyStructure` wrote, whose
 * parts have all the fields that there are.
 */
export function withoutExtensions(structure: Uint8Array): Buffer {
  const cutter = new Cutter(Buffer.from(structure.buffer, structure.byteOffset, structure.length));
  cutter.body();
  return cutter.result();
}

class Cutter {
  readonly #octets: Buffer;
  readonly #kept: Buffer[] = [];
  #at = 0;
  #keptUpTo = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  result(): Buffer {
    this.#keep();
    return Buffer.concat(this.#kept);
  }

  /** As deep as the parts are: at most a hundred. */
  body(): void {
    this.#at++;
    if (this.#octets[this.#at] === open) {
      while (this.#octets[this.#at] === open) this.body();
      // The subtype; then parameters, disposition, languages and location.
      this.#skip(1);
    } else {
      const start = this.#at;
      this.#skip(1);
      const type = this.#octets.toString("latin1", start, this.#at);
      // Subtype, parameters, id, description, encoding and size.
      this.#skip(6);
      if (this.#octets[this.#at + 1] === open) {
        this.#skip(1);
        this.#at++;
        this.body();
        this.#skip(1);
      } else if (type === '"text"') this.#skip(1);
    }
    this.#keep();
    while (this.#octets[this.#at] !== close) this.#skip(1);
    this.#keptUpTo = this.#at++;
  }

  #keep(): void {
    this.#kept.push(this.#octets.subarray(this.#keptUpTo, this.#at));
    this.#keptUpTo = this.#at;
  }

  /** Over so many values, each with the space before it. */
  #skip(values: number): void {
    for (; values > 0; values--) {
      if (this.#octets[this.#at] === space) this.#at++;
      let depth = 0;
      do {
        const octet = this.#octets[this.#at];
        if (octet === open) depth++;
        else if (octet === close) depth--;
        if (octet === quote) this.#at = this.#endOfQuoted();
        else if (octet === brace) this.#at = this.#endOfLiteral();
        else if (octet === open || octet === close || octet === space) this.#at++;
        else this.#at = this.#endOfAtom();
      } while (depth > 0);
    }
  }

  #endOfQuoted(): number {
    let at = this.#at + 1;
    for (; this.#octets[at] !== quote && at < this.#octets.length; at++) if (this.#octets[at] === backslash) at++;
    return at + 1;
  }

  #endOfLiteral(): number {
    const end = this.#octets.indexOf("}", this.#at);
    return end + 3 + Number(this.#octets.toString("latin1", this.#at + 1, end));
  }

  #endOfAtom(): number {
    let at = this.#at;
    for (; at < this.#octets.length; at++) {
      const octet = this.#octets[at];
      if (octet === space || octet === open || octet === close) break;
    }
    return at;
  }
}
