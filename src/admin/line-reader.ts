/** Cuts a stream of UTF-8 into lines; bounded. A line is handed out without its line feed. */
export class LineReader {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that `chunk` ends; `null` when a line is longer than the limit: the stream is of no more use. */
  push(chunk: Buffer): readonly string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      if (this.#length + piece.length > this.#limit) return null;
      if (piece.length > 0) this.#pieces.push(piece);
      this.#length += piece.length;
      if (end < 0) return lines;
      lines.push(Buffer.concat(this.#pieces).toString("utf8"));
      this.#pieces = [];
      this.#length = 0;
      from = end + 1;
    }
  }
}
