import type { QueuedRecipient } from "../queue/entry.ts";
import { deleteUnneededContent, neverDue, recipientOfRow } from "./queue.ts";
import type { Row, Statement, Unit } from "./store.ts";

/** What people ask and do about the queue: list, show, retry, delete. */

/** One waiting recipient with its entry, for a list. */
export type QueuedForPeople = {
  readonly recipient: QueuedRecipient;
  /** What it waits for, in words; `null` before the first outcome. */
  readonly waitsFor: string | null;
  /** Somebody works on it until then; 0 when nobody does. */
  readonly leaseUntil: number;
  /** 0 when the entry is missing (a damaged queue). */
  readonly contentId: number;
  readonly reversePath: string;
  readonly bornAt: number;
  readonly size: number;
  readonly listener: string;
  readonly client: string;
  readonly account: string | null;
};

const columns =
  "recipient.*, entry.content_id, entry.reverse_path, entry.born_at, entry.listener, entry.client, entry.account, content.size " +
  "FROM recipient LEFT JOIN entry ON entry.id = recipient.entry_id LEFT JOIN content ON content.id = entry.content_id";

/** Recipients in the order of their entries, `after` the last one of the page before. */
export function listQueue(page: {
  readonly after: { readonly entryId: number; readonly recipientId: number } | null;
  readonly limit: number;
}): Statement {
  const { entryId, recipientId } = page.after ?? { entryId: -1, recipientId: -1 };
  return {
    sql: `SELECT ${columns} WHERE recipient.entry_id > ? OR (recipient.entry_id = ? AND recipient.id > ?) ORDER BY recipient.entry_id, recipient.id LIMIT ?`,
    parameters: [entryId, entryId, recipientId, page.limit],
  };
}

/** The waiting recipients of one entry. */
export function showEntry(entryId: number): Statement {
  return { sql: `SELECT ${columns} WHERE recipient.entry_id = ? ORDER BY recipient.id`, parameters: [entryId] };
}

export function queuedForPeople(row: Row): QueuedForPeople {
  const waitsFor = row["waits_for"] ?? null;
  const account = row["account"] ?? null;
  return {
    recipient: recipientOfRow(row),
    waitsFor: waitsFor === null ? null : String(waitsFor),
    leaseUntil: Number(row["lease_until"]),
    contentId: Number(row["content_id"] ?? 0),
    reversePath: String(row["reverse_path"] ?? ""),
    bornAt: Number(row["born_at"] ?? 0),
    size: Number(row["size"] ?? 0),
    listener: String(row["listener"] ?? ""),
    client: String(row["client"] ?? ""),
    account: account === null ? null : String(account),
  };
}

export type PastAttempt = {
  readonly recipientId: number;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly host: string | null;
  readonly code: number | null;
  readonly said: string;
};

/** Every attempt of the waiting recipients of one entry, oldest first. */
export function attemptsOf(entryId: number): Statement {
  return {
    sql: "SELECT attempt.* FROM attempt JOIN recipient ON recipient.id = attempt.recipient_id WHERE recipient.entry_id = ? ORDER BY attempt.began_at, attempt.id",
    parameters: [entryId],
  };
}

export function pastAttempt(row: Row): PastAttempt {
  const host = row["host"] ?? null;
  const code = row["code"] ?? null;
  return {
    recipientId: Number(row["recipient_id"]),
    beganAt: Number(row["began_at"]),
    endedAt: Number(row["ended_at"]),
    host: host === null ? null : String(host),
    code: code === null ? null : Number(code),
    said: String(row["said"]),
  };
}

/** How many recipients are set aside. */
export const countSetAside = {
  sql: "SELECT COUNT(*) AS recipients FROM recipient WHERE due_at >= ?",
  parameters: [neverDue],
} as const;

/** How much is queued. */
export const countQueue = {
  sql: "SELECT (SELECT COUNT(*) FROM entry) AS entries, (SELECT COUNT(*) FROM recipient) AS recipients",
  parameters: [],
} as const;

/**
 * Makes one entry, or with `null` everything, due now; what is under way is left alone. Returns the recipients.
 * Tell the runner afterwards (`Runner.retryNow`), so that it also dials destinations it knows to be down.
 */
export function retryEntry(entryId: number | null, now: number): Statement {
  const where = entryId === null ? "" : " AND entry_id = ?";
  return {
    sql: `UPDATE recipient SET due_at = ? WHERE lease_until <= ?${where} RETURNING id`,
    parameters: entryId === null ? [now, now] : [now, now, entryId],
    returns: true,
  };
}

/**
 * Takes an entry out of the queue for good, without a report. Returned are the recipients that were deleted (`id`,
 * `forward_path`) and, when the content went with them and was a file, its `file`. `contentId`: `null` leaves the content alone.
 */
export function deleteEntry(entryId: number, contentId: number | null): Unit {
  return [
    {
      sql: "DELETE FROM attempt WHERE recipient_id IN (SELECT id FROM recipient WHERE entry_id = ?)",
      parameters: [entryId],
    },
    {
      sql: "DELETE FROM recipient WHERE entry_id = ? RETURNING id, forward_path",
      parameters: [entryId],
      returns: true,
    },
    { sql: "DELETE FROM entry WHERE id = ?", parameters: [entryId] },
    ...(contentId === null ? [] : [deleteUnneededContent(contentId, true)]),
  ];
}
