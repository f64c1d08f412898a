import type { Address } from "../address/address.ts";
import { addressOf, type Account } from "./account.ts";
import type { Alias } from "./alias.ts";
import type { DomainKind, Names } from "./expansion.ts";
import { mailboxKey } from "../address/mailbox-key.ts";

/** Which domains have their mailboxes here, as the policy in force says; asked at every look-up. */
export interface LocalDomains {
  /** `domain`: lower-case A-labels, a literal or "". */
  kindOf(domain: string): DomainKind;
}

/** Maps for `lookUp`. The first account reads what comes for postmasters that nobody was made for. */
export function namesOf(accounts: readonly Account[], aliases: readonly Alias[], domains: LocalDomains): Names {
  const byKey = new Map(accounts.map((account) => [mailboxKey(addressOf(account)), account]));
  const [catchAlls, named] = [new Map<string, readonly Address[]>(), new Map<string, readonly Address[]>()];
  for (const alias of aliases) {
    if (alias.kind === "catch-all") catchAlls.set(alias.domain, alias.targets);
    else named.set(mailboxKey(alias), alias.targets);
  }
  const first = accounts.find((account) => account.isEnabled) ?? accounts[0];
  return {
    account: (key) => byKey.get(key),
    aliasTargets: (key) => named.get(key),
    catchAllTargets: (domain) => catchAlls.get(domain),
    domainKind: (domain) => domains.kindOf(domain),
    postmaster: () => first,
  };
}
