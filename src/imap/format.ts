import { writeMailboxName } from "./mailbox-name.ts";

export const nil = "NIL";

/**
 * Text as a string of RFC 9051 §9: quoted where it may be, else a literal. Quoted strings have ASCII, or UTF-8 when the session enabled
 * UTF8=ACCEPT or IMAP4rev2 (`isUtf8`); never CR, LF or NUL (field case O-46). No string at all may hold a NUL: it becomes U+FFFD.
 */
export function formatString(text: string, isUtf8: boolean): string {
  if (plain.test(text)) return `"${text}"`;
  const safe = text.replaceAll("\0", "\ufffd").toWellFormed();
  if ((isUtf8 ? quotableUtf8 : quotable).test(safe)) return `"${safe.replace(/["\\]/g, "\\$&")}"`;
  return `{${Buffer.byteLength(safe)}}\r\n${safe}`;
}

export function formatNString(text: string | null, isUtf8: boolean): string {
  return text === null ? nil : formatString(text, isUtf8);
}

/** As an atom where that can be nothing else. */
export function formatAstring(text: string, isUtf8: boolean): string {
  return atom.test(text) && text.toUpperCase() !== nil ? text : formatString(text, isUtf8);
}

export function formatMailboxName(name: string, isUtf8: boolean): string {
  return formatAstring(writeMailboxName(name, isUtf8), isUtf8);
}

const plain = /^[ !#-[\]-~]{0,1000}$/;
const quotable = /^[\t -~]{0,1000}$/;
const quotableUtf8 = /^[^\0\r\n]{0,1000}$/;
/** ASTRING-CHAR but for "+": a tag has none, and no tool needs to know the difference. "#" begins namespaces, "~" a literal8. */
const atom = /^[A-Za-z0-9$&',\-./:;<=>?@^_`|}\]!][A-Za-z0-9$&',\-./:;<=>?@^_`|}\]!#~+]{0,200}$/;
