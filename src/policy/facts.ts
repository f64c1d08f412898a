import type { Address, Ip, ReversePath } from "../address/address.ts";
import type { ListenerKind } from "./context.ts";
import type { VerifiedHost } from "./routing-table.ts";

/** Plain data about one RCPT: all that a judgement may read (relay-policy: vocabulary). */
export type Facts = {
  /** `null`: unknown (a proxy's health check). */
  readonly client: Ip | null;
  /** The server-side address of the connection; `null` when it is not known. */
  readonly local: Ip | null;
  readonly listener: { readonly name: string; readonly kind: ListenerKind };
  /** Recorded; no rule of the document reads it. */
  readonly tls: boolean;
  readonly account: AccountFacts | null;
  readonly reversePath: ReversePath;
  readonly forwardPath: Address;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The clock stands more than five minutes behind the highest time seen: dated grants are not honoured. */
  readonly clockIsBehind: boolean;
};

/** An authenticated account as it is now (read again at every MAIL). */
export type AccountFacts = {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly mayRelay: boolean;
  /** Whether the account may use the reverse-path of this transaction. */
  readonly ownsReversePath: boolean;
};

/**
 * What is known about a recipient:
 * `exact` – a mailbox, alias, group or listed recipient of exactly that name;
 * `covered` – taken by a catch-all, plus-addressing, a callout or a directory, but not surely by that exact name;
 * `none` – surely not there; `unknowable` – could not be found out now; `loop` – an alias that comes back to itself.
 */
export type Existence = "exact" | "covered" | "none" | "unknowable" | "loop";

/** Where existence is asked: among our own mailboxes and aliases, or at the host that an entry names (callout, LDAP). */
export type Place = "here" | "there";

/**
 * Answers about recipients, one for each question that a judgement asks; recorded with the decision so that it can be
 * judged again. What a policy lists itself is no question.
 */
export interface Recipients {
  /** Among our own mailboxes, aliases and groups. */
  here(address: Address): Existence;
  /** At the host, or in the directory that its entry names. */
  there(address: Address, host: VerifiedHost): Existence;
}
