const crlf = Buffer.from("\r\n");
const end = Buffer.from(".\r\n");
const crlfDot = Buffer.from("\r\n.");
const dot = Buffer.from(".");

/** Content as it goes over the wire (RFC 5321 §4.5.2): dots at a line's start doubled, CRLF added when missing, the final dot. */
export class DotStuffer {
  /** The last two octets sent; a content begins at a line's start. */
  #tail: Buffer = crlf;

  /** Slices of the chunk with dots between; no copy where there is nothing to double. */
  push(chunk: Uint8Array): Buffer[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (bytes.length === 0) return [];
    const pieces: Buffer[] = [];
    let from = 0;
    for (const at of this.#dotsIn(bytes)) {
      pieces.push(bytes.subarray(from, at), dot);
      from = at;
    }
    pieces.push(bytes.subarray(from));
    this.#tail = bytes.length >= 2 ? bytes.subarray(-2) : Buffer.concat([this.#tail, bytes]).subarray(-2);
    return pieces;
  }

  /** What ends the content: CRLF if the last line has none, then the dot. */
  finish(): Buffer[] {
    return this.#tail.equals(crlf) ? [end] : [crlf, end];
  }

  /** Where a dot stands at a line's start. */
  *#dotsIn(bytes: Buffer): Generator<number> {
    const before = Buffer.concat([this.#tail, bytes.subarray(0, 2)]);
    if (before.indexOf(crlfDot) === 0) yield 0;
    if (before.indexOf(crlfDot, 1) === 1) yield 1;
    for (let at = bytes.indexOf(crlfDot); at >= 0; at = bytes.indexOf(crlfDot, at + 2)) yield at + 2;
  }
}
