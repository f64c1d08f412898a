import type { ContentSource, QueuedRecipient, QueueEntry } from "../queue/entry.ts";

/**
 * Where reception and delivery meet inside one process: a fresh entry can be committed as already claimed and go
 * to the runner at once, without being read back. What is not reserved is found by the claim of what is due.
 */
export interface Handover {
  /**
   * Asked before the commit: may this entry's recipients for these domains be born claimed (`attempts` 1, `leaseUntil`, and
   * `dueAt` the second try)? `null`: commit them as due at once and unclaimed.
   */
  reserve(wanted: Pick<Claim, "recipients" | "octets">): Claim | null;
  /** After the commit of a reserved entry. */
  give(fresh: FreshEntry, claim: Claim): void;
  /** The commit failed, or there was nothing to send after all. */
  release(claim: Claim): void;
  /** Something that is due now was committed unclaimed. */
  wake(): void;
}

export type Claim = {
  readonly recipients: number;
  /** Of the content, as far as they stay in memory. */
  readonly octets: number;
  readonly leaseUntil: number;
  readonly dueAt: number;
};

export type FreshEntry = {
  readonly entry: QueueEntry;
  readonly recipients: readonly QueuedRecipient[];
  readonly content: ContentSource;
};
