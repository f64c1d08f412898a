import type { QueuedRecipient, QueueEntry } from "../queue/entry.ts";
import type { Row, Statement, Unit, Value } from "./store.ts";

/**
 * The statements of the queue's hot path. Texts are constants, so that drivers keep them prepared; they run on SQLite
 * and PostgreSQL alike. What people ask about the queue is in `queue-desk.ts`.
 */

export function insertEntry(entry: QueueEntry): Statement {
  return {
    sql: "INSERT INTO entry (id, content_id, reverse_path, born_at, body, smtp_utf8, ret, envid, listener, client, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    parameters: [
      entry.id,
      entry.contentId,
      entry.reversePath,
      entry.bornAt,
      entry.body,
      entry.smtpUtf8 ? 1 : 0,
      entry.ret,
      entry.envid,
      entry.listener,
      entry.client,
      entry.account,
    ],
  };
}

/** `leaseUntil` is 0, or what the handover reserved: then `dueAt` is the second try and `attempts` is 1. */
export function insertRecipient(recipient: QueuedRecipient, leaseUntil: number): Statement {
  return {
    sql: "INSERT INTO recipient (id, entry_id, forward_path, original_path, orcpt, notify, due_at, lease_until, attempts, waits_for, delay_reported) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
    parameters: [
      recipient.id,
      recipient.entryId,
      recipient.forwardPath,
      recipient.originalPath,
      recipient.orcpt,
      recipient.notify,
      recipient.dueAt,
      leaseUntil,
      recipient.attempts,
      recipient.isDelayReported ? 1 : 0,
    ],
  };
}

/** A recipient that a claim gave, with what decides without its entry whether it has to be read at all. */
export type ClaimedRecipient = QueuedRecipient & {
  /** The birth of its entry; `null` when the entry is missing (a damaged queue). */
  readonly bornAt: number | null;
};

/**
 * Claims up to `limit` recipients that are due and that nobody holds, oldest first. Counting the attempt and setting
 * its successor's time are the claim itself: a crash afterwards is at most a duplicate and never a hot loop.
 * The outer conditions are asked again under the row's lock, so that two claimers never get the same row.
 * `retryAfterMs`: what the next try waits after the first attempt, the second, …; the last one repeats.
 */
export function claimDue(claim: {
  readonly now: number;
  readonly leaseUntil: number;
  readonly limit: number;
  readonly retryAfterMs: readonly number[];
}): Statement {
  const { now, leaseUntil, limit, retryAfterMs } = claim;
  return {
    sql: claimText(retryAfterMs.length),
    parameters: [leaseUntil, now, ...retryAfterMs, now, now, limit, now, now],
    returns: true,
  };
}

const claimTexts = new Map<number, string>();

function claimText(gaps: number): string {
  let text = claimTexts.get(gaps);
  if (text === undefined) {
    const cases = Array.from({ length: gaps - 1 }, (_, attempts) => `WHEN ${attempts} THEN ?`).join(" ");
    const gap = gaps > 1 ? `CASE attempts ${cases} ELSE ? END` : "?";
    text =
      `UPDATE recipient SET lease_until = ?, attempts = attempts + 1, due_at = ? + ${gap} ` +
      "WHERE id IN (SELECT id FROM recipient WHERE due_at <= ? AND lease_until <= ? ORDER BY due_at, id LIMIT ?) " +
      "AND due_at <= ? AND lease_until <= ? " +
      "RETURNING id, entry_id, forward_path, original_path, orcpt, notify, due_at, attempts, delay_reported, " +
      "(SELECT born_at FROM entry WHERE entry.id = recipient.entry_id) AS born_at";
    claimTexts.set(gaps, text);
  }
  return text;
}

export function claimedRecipient(row: Row): ClaimedRecipient {
  return { ...recipientOfRow(row), bornAt: row["born_at"] === null ? null : Number(row["born_at"]) };
}

/**
 * The next time at which something that nobody holds is due. What is held and past its time does not count: asking for it again
 * and again until its lease ends would be a loop without a pause.
 */
export function nextDueAt(now: number): Pick<Statement, "sql" | "parameters"> {
  return { sql: "SELECT due_at FROM recipient WHERE lease_until <= ? ORDER BY due_at LIMIT 1", parameters: [now] };
}

export function nextDueAtOfRows(rows: readonly Row[]): number | null {
  const dueAt = rows[0]?.["due_at"] ?? null;
  return dueAt === null ? null : Number(dueAt);
}

const readChunks = [1, 8, 64] as const;

/** At most this many ids go into one `readEntries`. */
export const mostEntriesARead = 64;

/**
 * Entries with their contents' row, small contents included; at most `mostEntriesARead` ids. The list is filled up by
 * repetition, so that three texts serve every length.
 */
export function readEntries(ids: readonly number[]): Statement {
  const width = readChunks.find((chunk) => chunk >= ids.length);
  if (width === undefined || ids.length === 0) throw new Error(`cannot read ${ids.length} entries at once`);
  const parameters: Value[] = [...ids];
  while (parameters.length < width) parameters.push(ids[0] ?? null);
  return {
    sql:
      "SELECT entry.*, content.id AS content, content.size, content.inline, content.file " +
      "FROM entry LEFT JOIN content ON content.id = entry.content_id " +
      `WHERE entry.id IN (${"?, ".repeat(width - 1)}?)`,
    parameters,
  };
}

export type ContentRow = {
  readonly id: number;
  readonly size: number;
  readonly inline: Uint8Array | null;
  readonly file: string | null;
};

/** An entry as `readEntries` gives it; `content` is `null` when its row is missing (a damaged queue). */
export function entryOfRow(row: Row): { readonly entry: QueueEntry; readonly content: ContentRow | null } {
  const inline = row["inline"];
  const entry: QueueEntry = {
    id: Number(row["id"]),
    contentId: Number(row["content_id"]),
    size: Number(row["size"]),
    reversePath: String(row["reverse_path"]),
    bornAt: Number(row["born_at"]),
    body: row["body"] === "8BITMIME" ? "8BITMIME" : "7BIT",
    smtpUtf8: Number(row["smtp_utf8"]) !== 0,
    ret: row["ret"] === "FULL" || row["ret"] === "HDRS" ? row["ret"] : null,
    envid: textOrNull(row["envid"]),
    listener: String(row["listener"]),
    client: String(row["client"]),
    account: textOrNull(row["account"]),
  };
  const hasContent = row["content"] !== null && row["content"] !== undefined;
  return {
    entry,
    content: hasContent
      ? {
          id: entry.contentId,
          size: entry.size,
          inline: inline instanceof Uint8Array ? inline : null,
          file: textOrNull(row["file"]),
        }
      : null,
  };
}

export function recipientOfRow(row: Row): QueuedRecipient {
  return {
    id: Number(row["id"]),
    entryId: Number(row["entry_id"]),
    forwardPath: String(row["forward_path"]),
    originalPath: textOrNull(row["original_path"]),
    orcpt: textOrNull(row["orcpt"]),
    notify: textOrNull(row["notify"]),
    dueAt: Number(row["due_at"]),
    attempts: Number(row["attempts"]),
    isDelayReported: Number(row["delay_reported"]) !== 0,
  };
}

/** The outcome of an attempt that leaves its recipient in the queue. */
export function recordAttempt(attempt: {
  readonly id: number;
  readonly recipientId: number;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly host: string | null;
  readonly code: number | null;
  readonly said: string;
}): Statement {
  return {
    // The recipient may have been deleted by hand meanwhile: then there is nothing to hang the attempt on.
    sql:
      "INSERT INTO attempt (id, recipient_id, began_at, ended_at, host, code, said) " +
      "SELECT CAST(? AS BIGINT), id, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS INTEGER), CAST(? AS TEXT) FROM recipient WHERE id = ?",
    parameters: [
      attempt.id,
      attempt.beganAt,
      attempt.endedAt,
      attempt.host,
      attempt.code,
      attempt.said,
      attempt.recipientId,
    ],
  };
}

/** Gives a recipient back to the queue. Does nothing when somebody else claimed it since (`leaseUntil` differs). */
export function retryLater(retry: {
  readonly recipientId: number;
  readonly leaseUntil: number;
  readonly dueAt: number;
  /** In words: what it waits for, and the peer's words. */
  readonly waitsFor: string;
  readonly attempts: number;
  readonly isDelayReported: boolean;
}): Statement {
  return {
    sql: "UPDATE recipient SET due_at = ?, lease_until = 0, waits_for = ?, attempts = ?, delay_reported = ? WHERE id = ? AND lease_until = ?",
    parameters: [
      retry.dueAt,
      retry.waitsFor,
      retry.attempts,
      retry.isDelayReported ? 1 : 0,
      retry.recipientId,
      retry.leaseUntil,
    ],
  };
}

/** When a recipient that is set aside is due: never, until an administrator says `queue retry`. 9999-01-01. */
export const neverDue = 253_370_764_800_000;

/** Keeps a recipient that cannot be sent as it is (a damaged queue, field case O-33), with the reason in words. */
export function setAside(
  { id, attempts, isDelayReported }: Pick<QueuedRecipient, "id" | "attempts" | "isDelayReported">,
  found: { readonly leaseUntil: number; readonly reason: string },
): Statement {
  const { leaseUntil, reason: waitsFor } = found;
  return retryLater({ recipientId: id, leaseUntil, dueAt: neverDue, waitsFor, attempts, isDelayReported });
}

/** Gives back what was claimed and not begun: due at once, the attempt not counted. */
export function releaseLease(recipientId: number, leaseUntil: number, now: number): Statement {
  return {
    sql: "UPDATE recipient SET due_at = ?, lease_until = 0, attempts = attempts - 1 WHERE id = ? AND lease_until = ?",
    parameters: [now, recipientId, leaseUntil],
  };
}

/** For a process that has the queue to itself: whoever held a lease before its start is gone. */
export const freeLeases: Statement = {
  sql: "UPDATE recipient SET lease_until = 0 WHERE lease_until > 0",
  parameters: [],
};

/**
 * Takes finished recipients out of the queue: they and their attempts go, then the entry when no recipient is left,
 * then the content when no entry and no mailbox needs it. With `isFile` the last statement returns the `file` of a
 * content that went, for its bytes to be removed after the commit.
 */
export function finishRecipients(finished: {
  readonly recipients: readonly QueuedRecipient[];
  readonly entry: QueueEntry;
  readonly isFile: boolean;
}): Unit {
  const unit: Statement[] = [];
  for (const { id, attempts } of finished.recipients) {
    // Only what failed before has attempts on record.
    if (attempts > 1) unit.push({ sql: "DELETE FROM attempt WHERE recipient_id = ?", parameters: [id] });
    unit.push({ sql: "DELETE FROM recipient WHERE id = ?", parameters: [id] });
  }
  unit.push(deleteFinishedEntry(finished.entry.id), deleteUnneededContent(finished.entry.contentId, finished.isFile));
  return unit;
}

function deleteFinishedEntry(entryId: number): Statement {
  return {
    sql: "DELETE FROM entry WHERE id = ? AND NOT EXISTS (SELECT 1 FROM recipient WHERE entry_id = ?)",
    parameters: [entryId, entryId],
  };
}

export function deleteUnneededContent(contentId: number, isFile: boolean): Statement {
  return {
    sql: isFile ? `${deleteContent} RETURNING file` : deleteContent,
    parameters: [contentId, contentId, contentId],
    ...(isFile ? { returns: true } : {}),
  };
}

const deleteContent =
  "DELETE FROM content WHERE id = ? AND NOT EXISTS (SELECT 1 FROM entry WHERE content_id = ?) AND NOT EXISTS (SELECT 1 FROM message WHERE content_id = ?)";

function textOrNull(value: Value | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
