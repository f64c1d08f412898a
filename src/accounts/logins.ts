import type { Account } from "./account.ts";
import { namesOfNobody } from "./account.ts";
import { foldLocalPart } from "../address/mailbox-key.ts";

/** The three ways to write a login: `account`, `account@domain`, `DOMAIN\account` (issue: SASL). All without case. */
export interface Logins {
  /** `null`: nobody, or more than one. */
  readonly find: (login: string) => Account | null;
  /**
   * "name@domain" for any login, also for one that nobody has, so that all ways to write it agree as they do for a
   * real account: what is derived from it (the salt that is shown, the tally of failures) does not tell who exists.
   */
  readonly canonical: (login: string) => string;
}

/** `name` is folded; `word` is "", a domain, or what stands before a backslash. */
type Written = { readonly name: string; readonly domain: string } | { readonly name: string; readonly word: string };

export function loginsOf(accounts: Iterable<Account>, toAscii: (domain: string) => string | null): Logins {
  const byKey = new Map<string, Account>();
  const byName = new Map<string, Account | "several">();
  const domains = new Set<string>();
  for (const account of accounts) {
    byKey.set(`${account.name}@${account.domain}`, account);
    byName.set(account.name, byName.has(account.name) ? "several" : account);
    domains.add(account.domain);
  }
  const words = domainsByWord(domains);
  const sortedDomains = [...domains].toSorted();

  function find(login: string): Account | null {
    const written = parseLogin(login, toAscii);
    if (written === null || namesOfNobody.has(written.name)) return null;
    if ("domain" in written) return byKey.get(`${written.name}@${written.domain}`) ?? null;
    if (written.word === "") {
      const found = byName.get(written.name);
      return found === undefined || found === "several" ? null : found;
    }
    const found = (words.get(written.word) ?? []).flatMap((domain) => byKey.get(`${written.name}@${domain}`) ?? []);
    return found.length === 1 ? found[0]! : null;
  }

  return {
    find,
    canonical(login) {
      const found = find(login);
      if (found) return `${found.name}@${found.domain}`;
      const written = parseLogin(login, toAscii);
      if (written === null) return login;
      if ("domain" in written) return `${written.name}@${written.domain}`;
      const candidates = written.word === "" ? sortedDomains : (words.get(written.word) ?? [written.word]);
      return `${written.name}@${candidates[numberOf(written.name) % candidates.length] ?? ""}`;
    },
  };
}

function parseLogin(login: string, toAscii: (domain: string) => string | null): Written | null {
  const at = login.lastIndexOf("@");
  if (at !== -1) {
    const domain = toAscii(login.slice(at + 1));
    return domain === null ? null : { name: foldLocalPart(login.slice(0, at)), domain };
  }
  const backslash = login.indexOf("\\");
  const word = login.slice(0, Math.max(backslash, 0)).toLowerCase();
  if (backslash === 0) return null;
  return { name: foldLocalPart(login.slice(backslash + 1)), word };
}

/**
 * What may stand before the backslash: a whole domain, or the first label of one or more. A whole name wins over a
 * label.
 */
function domainsByWord(domains: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, string[]>();
  for (const domain of domains) {
    const label = domain.slice(0, `${domain}.`.indexOf("."));
    words.set(label, [...(words.get(label) ?? []), domain].toSorted());
  }
  for (const domain of domains) words.set(domain, [domain]);
  return words;
}

/** Picks one of several domains for a name that nobody has: always the same one. */
function numberOf(name: string): number {
  let number = 0;
  for (let index = 0; index < name.length; index++) number = (number * 31 + name.charCodeAt(index)) >>> 0;
  return number;
}
