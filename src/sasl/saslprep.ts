import type { Refusal } from "../address/address.ts";

/** Longest name or password that is looked at, in UTF-16 units; RFC 4616 §2 asks for 255 octets at least. */
const longest = 1024;

const onlyPrintableAscii = /^[\x20-\x7e]*$/;

/** RFC 3454 table C.1.2: spaces that become U+0020. */
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/**
 * RFC 3454 table B.1: commonly mapped to nothing. One alternative each: joiners and selectors in a class look like a
 * mistake.
 */
const mappedToNothing =
  /\u{ad}|\u{34f}|\u{1806}|\u{180b}|\u{180c}|\u{180d}|\u{200c}|\u{200d}|\u{2060}|[\u{fe00}-\u{fe0f}]|\u{feff}/gu;

/**
 * RFC 4013 §2.3, what must not stand in the result: RFC 3454 tables C.1.2, C.2.1, C.2.2, C.3 (private use), C.4 (not
 * characters), C.5 (surrogates), C.6, C.7, C.8 (marks that change the display) and C.9 (tags).
 */
const prohibited = new RegExp(
  [
    "[\\u00a0\\u1680\\u2000-\\u200b\\u202f\\u205f\\u3000]", // C.1.2
    "\\p{Cc}|[\\u06dd\\u070f\\u180e\\u200c\\u200d\\u2028\\u2029\\u2060-\\u2063\\u206a-\\u206f\\ufeff\\ufff9-\\ufffc]|[\\u{1d173}-\\u{1d17a}]", // C.2
    "\\p{Co}|\\p{Noncharacter_Code_Point}|\\p{Cs}", // C.3, C.4, C.5
    "\\ufffd|[\\u2ff0-\\u2ffb]", // C.6, C.7
    "[\\u0340\\u0341\\u200e\\u200f\\u202a-\\u202e]", // C.8
    "[\\u{e0001}\\u{e0020}-\\u{e007f}]", // C.9
  ].join("|"),
  "u",
);

/**
 * Letters by script, for the bidirectional rule: regular expressions do not know the bidi classes of RFC 3454 table
 * D.1 and D.2.
 */
const rightToLeft = /[[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]&&\p{L}]/v;
const leftToRight = /[\p{L}--[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]]/v;

/**
 * Prepares a user name or a password so that equal ones are equal octets (RFC 4013, SASLprep).
 *
 * Deviation: RFC 4013 rests on Unicode 3.2 (RFC 3454). Normalisation is that of the running Unicode version and code
 * points that were unassigned in 3.2 are allowed, because people use them; the bidirectional rule
 * (RFC 3454 §6) goes by script instead of by bidi class. The prohibited tables are complete.
 */
export function saslprep(text: string): string | Refusal {
  if (text.length === 0) return { refused: "it is empty" };
  if (text.length > longest) return { refused: `it is longer than ${longest} characters` };
  if (onlyPrintableAscii.test(text)) return text;
  const prepared = text.replace(otherSpaces, " ").replace(mappedToNothing, "").normalize("NFKC");
  if (prepared.length === 0) return { refused: "nothing is left of it after preparation" };
  if (prohibited.test(prepared)) return { refused: "it has a character that SASLprep prohibits" };
  if (mixesDirections(prepared)) return { refused: "it mixes right-to-left and left-to-right text" };
  return prepared;
}

/** RFC 3454 §6: right-to-left text has no left-to-right letter, and begins and ends with a right-to-left one. */
function mixesDirections(text: string): boolean {
  if (!rightToLeft.test(text)) return false;
  const characters = Array.from(text);
  return leftToRight.test(text) || !rightToLeft.test(characters.at(0)!) || !rightToLeft.test(characters.at(-1)!);
}
