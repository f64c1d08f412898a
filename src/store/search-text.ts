import type { Statement, Unit, Query } from "./store.ts";

// Statements on the index of searches: trigrams in `search_text`, and in `searchable` what is in it.

export type TextOfContent = {
  readonly contentId: number;
  /** null: too much for the index. */
  readonly text: string | null;
};

/** Nothing happens for a content that is gone, or that somebody else has put in meanwhile. */
export function insertText({ contentId, text }: TextOfContent): Unit {
  const mark: Statement = {
    sql: "INSERT INTO searchable (content_id, is_indexed) SELECT id, CAST(? AS INTEGER) FROM content WHERE id = ? ON CONFLICT (content_id) DO NOTHING",
    parameters: [text === null ? 0 : 1, contentId],
  };
  if (text === null) return [mark];
  return [
    {
      sql:
        "INSERT INTO search_text (rowid, text) SELECT id, CAST(? AS TEXT) FROM content WHERE id = ? " +
        "AND NOT EXISTS (SELECT 1 FROM searchable WHERE content_id = content.id)",
      parameters: [text, contentId],
    },
    mark,
  ];
}

/** The index anew: nothing is in it. */
export function forgetTexts(): Unit {
  return [
    { sql: "INSERT INTO search_text (search_text) VALUES ('delete-all')", parameters: [] },
    { sql: "DELETE FROM searchable", parameters: [] },
  ];
}

/** Messages of a mailbox behind a UID whose contents are not known yet: `uid`, `content_id`, ascending, and no more than the limit. */
export function readUnknown(mailboxId: number, after: number, limit: number): Query {
  return {
    sql:
      "SELECT uid, content_id FROM message WHERE mailbox_id = ? AND uid > ? " +
      "AND NOT EXISTS (SELECT 1 FROM searchable WHERE content_id = message.content_id) ORDER BY uid LIMIT ?",
    parameters: [mailboxId, after, limit],
  };
}

/** Contents in mailboxes by their numbers, and whether they are known: `content_id`, `known`. The limit bounds what is looked at. */
export function readContentsAfter(after: number, limit: number): Query {
  return {
    sql:
      "SELECT content_id, EXISTS (SELECT 1 FROM searchable WHERE content_id = c.content_id) AS known " +
      "FROM (SELECT DISTINCT content_id FROM message WHERE content_id > ? ORDER BY content_id LIMIT ?) AS c ORDER BY content_id",
    parameters: [after, limit],
  };
}

/** The newest content that is in a mailbox (`newest`). */
export const readNewest: Query = { sql: "SELECT MAX(content_id) AS newest FROM message", parameters: [] };

export const readLastUid = (mailboxId: number): Query => ({
  sql: "SELECT uid_next - 1 AS uid FROM mailbox WHERE id = ?",
  parameters: [mailboxId],
});

/** What the text of a content is read from: as for messages, and `parts`. */
export function readSource(contentId: number): Query {
  return {
    sql:
      "SELECT '' AS prefix, content.size AS content_size, content.inline, content.file, structure.parts " +
      "FROM content LEFT JOIN structure ON structure.content_id = content.id WHERE content.id = ?",
    parameters: [contentId],
  };
}

/** How many contents of all accounts have it, up to a limit (`hits`). */
export function countHits(match: string, limit: number): Query {
  return {
    sql: "SELECT COUNT(*) AS hits FROM (SELECT rowid FROM search_text WHERE search_text MATCH ? LIMIT ?)",
    parameters: [match, limit],
  };
}

/** UIDs of messages of the mailbox that have it, as one line (`uids`). */
export function readHits(mailboxId: number, match: string): Query {
  return {
    sql:
      "SELECT string_agg(CAST(message.uid AS TEXT), ' ') AS uids FROM search_text CROSS JOIN message ON message.content_id = search_text.rowid " +
      "WHERE search_text MATCH ? AND message.mailbox_id = ?",
    parameters: [match, mailboxId],
  };
}

/** UIDs of messages that are always read, because their text is too long for the index. */
export function readLarge(mailboxId: number): Query {
  return {
    sql:
      "SELECT string_agg(CAST(message.uid AS TEXT), ' ') AS uids FROM searchable CROSS JOIN message ON message.content_id = searchable.content_id " +
      "WHERE searchable.is_indexed = 0 AND message.mailbox_id = ?",
    parameters: [mailboxId],
  };
}

/** UIDs of messages whose fields from final delivery may hold the text: in lower case, or beyond ASCII. */
export function readPrefixHits(mailboxId: number, text: string): Query {
  return {
    sql:
      "SELECT string_agg(CAST(uid AS TEXT), ' ') AS uids FROM message WHERE mailbox_id = ? " +
      "AND (instr(lower(prefix), ?) > 0 OR length(CAST(prefix AS BLOB)) <> length(prefix))",
    parameters: [mailboxId, text],
  };
}
