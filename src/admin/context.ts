import type { Account } from "../accounts/account.ts";
import type { Administration } from "../accounts/administer.ts";
import type { AliasAdministration } from "../accounts/administer-aliases.ts";
import type { Directory } from "../accounts/directory.ts";
import type { Config } from "../config/schema.ts";
import type { Count } from "../events/counters.ts";
import type { Emit } from "../events/emit.ts";
import type { Mail } from "../imap/mail.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicyProblem } from "../policy/problems.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";

/** What operations work with; the composition root gives it. Nothing of the engines is in it. */
export type AdminContext = {
  readonly config: Config;
  readonly store: Store;
  readonly directory: Directory;
  readonly mailOf: (account: Pick<Account, "id">) => Mail;
  /** Makes the index of searches anew; tells how many messages' texts are in it, and returns that. */
  readonly reindex: (told: (count: number) => void) => Promise<number>;
  readonly administration: Administration;
  readonly aliases: AliasAdministration;
  readonly policy: {
    readonly current: () => { readonly policy: Policy; readonly version: number };
    /** In force for the next recipient on; the problems of a document that does not parse. */
    readonly apply: (change: {
      readonly document: string;
      readonly who: string;
      readonly why: string;
    }) => Promise<readonly PolicyProblem[]>;
  };
  /** The journal's rows so far are on their way to the store; resolves when they are there. */
  readonly flushJournal: () => Promise<void>;
  /** Something in the queue became due. */
  readonly wakeQueue: () => void;
  /** What only a running server knows; `null` on a data folder at rest. */
  readonly running: Running | null;
  readonly clock: Clock;
  readonly emit: Emit;
};

export type Running = {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly listeners: () => readonly { readonly name: string; readonly port: number }[];
  readonly counts: () => readonly Count[];
  /** Refusals that the journal could not keep. */
  readonly lostRefusals: () => number;
};
