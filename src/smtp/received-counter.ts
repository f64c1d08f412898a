const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const name = Buffer.from("received");

/** Counts the Received fields of a header while its octets pass by, cut anyhow; sees nothing behind the empty line. */
export class ReceivedCounter {
  #count = 0;
  /** Octets of this line that agree with the field name; -1: it is another line. */
  #matched = 0;
  /** Only a CR, or nothing, stands on this line yet. */
  #isEmpty = true;
  #isOver = false;

  get count(): number {
    return this.#count;
  }

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && !this.#isOver) {
      if (this.#matched < 0) {
        const end = piece.indexOf(LF, at);
        if (end < 0) return;
        at = end;
      }
      this.#take(piece[at] ?? 0);
      at++;
    }
  }

  #take(octet: number): void {
    if (octet === LF) {
      this.#isOver = this.#isEmpty;
      this.#isEmpty = true;
      this.#matched = 0;
    } else if (octet === CR) {
      if (!this.#isEmpty) this.#matched = -1;
    } else {
      this.#isEmpty = false;
      this.#match(octet);
    }
  }

  #match(octet: number): void {
    if (this.#matched === name.length) {
      if (octet === COLON) this.#count++;
      // Blanks before the colon: RFC 5322 §4.5.
      if (octet !== 0x20 && octet !== 0x09) this.#matched = -1;
    } else this.#matched = (octet | 0x20) === name[this.#matched] ? this.#matched + 1 : -1;
  }
}
