const LF = 0x0a;
const CR = 0x0d;
const nothing = new Uint8Array(0);

/** The header of a message, the empty line behind it, and so many lines of its body (RFC 1939 §7). */
export class Top {
  /** Lines of the body that are still wanted; null: inside the header. */
  #wanted: number | null = null;
  readonly #lines: number;
  /** Octets of the line that was begun, and whether the last of them was CR. */
  #length = 0;
  #endsWithCr = false;
  #isDone = false;

  constructor(lines: number) {
    this.#lines = lines;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** What belongs to it. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#isDone) return nothing;
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      this.#look(chunk.subarray(from, at));
      this.#endLine();
      from = at + 1;
      if (this.#isDone) return chunk.subarray(0, from);
    }
    this.#look(chunk.subarray(from));
    return chunk;
  }

  #look(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    this.#endsWithCr = piece.at(-1) === CR;
  }

  #endLine(): void {
    const isEmpty = this.#length === 0 || (this.#length === 1 && this.#endsWithCr);
    if (this.#wanted !== null) this.#wanted--;
    else if (isEmpty) this.#wanted = this.#lines;
    this.#length = 0;
    this.#isDone = this.#wanted !== null && this.#wanted <= 0;
  }
}
