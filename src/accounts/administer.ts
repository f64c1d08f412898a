import type { Address, Refusal } from "../address/address.ts";
import { formatAddress, parseAddress } from "../address/path.ts";
import type { ScramVerifier } from "../sasl/scram-keys.ts";
import { saslprep } from "../sasl/saslprep.ts";
import { deleteAlias } from "../store/aliases.ts";
import { deleteAccount, deleteMessage, insertAccount, readMessagesOf, updateAccount } from "../store/accounts.ts";
import {
  credentialsOf,
  deleteAppPassword,
  insertAppPassword,
  readCredentials,
  updatePassword,
  type AppPassword,
  type Credentials,
} from "../store/credentials.ts";
import { UnitFailed, type Store, type Unit } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";
import { addressOf, namesOfNobody, type Account } from "./account.ts";
import { commitAndReload, oneAtATime, type Change } from "./change.ts";
import type { Alias } from "./alias.ts";
import type { Purpose } from "./exchange.ts";
import type { LiveDirectory, LocalDomains } from "./directory.ts";
import { findCycle, targetsOf } from "./expansion.ts";
import { asAppPassword, generateAppPassword } from "./generated.ts";
import { nodeHasher, type Hasher } from "./hasher.ts";
import { foldLocalPart, mailboxKey } from "../address/mailbox-key.ts";
import { namesOf } from "./names.ts";
import { hashPassword } from "./password.ts";
import { saltOf } from "./password-check.ts";
import { deriveVerifier, freshSalt } from "./verifier.ts";

/**
 * What an administrator may do with accounts. What cannot be done is a refusal for people; a store that fails rejects.
 */
export interface Administration {
  create(wanted: NewAccount): Promise<Account | Refusal>;
  change(account: Account, settings: Partial<AccountSettings>): Promise<Account | Refusal>;
  /** Ends sessions and warm logins by the old password; app passwords stay. */
  setPassword(account: Account, wanted: NewPassword): Promise<Refusal | null>;
  /** With its mailboxes and messages. Refused while an alias leads to it by name. */
  delete(account: Account): Promise<Refusal | null>;
  /** The password is shown once and kept as a verifier only. */
  addAppPassword(account: Account, wanted: NewAppPasswordSettings): Promise<NewAppPassword | Refusal>;
  appPasswords(account: Account): Promise<readonly Omit<AppPassword, "verifier">[]>;
  removeAppPassword(account: Account, id: number): Promise<Refusal | null>;
}

export type AccountSettings = Pick<
  Account,
  | "isEnabled"
  | "mayRelay"
  | "senders"
  | "maySendAs"
  | "plusAddressing"
  | "plusMailbox"
  | "quota"
  | "forwardTo"
  | "keepsForwarded"
>;

/** `address`: as people write it. What is left out: enabled, may relay, writes as itself only, plus-addressing on. */
export type NewAccount = { readonly address: string; readonly password?: NewPassword } & Partial<AccountSettings>;

/**
 * `allowsScram`: keep a SCRAM verifier beside the argon2id hash. Who steals that can guess faster, so it is by opt-in.
 */
export type NewPassword = { readonly password: string; readonly allowsScram?: boolean };

/** `scope`: what it is good for; both when it is not said. */
export type NewAppPasswordSettings = {
  readonly label: string;
  readonly expiresAt: number | null;
  readonly scope?: readonly Purpose[];
};

export type NewAppPassword = { readonly id: number; readonly password: string };

export type AdministrationParts = {
  readonly store: Store;
  readonly directory: LiveDirectory;
  readonly clock: Clock;
  readonly hasher?: Hasher;
  /** Which domains are ours: a forward that leads back to itself is refused when it is known. */
  readonly domains?: LocalDomains;
  /** Shared by all who change what the directory holds. */
  readonly oneAtATime?: Change;
  /** Told of each content file that nothing names any more; without it the sweep finds them. */
  readonly discardFile?: (file: string) => void;
};

/** One exchange tries all of them, and a list that people look through ends somewhere. */
const mostAppPasswords = 100;

/** Messages deleted in one unit: others' units wait only this long. */
const deletedAtOnce = 200;

const defaults: AccountSettings = {
  isEnabled: true,
  mayRelay: true,
  senders: "own",
  maySendAs: [],
  plusAddressing: true,
  plusMailbox: "none",
  quota: null,
  forwardTo: [],
  keepsForwarded: true,
};
type Prepared = { readonly hash: string; readonly verifier: ScramVerifier | null };

const goneAlready = "there is no such account any more";

export function createAdministration(parts: AdministrationParts): Administration {
  const { store, directory, clock, hasher = nodeHasher, discardFile = () => {} } = parts;
  const change = parts.oneAtATime ?? oneAtATime();

  async function create({ address, password, ...settings }: NewAccount): Promise<Account | Refusal> {
    const name = parseName(address);
    if ("refused" in name) return name;
    const checked = checkSettings({ ...defaults, ...settings });
    if ("refused" in checked) return checked;
    const account: Account = { ...checked, ...name, id: store.nextId(), mailboxId: store.nextId(), passwordVersion: 1 };
    const first = password && (await preparedPassword(password, null));
    if (first && "refused" in first) return first;
    const unit = insertAccount(account, clock.now());
    if (first) unit.push(updatePassword(account.id, first.hash, first.verifier));
    const refusal = await commitAndReload(unit, { store, directory }, "that address has an account already");
    return refusal ?? directory.account(account.id) ?? { refused: goneAlready };
  }

  async function changeSettings(account: Account, settings: Partial<AccountSettings>): Promise<Account | Refusal> {
    const now = directory.account(account.id);
    if (now === null) return { refused: goneAlready };
    const checked = checkSettings({ ...now, ...settings });
    if ("refused" in checked) return checked;
    const ring = ringOf({ ...now, ...checked });
    if (ring !== null) return { refused: ring };
    const refusal = await commitAndReload([updateAccount({ ...now, ...checked })], { store, directory }, goneAlready);
    return refusal ?? directory.account(account.id) ?? { refused: goneAlready };
  }

  /** Mail that is forwarded and comes back, whatever aliases lie between (field case O-36). */
  function ringOf(changed: Account): string | null {
    const { domains } = parts;
    if (domains === undefined || changed.forwardTo.length === 0) return null;
    const others = directory.accounts().filter(({ id }) => id !== changed.id);
    const names = namesOf([...others, changed], directory.aliases(), domains);
    const ring = findCycle(addressOf(changed), (from) => targetsOf(from, names));
    return ring && `that would be a loop: ${ring.map(formatAddress).join(" → ")}`;
  }

  async function setPassword(account: Account, wanted: NewPassword): Promise<Refusal | null> {
    const made = await preparedPassword(wanted, await credentials(account));
    if ("refused" in made) return made;
    return commitAndReload([updatePassword(account.id, made.hash, made.verifier)], { store, directory }, goneAlready);
  }

  async function preparedPassword(
    { password, allowsScram = false }: NewPassword,
    kept: Credentials | null,
  ): Promise<Prepared | Refusal> {
    const prepared = saslprep(password);
    if (typeof prepared !== "string") return { refused: `this password cannot be used: ${prepared.refused}` };
    if (asAppPassword(prepared) !== null) return { refused: "this password has the form of a generated app password" };
    // The old chosen password goes, so only app passwords still need the old salt.
    const salt = saltOf(kept && { ...kept, verifier: null }, clock.now()) ?? freshSalt(hasher);
    const verifier = allowsScram ? await deriveVerifier(prepared, salt, hasher) : null;
    return { hash: await hashPassword(prepared, hasher), verifier };
  }

  async function remove(account: Account): Promise<Refusal | null> {
    if (directory.account(account.id) === null) return { refused: goneAlready };
    const key = mailboxKey(addressOf(account));
    const leadsHere = (alias: Alias): boolean => alias.targets.some((target) => mailboxKey(target) === key);
    const alias = directory.aliases().find((one) => mailboxKey(one) !== key && leadsHere(one));
    if (alias) return { refused: `${formatAddress(alias)} leads to this account: change that first` };
    const forward = directory.aliases().find((one) => mailboxKey(one) === key);
    await empty(account, [...(forward ? [deleteAlias(forward.id)] : []), ...deleteAccount(account.id)]);
    await directory.reload();
    return null;
  }

  /**
   * Deletes the messages in portions, the last ones in one unit with the account: that unit fails when another message
   * came meanwhile.
   */
  async function empty(account: Account, last: Unit): Promise<void> {
    let failure: UnitFailed | null = null;
    for (;;) {
      const messages = await store.read(readMessagesOf(account.id, deletedAtOnce));
      if (failure !== null && messages.length === 0) throw failure;
      const isLast = messages.length < deletedAtOnce;
      try {
        const returned = await store.commit([...messages.flatMap(deleteMessage), ...(isLast ? last : [])]);
        for (const row of returned.flat()) if (typeof row["file"] === "string") discardFile(row["file"]);
        if (isLast) return;
      } catch (problem) {
        if (!(problem instanceof UnitFailed)) throw problem;
        failure = problem;
      }
    }
  }

  async function addAppPassword(
    account: Account,
    { label, expiresAt, scope = ["send", "read"] }: NewAppPasswordSettings,
  ): Promise<NewAppPassword | Refusal> {
    const kept = await credentials(account);
    if (kept === null) return { refused: goneAlready };
    if (kept.appPasswords.length >= mostAppPasswords)
      return { refused: `an account has ${mostAppPasswords} app passwords at most` };
    const now = clock.now();
    if (expiresAt !== null && expiresAt <= now) return { refused: "that time is over" };
    const password = generateAppPassword(hasher);
    const verifier = await deriveVerifier(password, saltOf(kept, now) ?? freshSalt(hasher), hasher);
    const id = store.nextId();
    const statement = insertAppPassword(account.id, { id, label, scope, verifier, expiresAt, createdAt: now });
    return (await commitAndReload([statement], { store, directory }, goneAlready)) ?? { id, password };
  }

  async function credentials(account: Account): Promise<Credentials | null> {
    return credentialsOf(await store.read(readCredentials(account.id)));
  }

  return {
    create: (wanted) => change(() => create(wanted)),
    change: (account, settings) => change(() => changeSettings(account, settings)),
    setPassword: (account, wanted) => change(() => setPassword(account, wanted)),
    delete: (account) => change(() => remove(account)),
    addAppPassword: (account, wanted) => change(() => addAppPassword(account, wanted)),
    async appPasswords(account) {
      const all = (await credentials(account))?.appPasswords ?? [];
      return all.map(({ id, label, scope, expiresAt, lastUsedAt, createdAt }) => ({
        id,
        label,
        scope,
        expiresAt,
        lastUsedAt,
        createdAt,
      }));
    },
    removeAppPassword: (account, id) =>
      change(() =>
        commitAndReload(deleteAppPassword(account.id, id), { store, directory }, "there is no such app password"),
      ),
  };
}

function parseName(text: string): Pick<Account, "name" | "domain"> | Refusal {
  const address = parseMailbox(text);
  if ("refused" in address) return address;
  const name = foldLocalPart(address.localPart);
  if (namesOfNobody.has(name)) return { refused: `nobody may be called ${name}` };
  return { name, domain: address.domain };
}

/** An address with a domain name: what mailboxes and aliases are called. */
export function parseMailbox(text: string): Address | Refusal {
  const address = parseAddress(text, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) return address;
  if (address.domain === "" || address.literal) return { refused: "the address has no domain name" };
  return address;
}

function checkSettings(settings: AccountSettings): AccountSettings | Refusal {
  const maySendAs: string[] = [];
  for (const text of settings.maySendAs) {
    // "@domain" stands for all of a domain: any local part will do to read it.
    const address = parseMailbox(text.startsWith("@") ? `x${text}` : text);
    if ("refused" in address) return { refused: `may-send-as: ${address.refused}` };
    maySendAs.push(text.startsWith("@") ? `@${address.domain}` : mailboxKey(address));
  }
  const forwardTo: string[] = [];
  for (const text of settings.forwardTo) {
    const address = parseMailbox(text);
    if ("refused" in address) return { refused: `forward-to: ${address.refused}` };
    forwardTo.push(formatAddress(address));
  }
  const { quota } = settings;
  if (quota !== null && !(Number.isSafeInteger(quota) && quota >= 0))
    return { refused: "a quota is a number of octets" };
  const { isEnabled, mayRelay, senders, plusAddressing, plusMailbox, keepsForwarded } = settings;
  return {
    isEnabled,
    mayRelay,
    senders,
    plusAddressing,
    plusMailbox,
    quota,
    keepsForwarded,
    maySendAs,
    forwardTo: [...new Set(forwardTo)],
  };
}
