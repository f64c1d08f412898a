const cr = 13;
const lf = 10;

/** Makes every line end CRLF, as mail has it here: archives on a disk mostly have LF alone. Pieces may be cut anywhere. */
export class CrlfMaker {
  #endsWithCr = false;

  push(piece: Buffer): Buffer {
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = piece.indexOf(lf); at >= 0; at = piece.indexOf(lf, at + 1)) {
      const before = at === 0 ? (this.#endsWithCr ? cr : 0) : piece[at - 1];
      if (before === cr) continue;
      pieces.push(piece.subarray(from, at), crlf);
      from = at + 1;
    }
    this.#endsWithCr = piece.at(-1) === cr;
    if (pieces.length === 0) return piece;
    pieces.push(piece.subarray(from));
    return Buffer.concat(pieces);
  }
}

const crlf = Buffer.from("\r\n");

/** The other way, for archives: CRLF becomes LF; a CR alone stays. */
export class LfMaker {
  #hasHeldCr = false;

  push(piece: Buffer): Buffer {
    const all = this.#hasHeldCr ? Buffer.concat([Buffer.from("\r"), piece]) : piece;
    this.#hasHeldCr = all.at(-1) === cr;
    const end = this.#hasHeldCr ? all.length - 1 : all.length;
    const pieces: Buffer[] = [];
    let from = 0;
    for (let at = all.indexOf("\r\n"); at >= 0; at = all.indexOf("\r\n", at + 2)) {
      pieces.push(all.subarray(from, at));
      from = at + 1;
    }
    pieces.push(all.subarray(from, end));
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  finish(): Buffer {
    return this.#hasHeldCr ? Buffer.from("\r") : Buffer.alloc(0);
  }
}
