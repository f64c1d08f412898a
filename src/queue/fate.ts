import type { QueuedRecipient, QueueEntry, RecipientOutcome } from "./entry.ts";
import { isDelayed, nextTry } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

export type Fate = "waiting" | "trying" | "delivered" | "failed" | "expired" | "deleted";

/** What a recipient may become next. `deleted` is the administrator's hand; the last four are the end. */
export const mayBecome = {
  waiting: ["trying", "expired", "deleted"],
  trying: ["waiting", "delivered", "failed", "expired", "deleted"],
  delivered: [],
  failed: [],
  expired: [],
  deleted: [],
} as const satisfies Record<Fate, readonly Fate[]>;

/**
 * `relayed`: handed to a host that does not report successes itself (RFC 3461 §5.2.2); `success`: finally delivered by us;
 * `expanded`: on its way to several recipients behind this one (§5.2.7.3).
 */
export type ReportKind = "failure" | "delay" | "success" | "relayed" | "expanded";

/** What to record of one recipient after one attempt, and which report its sender is owed. */
export type Ruling =
  | { readonly fate: "delivered"; readonly report: "success" | "relayed" | null }
  | { readonly fate: "failed" | "expired"; readonly report: "failure" | null }
  | { readonly fate: "waiting"; readonly dueAt: number; readonly report: "delay" | null };

export type Moment = {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly schedule: Schedule;
  /** From 0 to 1, see `nextTry`. */
  readonly jitter: number;
  /** The outcome is that of final delivery at this host, not of a next hop. */
  readonly isFinal?: boolean;
};

/** Decides each recipient for itself: neighbours in the same transaction do not matter (RFC 5321 §3.3, §4.5.4.1). */
export function fateOf(
  outcome: RecipientOutcome,
  { recipient, entry }: { readonly recipient: QueuedRecipient; readonly entry: QueueEntry },
  moment: Moment,
): Ruling {
  switch (outcome.result) {
    case "accepted":
      return { fate: "delivered", report: successReport(outcome, recipient, entry, moment.isFinal === true) };
    case "permanent":
      return { fate: "failed", report: wantsReport("FAILURE", recipient, entry) ? "failure" : null };
    case "transient": {
      const { now, schedule, jitter } = moment;
      const next = nextTry({ bornAt: entry.bornAt, now, schedule, jitter });
      if (next === "expired") {
        return { fate: "expired", report: wantsReport("FAILURE", recipient, entry) ? "failure" : null };
      }
      const isOwed =
        !recipient.isDelayReported &&
        isDelayed({ bornAt: entry.bornAt, now, schedule }) &&
        wantsReport("DELAY", recipient, entry);
      return { fate: "waiting", dueAt: next.dueAt, report: isOwed ? "delay" : null };
    }
    default:
      return outcome.result satisfies never;
  }
}

/** What the report says of a recipient whose time ran out (RFC 3463 X.4.7), with the words of the last attempt. */
export function expiredOutcome(outcome: RecipientOutcome): RecipientOutcome {
  return { ...outcome, result: "permanent", status: "4.4.7" };
}

/**
 * Whether the sender is to be told about an event of this kind. Without NOTIFY a failure and a delay are told, a success
 * is not (RFC 3461 §4.1). Nobody is told about a message with a null reverse-path (RFC 5321 §4.5.5, RFC 3461 §5.2.7).
 */
export function wantsReport(
  event: "SUCCESS" | "FAILURE" | "DELAY",
  recipient: Pick<QueuedRecipient, "notify">,
  entry: Pick<QueueEntry, "reversePath">,
): boolean {
  if (entry.reversePath === "") return false;
  if (recipient.notify === null) return event !== "SUCCESS";
  return recipient.notify.toUpperCase().split(",").includes(event);
}

/**
 * What an alias with several recipients hands on to each of those elsewhere (RFC 3461 §5.2.7.3): the sender hears of the expansion, and
 * of failures and delays behind it as asked.
 */
export function notifyBehindAlias(notify: string | null): string | null {
  if (notify === null) return null;
  const left = notify.split(",").filter((keyword) => keyword.toUpperCase() !== "SUCCESS");
  return left.length === 0 ? "NEVER" : left.join(",");
}

function successReport(
  outcome: RecipientOutcome,
  recipient: QueuedRecipient,
  entry: QueueEntry,
  isFinal: boolean,
): "success" | "relayed" | null {
  if (recipient.notify === null || !wantsReport("SUCCESS", recipient, entry)) return null;
  if (isFinal) return "success";
  // A next hop that speaks DSN took the duty over together with the message (RFC 3461 §5.2.1).
  return outcome.peerReports === true ? null : "relayed";
}
