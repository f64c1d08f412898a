import { parse } from "tldts";
import type { DomainForm } from "./domain-forms.ts";
import { isPublicMailProvider } from "./public-mail-providers.ts";

/**
 * What speaks against an entry for this name (relay-policy §2.1, guards), or null. Public suffixes cannot be confirmed
 * away: nobody runs the mail of all of them.
 */
export function guardName({ domain }: DomainForm, isConfirmed: boolean): string | null {
  if (isPublicSuffix(domain)) return "is a public suffix: strangers register their domains below it";
  if (isConfirmed) return null;
  if (!domain.includes(".")) return "is a single label: write confirm: true when that is meant";
  if (isPublicMailProvider(domain)) {
    return "is a public mail provider, whose mail goes to strangers: write confirm: true when that is meant";
  }
  return null;
}

/** Whether a rule of the public suffix list names it, ICANN or private section; the list's default rule does not count. */
function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann, isPrivate } = parse(domain, parseOptions);
  return publicSuffix === domain && (isIcann === true || isPrivate === true);
}

const parseOptions = { allowPrivateDomains: true, validateHostname: false, detectIp: false, extractHostname: false };
