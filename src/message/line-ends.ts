const LF = 0x0a;
const CR = 0x0d;
const crlf = Buffer.from("\r\n");
const feed = Buffer.from("\n");
const nothing = Buffer.alloc(0);

/**
 * A message as lines of text, each ended by CRLF, the last one too: what POP3 sends (RFC 1939 §3, §11). A LF alone ends a line, as old files
 * have it; a CR alone ends none. Whatever reads lines by LF alone then finds the same ones, and no dot where we saw none.
 */
export class TextLines {
  #last = LF;
  #size = 0;

  /** Octets as text, up to here; with `finish` all of them. */
  get size(): number {
    return this.#size + this.#end.length;
  }

  /** Slices of the chunk, with line ends in between where one is incomplete; no copy where all are complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      if ((at === 0 ? this.#last : chunk[at - 1]) === CR) continue;
      if (at > from) pieces.push(chunk.subarray(from, at));
      pieces.push(crlf);
      this.#size++;
      from = at + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
    this.#size += chunk.length;
    this.#last = chunk.at(-1) ?? this.#last;
    return pieces;
  }

  /** The end of the last line, where it has none. */
  finish(): Uint8Array[] {
    return this.#end.length === 0 ? [] : [this.#end];
  }

  /** What the last line lacks; a CR that ends it lacks LF only. */
  get #end(): Buffer {
    return this.#last === LF ? nothing : this.#last === CR ? feed : crlf;
  }
}

/** Counts what `TextLines` would give, and keeps nothing. */
export function textSizeOf(message: Uint8Array): number {
  const lines = new TextLines();
  lines.push(message);
  return lines.size;
}
