import type { Unit } from "./store.ts";

export type LocalDelivery = {
  readonly accountId: number;
  readonly mailboxId: number;
  readonly contentId: number;
  readonly contentSize: number;
  /** Fields put on top: Return-Path (RFC 5321 §4.4). ASCII. */
  readonly prefix: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Octets that the account may hold before this one, which may overrun; `noQuota`: as many as there is room for. */
  readonly quota: number;
};

/** More than any account holds. */
export const noQuota = Number.MAX_SAFE_INTEGER;

/**
 * Puts a content into a mailbox, as part of the unit that stores the content. UID and modification sequence are given by the
 * database inside the unit: neighbours in a batch and other nodes never get the same. The unit fails when the mailbox is gone or its
 * account over quota.
 */
export function deliverHere({ accountId, mailboxId, contentId, contentSize, prefix, at, quota }: LocalDelivery): Unit {
  const size = contentSize + prefix.length;
  return [
    // The counters first: that locks the mailbox's row until the commit, also where units run side by side (PostgreSQL).
    {
      sql: "UPDATE mailbox SET uid_next = uid_next + 1, modseq = modseq + 1, messages = messages + 1, unseen = unseen + 1, octets = octets + ? WHERE id = ?",
      parameters: [size, mailboxId],
      changes: 1,
    },
    {
      sql: "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, text_extra, internal_date, saved_at, flags, keywords, modseq) SELECT id, uid_next - 1, CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS INTEGER), 0, CAST(? AS BIGINT), CAST(? AS BIGINT), 0, ' ', modseq FROM mailbox WHERE id = ?",
      parameters: [contentId, prefix, size, at, at, mailboxId],
    },
    {
      sql: "UPDATE account SET octets = octets + ? WHERE id = ? AND octets < ?",
      parameters: [size, accountId, quota],
      changes: 1,
    },
  ];
}
