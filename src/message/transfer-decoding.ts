import type { Encoding } from "./structure.ts";

// Content-transfer-encodings undone (RFC 2045 §6.7, §6.8), piece by piece and as far as it goes: what is no encoding stays or is left out, as with all
// readers of mail.

export interface TransferDecoder {
  push(octets: Buffer): Buffer;
  /** What is still held back at the end of the body. */
  finish(): Buffer;
}

const nothing: Buffer = Buffer.alloc(0);

/** null: nobody here can undo it. */
export function decoderOf(encoding: Encoding): TransferDecoder | null {
  switch (encoding) {
    case "identity":
      return { push: (octets) => octets, finish: () => nothing };
    case "base64":
      return new Base64Decoder();
    case "quoted-printable":
      return new QuotedPrintableDecoder();
    case "unknown":
      return null;
  }
}

/** All of a body at once; `encoding` is one that can be undone. */
export function decodeBody(octets: Buffer, encoding: Exclude<Encoding, "unknown">): Buffer {
  const decoder = decoderOf(encoding);
  if (decoder === null) return octets;
  const most = decoder.push(octets);
  const rest = decoder.finish();
  return rest.length === 0 ? most : Buffer.concat([most, rest]);
}

/** Octets outside of the alphabet are left out. Padding ends a quantum, and what follows begins a new one, as where two bodies were joined. */
class Base64Decoder implements TransferDecoder {
  /** Fewer than four characters. */
  #held = "";

  push(octets: Buffer): Buffer {
    const text = octets.toString("latin1").replaceAll(/[^A-Za-z0-9+/=]+/g, "");
    return this.#decode(this.#held + text, false);
  }

  finish(): Buffer {
    return this.#decode(this.#held, true);
  }

  #decode(text: string, isEnd: boolean): Buffer {
    this.#held = "";
    const runs = text.split(/=+/);
    const last = runs.pop() ?? "";
    const whole = isEnd ? last.length : last.length - (last.length % 4);
    this.#held = last.slice(whole);
    const tail = Buffer.from(last.slice(0, whole), "base64");
    return runs.length === 0 ? tail : Buffer.concat([...runs.map((run) => Buffer.from(run, "base64")), tail]);
  }
}

/** A line longer than this is decoded before its end is known. */
const longestLine = 4_096;

class QuotedPrintableDecoder implements TransferDecoder {
  /** The last line, of which the end may be a soft break or blanks that do not count. */
  #held = "";

  push(octets: Buffer): Buffer {
    const text = this.#held + octets.toString("latin1");
    const lineEnd = text.lastIndexOf("\n") + 1;
    const end = text.length - lineEnd <= longestLine ? lineEnd : undecided(text);
    this.#held = text.slice(end);
    return decodeLines(text.slice(0, end));
  }

  finish(): Buffer {
    const text = this.#held;
    this.#held = "";
    // A soft break or blanks at the very end stand before nothing (rule 3).
    return decodeLines(text.replace(/[ \t]{1,1000}\r?$/, "").replace(/=$/, ""));
  }
}

/** Where blanks or the beginning of an escape begin at the end of a text that goes on. */
function undecided(text: string): number {
  let end = text.length;
  while (end > 0 && text.length - end < 1_000 && " \t\r".includes(text.charAt(end - 1))) end--;
  const escape = text.lastIndexOf("=");
  return escape >= end - 2 && escape >= 0 ? escape : end;
}

/** Rules 1, 3 and 5. Blanks are bounded so that a line of them costs no more than any other. */
function decodeLines(text: string): Buffer {
  let plain = text;
  if (/[ \t]\r?\n/.test(plain)) plain = plain.replaceAll(/(?<![ \t])[ \t]{1,1000}(?=\r?\n)/g, "");
  if (plain.includes("="))
    plain = plain.replaceAll(/=(?:\r?\n|([0-9A-Fa-f]{2}))/g, (_, hex: string | undefined) =>
      hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(plain, "latin1");
}
