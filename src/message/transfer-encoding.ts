// Content-transfer-encodings that make 8-bit octets travel as ASCII (RFC 2045 §6.7, §6.8), piece by piece.

export interface TransferEncoder {
  push(octets: Buffer): Buffer;
  /** What is still held back at the end of the body. */
  finish(): Buffer;
}

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SP = 0x20;
const EQUALS = 0x3d;
const hex = Buffer.from("0123456789ABCDEF");

/** Octets of an encoded line, its soft break's "=" left out (RFC 2045 §6.7 rule 5). */
const longestLine = 75;

/** CRLF stays a line end; a CR or LF by itself, and a blank at a line's end, are written out (rules 3 and 4). */
export class QuotedPrintableEncoder implements TransferEncoder {
  #column = 0;
  /** A blank that may turn out to stand at a line's end; 0: none. */
  #blank = 0;
  #hasCr = false;
  #out: Buffer = Buffer.alloc(0);
  #length = 0;

  push(octets: Buffer): Buffer {
    // Three octets for one, and a soft break for every 25 of them; what was held back comes on top.
    this.#out = Buffer.allocUnsafe(octets.length * 4 + 32);
    this.#length = 0;
    for (const octet of octets) this.#take(octet);
    return this.#out.subarray(0, this.#length);
  }

  finish(): Buffer {
    this.#out = Buffer.allocUnsafe(32);
    this.#length = 0;
    if (this.#hasCr) {
      this.#releaseBlank();
      this.#escape(CR);
    } else if (this.#blank !== 0) this.#escape(this.#blank);
    return this.#out.subarray(0, this.#length);
  }

  #take(octet: number): void {
    if (this.#hasCr) {
      this.#hasCr = false;
      if (octet === LF) return this.#endLine();
      this.#releaseBlank();
      this.#escape(CR);
    }
    if (octet === CR) this.#hasCr = true;
    else {
      this.#releaseBlank();
      if (octet === SP || octet === TAB) this.#blank = octet;
      else if (octet > SP && octet < 0x7f && octet !== EQUALS) this.#write(octet);
      else this.#escape(octet);
    }
  }

  #endLine(): void {
    if (this.#blank !== 0) this.#escape(this.#blank);
    this.#blank = 0;
    this.#out[this.#length++] = CR;
    this.#out[this.#length++] = LF;
    this.#column = 0;
  }

  #releaseBlank(): void {
    if (this.#blank !== 0) this.#write(this.#blank);
    this.#blank = 0;
  }

  #write(octet: number): void {
    this.#makeRoom(1);
    this.#out[this.#length++] = octet;
  }

  #escape(octet: number): void {
    this.#makeRoom(3);
    this.#out[this.#length++] = EQUALS;
    this.#out[this.#length++] = hex[octet >> 4]!;
    this.#out[this.#length++] = hex[octet & 15]!;
  }

  #makeRoom(octets: number): void {
    if (this.#column + octets > longestLine) {
      this.#out[this.#length++] = EQUALS;
      this.#out[this.#length++] = CR;
      this.#out[this.#length++] = LF;
      this.#column = 0;
    }
    this.#column += octets;
  }
}

/** Octets that make a line of 76 characters. */
const octetsALine = 57;
const crlf = Buffer.from("\r\n");

/** Every octet as it is, line ends too; no line end behind the last line. */
export class Base64Encoder implements TransferEncoder {
  #rest: Buffer = Buffer.alloc(0);
  #hasLine = false;

  push(octets: Buffer): Buffer {
    const all = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    const whole = all.length - (all.length % octetsALine);
    this.#rest = Buffer.from(all.subarray(whole));
    return this.#lines(all.subarray(0, whole));
  }

  finish(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return this.#lines(rest);
  }

  #lines(octets: Buffer): Buffer {
    const pieces: Buffer[] = [];
    for (let at = 0; at < octets.length; at += octetsALine) {
      if (this.#hasLine) pieces.push(crlf);
      this.#hasLine = true;
      pieces.push(Buffer.from(octets.toString("base64", at, at + octetsALine), "latin1"));
    }
    return Buffer.concat(pieces);
  }
}
