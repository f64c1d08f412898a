import { foldLocalPart, mailboxKey } from "../address/mailbox-key.ts";
import type { Address } from "../address/address.ts";
import { formatLocalPart, readLocalPart } from "../address/local-part.ts";
import { parseAddress } from "../address/path.ts";
import { coversForm, type DomainForm, formatDomainForm } from "./domain-forms.ts";
import type { Fields } from "./fields.ts";
import { quote } from "./problems.ts";

/** The recipients that an entry of the routing table lists (relay-policy §2.1), compared as mailboxes are: without case. */
export type RecipientList = {
  /** Local parts that count in every domain of the entry. */
  readonly localParts: ReadonlySet<string>;
  /** Full addresses. */
  readonly addresses: ReadonlySet<string>;
};

export function isListed({ localParts, addresses }: RecipientList, address: Address): boolean {
  return localParts.has(foldLocalPart(address.localPart)) || addresses.has(mailboxKey(address));
}

/** Whether a recipient of this name is listed in any domain. */
export function listsLocalPart({ localParts, addresses }: RecipientList, localPart: string): boolean {
  return localParts.has(localPart) || [...addresses].some((address) => address.startsWith(`${localPart}@`));
}

/** Both kinds in one sorted list, for comparing and for people. */
export function listedRecipients({ localParts, addresses }: RecipientList): readonly string[] {
  return [...[...localParts].map(formatLocalPart), ...addresses].toSorted();
}

/** Reads `recipients: [ anna, ben@branch.example ]`; every item is read by the parser that reads RCPT. */
export function readRecipientList(fields: Fields, key: string, form: DomainForm): RecipientList {
  const localParts = new Set<string>();
  const addresses = new Set<string>();
  for (const { text, at } of fields.scalars(key, "anna, ben@branch.example") ?? []) {
    const read = readListed(text.trim(), form);
    if ("refused" in read) {
      fields.complainAt(at, key, `${quote(text)}: ${read.refused}`);
      continue;
    }
    const kept = read.isAnywhere ? localParts : addresses;
    if (kept.has(read.key)) fields.complainAt(at, key, `${quote(text)} is listed already`);
    kept.add(read.key);
  }
  for (const address of addresses) {
    const localPart = address.slice(0, address.lastIndexOf("@"));
    if (localParts.has(localPart)) fields.complain(key, `${quote(address)} is listed without its domain already`);
  }
  return { localParts, addresses };
}

type Listed = { readonly key: string; readonly isAnywhere: boolean };

/** A whole text that is a local part is one; else it is a full address, of a domain that the entry covers. */
function readListed(text: string, form: DomainForm): Listed | { readonly refused: string } {
  const local = readLocalPart(text, 0, { allowsUtf8: true });
  if (!("refused" in local) && local.end === text.length) return { key: foldLocalPart(local.value), isAnywhere: true };
  const address = parseAddress(text, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) return address;
  if (!coversForm(form, { domain: address.domain, isExact: true })) {
    return { refused: `this entry is for ${formatDomainForm(form)} only` };
  }
  return { key: mailboxKey(address), isAnywhere: false };
}
