import type { Address } from "../address/address.ts";

/** A person or robot that logs in, with the mailbox of its own name. Without secrets: those stay in the store. */
export type Account = {
  readonly id: number;
  /** Local part of its own address, lower case; quotes undone. */
  readonly name: string;
  /** Lower-case A-labels. */
  readonly domain: string;
  readonly isEnabled: boolean;
  readonly mayRelay: boolean;
  /** Which addresses it may write as: its own (and `maySendAs`), or any. */
  readonly senders: "own" | "any";
  /** Further addresses as `mailboxKey` makes them, or "@domain" for all of a domain. */
  readonly maySendAs: readonly string[];
  /** Goes up at every change of a password; warm logins and sessions are bound to it. */
  readonly passwordVersion: number;
  /** Mail for name+anything@domain is its own. */
  readonly plusAddressing: boolean;
  /** Where that mail goes: INBOX, the mailbox called `anything` if there is one, or that one, made when it is missing. */
  readonly plusMailbox: "none" | "existing" | "made";
  /** Octets that its mailboxes may hold; null: the default of the boot file; 0: as many as there is room for. */
  readonly quota: number | null;
  /** Addresses, as they go into RCPT, to which its mail is forwarded. */
  readonly forwardTo: readonly string[];
  /** Whether what is forwarded is kept here too. */
  readonly keepsForwarded: boolean;
  /** Its INBOX. */
  readonly mailboxId: number;
};

/**
 * Local parts that belong to everybody and so to nobody: no account is called so, and a login by them never counts as
 * authenticated (issue: SASL).
 */
export const namesOfNobody: ReadonlySet<string> = new Set(["", "anonymous", "guest"]);

export function addressOf(account: Pick<Account, "name" | "domain">): Address {
  return { localPart: account.name, domain: account.domain };
}
