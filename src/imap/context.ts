import type { FetchItem } from "./command.ts";
import type { Enabled } from "./enabled.ts";
import type { KnownKeywords } from "./known-keywords.ts";
import type { Mail, OpenMailbox, MailboxStatus } from "./mail.ts";
import type { Wishes } from "./wishes.ts";
import type { Numbers } from "./number-set.ts";
import type { Chunk, Completion } from "./response.ts";
import type { View } from "./view.ts";

/**
 * A handler answers one command: untagged responses, each with its CRLF, and at last how it ended. What is told between commands
 * (EXISTS, EXPUNGE, changed flags) is none of its business: the session says that before the tagged line.
 */
export type Answer = AsyncGenerator<Chunk, Completion, void>;

/** What a handler of the authenticated state has to work with. */
export type Context = {
  readonly tag: string;
  readonly mail: Mail;
  readonly enabled: Readonly<Enabled>;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** What a handler of the selected state has, besides. */
export type SelectedContext = Context & { readonly selected: Selected };

/** The mailbox that a session has selected. */
export type Selected = {
  readonly name: string;
  readonly mailbox: OpenMailbox;
  readonly view: View;
  readonly keywords: KnownKeywords;
  /** Searches whose results are kept up to date, by the tag that made them (CONTEXT=SEARCH, RFC 5267). */
  readonly searches: Map<string, LiveSearch>;
};

/** A search with UPDATE: told what the client is told, in the order that RFC 5267 §4.3 wants. */
export interface LiveSearch {
  /** Before EXPUNGE or VANISHED names them: numbers are those from before. */
  left(uids: Numbers): string;
  /** After EXISTS and FETCH named them: messages that are new, or have new flags. */
  came(uids: Numbers): Promise<Came>;
  /** What is to be fetched of new messages that come into the results (RFC 5465 §7). */
  readonly items: readonly FetchItem[];
}

/** `lines`: ESEARCH that tells what is different. `added`: UIDs that have come into the results. */
export type Came = { readonly lines: string; readonly added: Numbers };

/** What a handler that changes the state of its session does it with. */
export interface Desk {
  readonly selected: Selected | null;
  /** Leaves the selected mailbox for this one, or for none. */
  select(selected: Selected | null): void;
  enable(capabilities: readonly (keyof Enabled)[]): void;
  /** From now on this is told without being asked (RFC 5465). */
  notify(wishes: Wishes, known: readonly MailboxStatus[]): void;
}
