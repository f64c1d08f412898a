/**
 * Letters A to Z only: lower case by Unicode turns "K" (the Kelvin sign) into "k", and one name into another. A name beyond ASCII
 * is left as it is and matches none of ours.
 */
export function lowerAscii(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether a name can stand in a question: printable ASCII, labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4). */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[!-\-/-~]{1,63}(?:\.[!-\-/-~]{1,63})*$/.test(name);
}
