import { isUtf8 } from "node:buffer";
import { decodeCharset } from "./charset.ts";
import type { OctetText } from "./fields.ts";

/** `=?charset*language?encoding?text?=` (RFC 2047 §2, RFC 2231 §5). Blanks in the text are forgiven, as other readers do. */
const word = /=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([bq])\?([^?\r\n]{0,10000})\?=/gi;

type Word = { readonly charset: string; readonly octets: Buffer };

/**
 * The text of an unfolded field value: encoded words are decoded, what stands beside them is UTF-8 (RFC 6532) or, where it is not,
 * Western European. Blanks between two words are none (RFC 2047 §6.2), and octets of a character may be cut between words
 * of the same charset, as many senders do.
 */
export function decodeWords(value: OctetText): string {
  if (!value.includes("=?")) return plain(value);
  let text = "";
  let from = 0;
  let pending: Word | null = null;
  for (const found of value.matchAll(word)) {
    const between = value.slice(from, found.index);
    const next: Word = { charset: (found[1] ?? "").toLowerCase(), octets: decodeWord(found[2] ?? "", found[3] ?? "") };
    if (pending !== null && /^[ \t]*$/.test(between)) {
      if (pending.charset === next.charset) pending = { ...next, octets: Buffer.concat([pending.octets, next.octets]) };
      else {
        text += decodeCharset(pending.octets, pending.charset);
        pending = next;
      }
    } else {
      if (pending !== null) text += decodeCharset(pending.octets, pending.charset);
      text += plain(between);
      pending = next;
    }
    from = found.index + found[0].length;
  }
  if (pending !== null) text += decodeCharset(pending.octets, pending.charset);
  return text + plain(value.slice(from));
}

function decodeWord(encoding: string, text: OctetText): Buffer {
  if (encoding.toLowerCase() === "b") return Buffer.from(text, "base64");
  const octets = text
    .replaceAll("_", " ")
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, "latin1");
}

function plain(text: OctetText): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const octets = Buffer.from(text, "latin1");
  return isUtf8(octets) ? octets.toString() : decodeCharset(octets, null);
}

/** Octets that fit into an encoded word of 75 characters in base64 (RFC 2047 §2): its frame takes twelve, four characters hold three. */
const octetsAWord = 45;

/** Text as encoded words in UTF-8, each of whole characters (RFC 2047 §5 rule 3), folded between them. */
export function encodeWords(text: string): OctetText {
  const words: string[] = [];
  let piece = "";
  let octets = 0;
  for (const character of text) {
    const length = Buffer.byteLength(character);
    if (octets + length > octetsAWord) {
      words.push(encodeWord(piece));
      piece = "";
      octets = 0;
    }
    piece += character;
    octets += length;
  }
  if (piece !== "") words.push(encodeWord(piece));
  return words.join("\r\n ");
}

const encodeWord = (text: string) => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
