import type { Address, Refusal } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import { deleteAlias, insertAlias, updateAliasTargets, type StoredAlias } from "../store/aliases.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";
import { parseMailbox } from "./administer.ts";
import { catchAllName, type Alias } from "./alias.ts";
import { commitAndReload, oneAtATime, type Change } from "./change.ts";
import type { LiveDirectory } from "./directory.ts";
import { findCycle, lookUp, targetsOf } from "./expansion.ts";
import { foldLocalPart, mailboxKey } from "../address/mailbox-key.ts";
import { namesOf, type LocalDomains } from "./names.ts";

/** What an administrator may do with aliases, groups and catch-alls. */
export interface AliasAdministration {
  /** Makes one, or gives the one that is there other targets. A ring is refused (O-36). */
  save(wanted: NewAlias): Promise<Alias | Refusal>;
  /** `address`: "name@domain", or "*@domain" for the catch-all. */
  remove(address: string): Promise<Refusal | null>;
}

/** `address`: "*@domain" for a catch-all, which covers that one domain. */
export type NewAlias = {
  readonly kind: Alias["kind"];
  readonly address: string;
  readonly targets: readonly string[];
};

export type AliasAdministrationParts = {
  readonly store: Store;
  readonly directory: LiveDirectory;
  readonly domains: LocalDomains;
  readonly clock: Clock;
  /** Shared by all who change what the directory holds. */
  readonly oneAtATime?: Change;
};

const mostTargets = 10_000;
const noSuchAlias = "there is no such alias";

export function createAliasAdministration(parts: AliasAdministrationParts): AliasAdministration {
  const { store, directory, domains, clock } = parts;
  const change = parts.oneAtATime ?? oneAtATime();

  async function save({ kind, address, targets }: NewAlias): Promise<Alias | Refusal> {
    const name = parseAliasName(kind, address);
    if ("refused" in name) return name;
    const read = parseTargets(targets);
    if ("refused" in read) return read;
    const there = find(name);
    const alias: Alias = { id: there?.id ?? store.nextId(), kind, ...name, targets: read };
    const flaw = flawOf(alias);
    if (flaw !== null) return { refused: flaw };
    const stored: StoredAlias = { ...alias, targets: read.map(formatAddress) };
    const statement = there ? updateAliasTargets(stored) : insertAlias(stored, clock.now());
    const refusal = await commitAndReload([statement], { store, directory }, noSuchAlias);
    return refusal ?? alias;
  }

  async function remove(address: string): Promise<Refusal | null> {
    const name = parseAliasName(address.trim().startsWith(`${catchAllName}@`) ? "catch-all" : "alias", address);
    if ("refused" in name) return name;
    const there = find(name);
    if (there === undefined) return { refused: noSuchAlias };
    return commitAndReload([deleteAlias(there.id)], { store, directory }, noSuchAlias);
  }

  function find({ localPart, domain }: AliasName): Alias | undefined {
    return directory.aliases().find((alias) => alias.localPart === localPart && alias.domain === domain);
  }

  /** A ring, or a target of ours where nobody is: mail for it would have no end or no reader. */
  function flawOf(wanted: Alias): string | null {
    const others = directory.aliases().filter((alias) => alias.id !== wanted.id);
    const names = namesOf(directory.accounts(), [...others, wanted], domains);
    const ring = findCycle({ localPart: wanted.localPart, domain: wanted.domain }, (from) => targetsOf(from, names));
    if (ring !== null) return `that would be a loop: ${ring.map(formatAddress).join(" → ")}`;
    const isHere = (target: Address): boolean => domains.kindOf(target.domain) === "here";
    const nobody = wanted.targets.find((target) => isHere(target) && lookUp(target, names).existence === "none");
    return nobody ? `there is no mailbox or alias ${formatAddress(nobody)}` : null;
  }

  return { save: (wanted) => change(() => save(wanted)), remove: (address) => change(() => remove(address)) };
}

type AliasName = { readonly localPart: string; readonly domain: string };

function parseAliasName(kind: Alias["kind"], text: string): AliasName | Refusal {
  const address = parseMailbox(text);
  if ("refused" in address) return address;
  const localPart = foldLocalPart(address.localPart);
  if ((localPart === catchAllName) !== (kind === "catch-all")) {
    return { refused: `"${catchAllName}@domain" is the form of a catch-all, and of nothing else` };
  }
  return { localPart, domain: address.domain };
}

function parseTargets(texts: readonly string[]): readonly Address[] | Refusal {
  if (texts.length === 0) return { refused: "it needs a target" };
  if (texts.length > mostTargets) return { refused: `it has more than ${mostTargets} targets` };
  const targets = new Map<string, Address>();
  for (const text of texts) {
    const address = parseMailbox(text);
    if ("refused" in address) return { refused: `a target is no address: ${address.refused}` };
    targets.set(mailboxKey(address), targets.get(mailboxKey(address)) ?? address);
  }
  return [...targets.values()];
}
