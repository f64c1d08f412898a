import type { Unit } from "./store.ts";

export type LocalDelivery = {
  readonly mailboxId: number;
  readonly contentId: number;
  readonly contentSize: number;
  /** Fields put on top: Return-Path (RFC 5321 §4.4). ASCII. */
  readonly prefix: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/**
 * Puts a content into a mailbox, as part of the unit that stores the content. UID and modification sequence are given by the
 * database inside the unit: neighbours in a batch and other nodes never get the same. The unit fails when the mailbox is gone.
 */
export function deliverHere({ mailboxId, contentId, contentSize, prefix, at }: LocalDelivery): Unit {
  const size = contentSize + prefix.length;
  return [
    // The counters first: that locks the mailbox's row until the commit, also where units run side by side (PostgreSQL).
    {
      sql: "UPDATE mailbox SET uid_next = uid_next + 1, modseq = modseq + 1, messages = messages + 1, octets = octets + ? WHERE id = ?",
      parameters: [size, mailboxId],
      changes: 1,
    },
    {
      sql: "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, internal_date, flags, modseq) SELECT id, uid_next - 1, CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS INTEGER), CAST(? AS BIGINT), '', modseq FROM mailbox WHERE id = ?",
      parameters: [contentId, prefix, size, at, mailboxId],
    },
  ];
}
