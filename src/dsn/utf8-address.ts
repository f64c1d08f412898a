// Addresses beyond ASCII in reports and in ORCPT: the address type "utf-8" of RFC 6533 §3.

/** The form that any host and any reader takes (utf-8-addr-xtext): "\x{E9}" for what is beyond ASCII. */
export function encodeUtf8Address(address: string): string {
  return address.replace(/[^\x21-\x7e]|[\\+=]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `\\x{${point.toString(16).toUpperCase().padStart(2, "0")}}`;
  });
}

/** What "\x{…}" stands for, in either encoded form; what is no such escape stays as it is. */
export function decodeUtf8Address(encoded: string): string {
  return encoded.replace(/\\x\{([0-9A-F]{2,6})\}/g, (escape, hex: string) => {
    const point = Number.parseInt(hex, 16);
    const isScalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return isScalar ? String.fromCodePoint(point) : escape;
  });
}

/** An ORCPT value for a host that was not asked for SMTPUTF8 (RFC 6533 §3); nearly always it is fit for it as it came. */
export function asciiOriginalRecipient(orcpt: string): string {
  return orcpt.replace(/[^\0-\x7f]/gu, encodeUtf8Address);
}
