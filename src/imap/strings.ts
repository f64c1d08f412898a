import type { OctetText } from "../message/fields.ts";

/** Octets that a quoted string cannot hold, or holds only behind a backslash (RFC 9051 §9 `QUOTED-CHAR`). */
const notPlain = /["\\\0\r\n\x80-\xff]/;
const onlyInLiteral = /[\0\r\n\x80-\xff]/;

/**
 * `nstring` of RFC 9051 §9, as octets in latin1. A literal holds 8-bit octets for every client; it cannot hold NUL, which is left out (field
 * case O-46).
 */
export function nstring(text: OctetText | null): OctetText {
  if (text === null) return "NIL";
  if (!notPlain.test(text)) return `"${text}"`;
  if (!onlyInLiteral.test(text)) return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  const held = text.replaceAll("\0", "");
  return `{${held.length}}\r\n${held}`;
}
