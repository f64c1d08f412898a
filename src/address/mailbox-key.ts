import type { Address } from "./address.ts";

/** Whether text has letters whose case or composition needs more than ASCII's rules. */
const beyondAscii = /[^\0-\x7f]/;

/** Local parts of mailboxes are compared without case (relay-policy §2.6), composed or not. */
export function foldLocalPart(localPart: string): string {
  const folded = localPart.toLowerCase();
  return beyondAscii.test(folded) ? folded.normalize("NFC") : folded;
}

/** One text for all spellings of an address here. */
export function mailboxKey({ localPart, domain }: Pick<Address, "localPart" | "domain">): string {
  return `${foldLocalPart(localPart)}@${domain}`;
}

/** RFC 5321 §4.5.1: in any case, in any domain of ours, at our literals, and without a domain. */
export function isPostmaster(address: Address): boolean {
  return address.localPart.length === "postmaster".length && address.localPart.toLowerCase() === "postmaster";
}
