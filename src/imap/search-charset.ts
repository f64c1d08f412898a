import { isUtf8 } from "node:buffer";

/** How the texts of a search are written (RFC 9051 §6.4.4). */
export type Charset = { readonly name: string; readonly decode: (octets: Buffer) => string | null };

const utf8: Charset = { name: "UTF-8", decode: (octets) => (isUtf8(octets) ? octets.toString() : null) };

/** Names as IANA has them, without those whose octets could not stand in a string, and in BADCHARSET's order. */
const names = [
  "US-ASCII",
  "UTF-8",
  ...[1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16].map((part) => `ISO-8859-${part}`),
  ...[1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => `WINDOWS-${page}`),
  "KOI8-R",
  "KOI8-U",
  "ISO-2022-JP",
  "SHIFT_JIS",
  "EUC-JP",
  "EUC-KR",
  "GB2312",
  "GBK",
  "GB18030",
  "BIG5",
] as const;

/** As they stand in BADCHARSET. */
export const charsets = names.join(" ");

/**
 * null: it is none that is known. Without one the text is ASCII; octets beyond it are taken for UTF-8, which is what clients
 * that forget the charset send, and anything else is refused rather than searched for wrongly (field case O-44).
 */
export function charsetOf(name: string | null): Charset | null {
  const known = name === null ? "US-ASCII" : names.find((one) => one === name.toUpperCase());
  if (known === undefined) return null;
  if (known === "UTF-8" || known === "US-ASCII") return utf8;
  return { name: known, decode: (octets) => decode(octets, known) };
}

function decode(octets: Buffer, name: string): string | null {
  try {
    return new TextDecoder(name, { fatal: true }).decode(octets);
  } catch {
    return null;
  }
}
