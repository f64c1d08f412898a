import type { Address } from "../address/address.ts";
import { parseDomain } from "../address/domain.ts";
import { parseAddress } from "../address/path.ts";
import { accountOf, readAccounts } from "../store/accounts.ts";
import { aliasOf, readAliases, type StoredAlias } from "../store/aliases.ts";
import { readAnyVerifier } from "../store/credentials.ts";
import type { Row, Store, Query } from "../store/store.ts";
import { addressOf, type Account } from "./account.ts";
import type { Alias } from "./alias.ts";
import { lookUp, type Expansion, type Lookup, type Names } from "./expansion.ts";
import { namesOf, type LocalDomains } from "./names.ts";
import { loginsOf, type Logins } from "./logins.ts";
import { isDisguised } from "../policy/disguise.ts";
import { foldLocalPart, mailboxKey } from "../address/mailbox-key.ts";

export type { LocalDomains } from "./names.ts";

/** Who is here, in memory: every question is a few look-ups of maps and is answered at once. */
export interface Directory {
  account(id: number): Account | null;
  /**
   * By `account`, `account@domain` or `DOMAIN\account`; `null` also when more than one could be meant, and for
   * anonymous and guest.
   */
  byLogin(login: string): Account | null;
  /** One text for all ways to write a login, whether somebody has it or not. */
  canonicalLogin(login: string): string;
  /**
   * Whether the account may write as this address: its own, an alias that leads to it alone, `maySendAs`, or any when
   * `senders` says so.
   */
  ownsSender(account: Account, address: Address): boolean;
  /** About an address that the policy found to be ours. A postmaster always exists (RFC 5321 §4.5.1). */
  existence(address: Address): Lookup["existence"];
  /** Where mail for it ends; "none" also for a postmaster as long as there is no account at all. */
  expand(address: Address): Expansion | "none" | "loop";
  /** Whether any account could pass SCRAM. */
  readonly hasVerifiers: boolean;
  accounts(): readonly Account[];
  aliases(): readonly Alias[];
}

/** A directory that is read again after a change. */
export interface LiveDirectory extends Directory {
  /**
   * Reads everything again; resolves when the new state, with all that was committed before the call, has taken the
   * place of the old one.
   */
  reload(): Promise<void>;
  /** After a change of policy: what was found by the old domains is forgotten. */
  domainsChanged(): void;
}

export type DirectoryOptions = {
  readonly store: Store;
  readonly domains: LocalDomains;
  /** Who reads the mail for postmasters without a mailbox of their own; the first account when absent or unknown. */
  readonly postmaster?: Address;
};

/** Rows of one read: the store answers others in between. */
const portion = 2000;

export async function loadDirectory(options: DirectoryOptions): Promise<LiveDirectory> {
  let now = await readSnapshot(options);
  let last: Promise<void> = Promise.resolve();
  /** Asked for and not begun: whoever asks meanwhile shares it. */
  let next: Promise<void> | null = null;

  function reload(): Promise<void> {
    next ??= last = last
      .catch(() => {})
      .then(async () => {
        next = null;
        now = await readSnapshot(options);
      });
    return next;
  }

  return {
    account: (id) => now.byId.get(id) ?? null,
    byLogin: (login) => now.logins.find(login),
    canonicalLogin: (login) => now.logins.canonical(login),
    existence: (address) => now.lookUp(address).existence,
    expand: (address) => now.lookUp(address).expansion,
    ownsSender: (account, address) => ownsSender(account, address, now),
    get hasVerifiers() {
      return now.hasVerifiers;
    },
    accounts: () => [...now.byId.values()],
    aliases: () => now.aliases,
    reload,
    domainsChanged: () => now.forget(),
  };
}

type Snapshot = {
  readonly byId: ReadonlyMap<number, Account>;
  readonly logins: Logins;
  readonly aliases: readonly Alias[];
  readonly hasVerifiers: boolean;
  /** What has exactly this key. */
  readonly kindOf: (key: string) => "account" | "alias" | "group" | undefined;
  readonly lookUp: (address: Address) => Lookup;
  readonly forget: () => void;
};

async function readSnapshot({ store, domains, postmaster }: DirectoryOptions): Promise<Snapshot> {
  const accounts = (await readAll(store, readAccounts)).map(accountOf);
  const aliases = (await readAll(store, readAliases)).map((row) => withTargets(aliasOf(row)));
  const hasVerifiers = (await store.read(readAnyVerifier())).length > 0;
  const names = namesOf(accounts, aliases, domains);
  const reader = postmaster && firstReader(postmaster, { ...names, postmaster: () => undefined });
  const lookUps = cachedLookUps({ ...names, postmaster: (domain) => reader ?? names.postmaster(domain) });
  return {
    byId: new Map(accounts.map((account) => [account.id, account])),
    logins: loginsOf(accounts, toAscii),
    aliases,
    hasVerifiers,
    kindOf: kindsOf(accounts, aliases),
    ...lookUps,
  };
}

async function readAll(store: Store, query: (after: number, limit: number) => Query): Promise<Row[]> {
  const all: Row[] = [];
  for (;;) {
    const rows = await store.read(query(Number(all.at(-1)?.["id"] ?? -1), portion));
    all.push(...rows);
    if (rows.length < portion) return all;
  }
}

/** A target that does not parse (a row from another version) is left out: the others still get their mail. */
function withTargets(stored: StoredAlias): Alias {
  const targets = stored.targets.map((text) => parseAddress(text, { kind: "forward", allowsUtf8: true }));
  return { ...stored, targets: targets.filter((target): target is Address => !("refused" in target)) };
}

function firstReader(postmaster: Address, names: Names): Account | undefined {
  const { expansion } = lookUp(postmaster, names);
  return typeof expansion === "object" ? expansion.mailboxes[0] : undefined;
}

/** Only exact names are kept, so that the names which strangers make up take no memory. */
function cachedLookUps(names: Names): Pick<Snapshot, "lookUp" | "forget"> {
  const found = new Map<string, Lookup>();
  return {
    lookUp(address) {
      const key = mailboxKey(address);
      let known = found.get(key);
      if (known === undefined) {
        known = lookUp(address, names);
        if (names.account(key) !== undefined || names.aliasTargets(key) !== undefined) found.set(key, known);
      }
      return known;
    },
    forget: () => found.clear(),
  };
}

function kindsOf(accounts: readonly Account[], aliases: readonly Alias[]): Snapshot["kindOf"] {
  const kinds = new Map<string, "account" | "alias" | "group">();
  for (const alias of aliases) if (alias.kind !== "catch-all") kinds.set(mailboxKey(alias), alias.kind);
  // The address of an account stays its own when it is forwarded.
  for (const account of accounts) kinds.set(mailboxKey(addressOf(account)), "account");
  return (key) => kinds.get(key);
}

function ownsSender(account: Account, address: Address, now: Snapshot): boolean {
  const key = mailboxKey(address);
  if (account.senders === "any" || key === mailboxKey(addressOf(account))) return true;
  if (account.maySendAs.includes(key) || account.maySendAs.includes(`@${address.domain}`)) return true;
  const kind = now.kindOf(key);
  switch (kind) {
    case "alias":
      return leadsAlone(now.lookUp(address), account);
    case undefined:
      return isTagged(address, account);
    case "account":
    case "group":
      return false;
    default:
      return kind satisfies never;
  }
}

function leadsAlone({ expansion }: Lookup, account: Account): boolean {
  if (typeof expansion !== "object" || expansion.away.length > 0) return false;
  return expansion.mailboxes.length === 1 && expansion.mailboxes[0]?.id === account.id;
}

/**
 * name+tag of the account itself. What a catch-all brings in is not its own: that would be every address of the
 * domain.
 */
function isTagged(address: Address, account: Account): boolean {
  if (!account.plusAddressing || address.domain !== account.domain || isDisguised(address)) return false;
  return foldLocalPart(address.localPart).startsWith(`${account.name}+`);
}

function toAscii(domain: string): string | null {
  const parsed = parseDomain(domain, { where: "document", trailingDot: "drop" });
  return typeof parsed === "string" ? parsed : null;
}
