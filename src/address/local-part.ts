import type { Refusal } from "./address.ts";

export type LocalPartRead = {
  /** Quotes and quoted-pairs undone, case as received. */
  readonly value: string;
  /** Written as a quoted-string. */
  readonly isQuoted: boolean;
  /** How long it is as written, in UTF-8 octets. */
  readonly octets: number;
  /** The index behind it. */
  readonly end: number;
};

/** RFC 5321 §4.5.3.1.1, in octets of UTF-8 as written (RFC 6531 §3.3). */
const longestOctets = 64;

/** RFC 6531 §3.2: non-ASCII is for transactions that ask for SMTPUTF8. One object, so that callers may know it. */
export const needsUtf8: Refusal = { refused: "characters outside ASCII need SMTPUTF8" };

const quote = 0x22;
const backslash = 0x5c;
const dot = 0x2e;

/** Reads a dot-string or quoted-string (RFC 5321 §4.1.2) that begins at `at`; it ends where its grammar ends. */
export function readLocalPart(
  text: string,
  at: number,
  { allowsUtf8 }: { allowsUtf8: boolean },
): LocalPartRead | Refusal {
  const isQuoted = text.charCodeAt(at) === quote;
  const end = isQuoted ? quotedStringEnd(text, at) : dotStringEnd(text, at);
  if (typeof end === "object") return end;
  const written = text.slice(at, end);
  let octets = written.length;
  if (!isAscii(written)) {
    if (!allowsUtf8) return needsUtf8;
    if (!isPrintable(written)) return { refused: "the local part holds characters that cannot be shown" };
    octets = Buffer.byteLength(written);
  }
  if (octets > longestOctets) return tooLong;
  return { value: isQuoted ? unquote(written) : written, isQuoted, octets, end };
}

/** The shortest text that means this value: as it stands if that is a dot-string, else quoted with no more backslashes than needed. */
export function formatLocalPart(value: string): string {
  const isDotString = dotStringEnd(value, 0) === value.length;
  return isDotString ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

const tooLong: Refusal = { refused: "the local part is longer than 64 octets" };

/** Atom *("." Atom): no dot at the edges, no two in a row. */
function dotStringEnd(text: string, at: number): number | Refusal {
  let i = at;
  let wasDot = true;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (wasDot) return misplacedDot;
      wasDot = true;
    } else if (code > 0x7f || isAtext[code] === 1) wasDot = false;
    else break;
    if (i - at > longestOctets) return tooLong;
  }
  if (i === at) return { refused: "the local part is empty or begins with a character that needs quotes" };
  return wasDot ? misplacedDot : i;
}

const misplacedDot: Refusal = { refused: "a dot at the edge of the local part, or two in a row" };

/** DQUOTE *QcontentSMTP DQUOTE: printable ASCII and blanks, `"` and `\` behind a backslash. */
function quotedStringEnd(text: string, at: number): number | Refusal {
  for (let i = at + 1; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === quote) return i + 1;
    if (code === backslash) {
      code = text.charCodeAt(++i);
      // quoted-pairSMTP takes no UTF-8 (RFC 6531 §3.3 widens qtextSMTP only); NaN at the end of the text.
      if (!(code <= 0x7e)) return badQuoted;
    }
    if (code < 0x20 || code === 0x7f) return badQuoted;
    if (i - at > longestOctets) return tooLong;
  }
  return { refused: "the quoted local part does not end" };
}

const badQuoted: Refusal = { refused: "the quoted local part holds a character that it may not hold" };

function unquote(written: string): string {
  const inside = written.slice(1, -1);
  return inside.includes("\\") ? inside.replace(/\\(.)/g, "$1") : inside;
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * Deviation: RFC 6531 §3.3 takes any UTF-8. C1 controls would steer terminals that show a log; a lone surrogate or U+FFFD
 * is what became of bytes that were no UTF-8, so that many addresses would look like one.
 */
function isPrintable(text: string): boolean {
  return text.isWellFormed() && !/[\u0080-\u009f\ufffd]/.test(text);
}

const isAtext = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~".split("")) {
  isAtext[character.charCodeAt(0)] = 1;
}
