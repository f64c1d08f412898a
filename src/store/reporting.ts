import type { ContentSource, QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import type { ReportKind } from "../queue/fate.ts";
import type { Unit } from "./store.ts";

/** What one report is about: some recipients of one entry that met the same kind of fate at the same time. */
export type ReportRequest = {
  readonly kind: ReportKind;
  readonly entry: QueueEntry;
  /** Never empty. */
  readonly recipients: readonly ReportedRecipient[];
  /** The bytes of the message as they are queued. */
  readonly content: ContentSource;
};

export type ReportedRecipient = {
  readonly recipient: QueuedRecipient;
  readonly outcome: RecipientOutcome;
  /** Milliseconds since 1970. */
  readonly lastAttemptAt: number;
  /** Set for a delay: when we give up (RFC 3464 §2.3.8). */
  readonly willRetryUntil: number | null;
};

/** What it is called, and the statements that keep it. */
export type Report = {
  readonly message: string;
  readonly unit: Unit;
  /** To be called after the commit: it went into a mailbox here. */
  readonly committed?: () => void;
};

/**
 * Turns the end of recipients into a report for their sender. The statements are committed together with what they
 * report about, so that there is never one without the other.
 */
export interface Reports {
  /** `null` when there is nobody to tell (a null reverse-path: RFC 5321 §4.5.5, never a report about a report). */
  reportOn(request: ReportRequest): Promise<Report | null>;
}
