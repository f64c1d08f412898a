import { isAscii, isUtf8 } from "node:buffer";
import { TextDecoder } from "node:util";
import iconv from "iconv-lite";

/** Names that strangers use and the Encoding Standard does not have. */
const others: Readonly<Record<string, string>> = {
  cp1250: "windows-1250",
  cp1251: "windows-1251",
  cp1252: "windows-1252",
  "iso-8859-8-e": "iso-8859-8",
  "ansi_x3.4-1986": "windows-1252",
};

type Decode = (octets: Buffer) => string;

const decoders = new Map<string, Decode | null>();
/** Strangers choose the names: more of them than there are charsets are not kept. */
const mostDecoders = 200;

/**
 * Octets as text, by the charset of RFC 2045's parameter or RFC 2047's word; what is broken becomes U+FFFD. Octets of a charset that nobody
 * here knows, or of none, are taken for UTF-8 when they are that, else for Western European: so most of what is mislabelled can
 * be read.
 */
export function decodeCharset(octets: Buffer, charset: string | null): string {
  const name = charset?.trim().toLowerCase() ?? "";
  // ASCII is the same in most of them.
  if (isAscii(octets) && !/^(?:utf-?(?:7|16|32)|iso-2022|hz)/.test(name)) return octets.toString("latin1");
  if (name === "" || name === "us-ascii" || name === "ascii" || name.startsWith("unknown")) return guessed(octets);
  if (name === "utf-8" || name === "utf8") return octets.toString();
  const decode = decoderOf(name) ?? guessed;
  return decode(octets);
}

function guessed(octets: Buffer): string {
  return isUtf8(octets) ? octets.toString() : western.decode(octets);
}

const western = new TextDecoder("windows-1252");

function decoderOf(name: string): Decode | null {
  const known = decoders.get(name);
  if (known !== undefined) return known;
  const decode = name.length > 60 ? null : (standardDecoder(others[name] ?? name) ?? otherDecoder(name));
  if (decoders.size < mostDecoders) decoders.set(name, decode);
  return decode;
}

function standardDecoder(name: string): Decode | null {
  try {
    const decoder = new TextDecoder(name, { ignoreBOM: false });
    return (octets) => decoder.decode(octets);
  } catch {
    // No charset that the Encoding Standard knows.
    return null;
  }
}

/** UTF-7, the code pages of DOS and others that no browser reads. */
function otherDecoder(name: string): Decode | null {
  return iconv.encodingExists(name) ? (octets) => iconv.decode(octets, name) : null;
}
