import { isUtf8 } from "node:buffer";

const LF = 0x0a;
const CR = 0x0d;
const CRLF = "\r\n";
const nothing = Buffer.alloc(0);

/** Octets of a command line with its CRLF: 512 (RFC 5321 §4.5.3.1.4) and what extensions add to MAIL and RCPT, rounded up. */
export const maxCommandLine = 2_048;
/** Octets of a line in an AUTH exchange with its CRLF: RFC 4954 §4. */
export const maxAuthLine = 12_288;

export type Line =
  | { readonly flaw: null; readonly text: string; readonly isAscii: boolean }
  /** `text`: the octets as Latin-1, for EHLO, whose argument is taken however odd it is (field case O-16); else "". */
  | { readonly flaw: Flaw; readonly text: string };

export type Flaw = "too-long" | "bare-cr" | "bare-lf" | "nul" | "not-utf8";

/**
 * Bytes in, lines out. Only CRLF ends a line (RFC 5321 §2.3.8); one that is too long or holds a bare LF is reported
 * once, as soon as that is known, and thrown away up to its CRLF. The same lines come out however the bytes are cut.
 *
 * Holds what was pushed and not yet read; when everything was read, at most one incomplete line.
 */
export class LineDecoder {
  #buffer: Buffer = nothing;
  #at = 0;
  /** Inside the rest of a line that was reported already. */
  #isDiscarding = false;
  /** Octets still to throw away unseen. */
  #toSkip = 0;

  push(chunk: Buffer): void {
    const rest = this.#buffer.length - this.#at;
    this.#buffer = rest === 0 ? chunk : Buffer.concat([this.#buffer.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Octets held: the caller stops reading its socket when they grow while a question is open. */
  get size(): number {
    return this.#buffer.length - this.#at;
  }

  /** The next complete (or hopeless) line; `null`: more bytes are needed. `maxOctets` counts the CRLF. */
  next(maxOctets: number = maxCommandLine): Line | null {
    if (this.#toSkip > 0 && !this.#skipped()) return null;
    if (this.#isDiscarding && !this.#discarded()) return null;
    const buffer = this.#buffer;
    const start = this.#at;
    const end = buffer.indexOf(LF, start);
    if ((end < 0 ? buffer.length : end + 1) - start > maxOctets) return this.#reject("too-long", start);
    if (end < 0) {
      this.#keepRest();
      return null;
    }
    if (end === start || buffer[end - 1] !== CR) return this.#reject("bare-lf", end + 1);
    this.#advance(end + 1);
    return readLine(buffer, start, end - 1);
  }

  /** Bytes not yet read as lines: they begin the content after DATA and are dropped at STARTTLS (RFC 3207 §4.2). */
  takeRest(): Buffer {
    const rest = this.#buffer.subarray(this.#at);
    this.#advance(this.#buffer.length);
    this.#isDiscarding = false;
    return rest;
  }

  /** Throws the next octets away unseen: the chunk of a BDAT that was refused (RFC 3030 §2). */
  skip(octets: number): void {
    this.#toSkip += octets;
  }

  #skipped(): boolean {
    const count = Math.min(this.#toSkip, this.size);
    this.#toSkip -= count;
    this.#advance(this.#at + count);
    return this.#toSkip === 0;
  }

  #reject(flaw: Flaw, from: number): Line {
    this.#advance(from);
    this.#isDiscarding = true;
    this.#discarded();
    return { flaw, text: "" };
  }

  /** Whether the end of the line to discard was found. A last CR is kept: its LF may be in the next chunk. */
  #discarded(): boolean {
    const buffer = this.#buffer;
    const end = buffer.indexOf(CRLF, this.#at, "latin1");
    if (end >= 0) this.#advance(end + 2);
    else this.#advance(buffer.at(-1) === CR ? Math.max(this.#at, buffer.length - 1) : buffer.length);
    this.#isDiscarding = end < 0;
    return !this.#isDiscarding;
  }

  #advance(to: number): void {
    if (to === this.#buffer.length) {
      this.#buffer = nothing;
      this.#at = 0;
    } else this.#at = to;
  }

  /** Half a line may wait for minutes: it must not keep the socket's whole chunk alive. */
  #keepRest(): void {
    if (this.size === this.#buffer.buffer.byteLength || this.size === 0) return;
    const own = Buffer.allocUnsafeSlow(this.size);
    this.#buffer.copy(own, 0, this.#at);
    this.#buffer = own;
    this.#at = 0;
  }
}

/** Octets between `start` and `end`, without the CRLF and known to hold no LF. */
function readLine(buffer: Buffer, start: number, end: number): Line {
  let seen = 0;
  for (let at = start; at < end; at++) {
    const octet = buffer[at] ?? 0;
    seen |= octet;
    if (octet === CR) return { flaw: "bare-cr", text: "" };
    if (octet === 0) return { flaw: "nul", text: "" };
  }
  if (seen < 0x80) return { flaw: null, text: buffer.toString("latin1", start, end), isAscii: true };
  const octets = buffer.subarray(start, end);
  return isUtf8(octets)
    ? { flaw: null, text: octets.toString(), isAscii: false }
    : { flaw: "not-utf8", text: octets.toString("latin1") };
}
