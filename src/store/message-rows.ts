import type { Query } from "./store.ts";
import { inSpans, type Span } from "./uid-spans.ts";

/** What is read of messages beside flags, sizes and dates. */
export type WantedColumns = {
  readonly envelope: boolean;
  readonly structure: boolean;
  readonly parts: boolean;
  readonly preview: boolean;
  /** Contents of at most so many octets; 0: none. */
  readonly contentUpTo: number;
};

/** Rows of the messages among the UIDs, ascending; parts of them, so that each read is small. */
export function readMessageRows(mailboxId: number, uids: readonly Span[], wanted: WantedColumns): Query[] {
  const { columns, from } = textFor(wanted);
  const limit = wanted.contentUpTo > 0 ? [wanted.contentUpTo, wanted.contentUpTo] : [];
  return inSpans(mailboxId, uids).map(({ sql, parameters }) => ({
    sql: `SELECT ${columns} FROM ${from} WHERE ${sql} ORDER BY uid`,
    parameters: [...limit, ...parameters],
  }));
}

/**
 * UID, flags, modification sequence and keywords of the messages among the UIDs, ascending, a line for each: one value crosses threads
 * in a quarter of the time of as many rows.
 */
export function readFlagLines(mailboxId: number, uids: readonly Span[]): Query[] {
  return inSpans(mailboxId, uids).map(({ sql, parameters }) => ({
    sql:
      "SELECT string_agg(line, '\n') AS lines FROM (SELECT uid || ' ' || flags || ' ' || modseq || keywords AS line " +
      `FROM message WHERE ${sql} ORDER BY uid) AS ordered`,
    parameters,
  }));
}

/** The columns that a structure adds are null where there is none yet. */
function textFor({ envelope, structure, parts, preview, contentUpTo }: WantedColumns) {
  const columns = [
    "uid, message.flags, message.keywords, message.modseq, message.size, message.text_extra, message.internal_date, message.saved_at, message.content_id",
  ];
  let from = "message";
  if (envelope || structure || parts || preview) {
    from += " LEFT JOIN structure ON structure.content_id = message.content_id";
    columns.push("structure.content_id AS known");
    if (envelope) columns.push("structure.envelope");
    if (structure) columns.push("structure.structure");
    if (parts) columns.push("structure.parts");
    if (preview) columns.push("structure.preview");
  }
  if (contentUpTo > 0) {
    from += " LEFT JOIN content ON content.id = message.content_id";
    columns.push(
      "message.prefix, content.size AS content_size",
      "CASE WHEN message.size <= ? THEN content.inline END AS inline",
      "CASE WHEN message.size <= ? THEN content.file END AS file",
    );
  }
  return { columns: columns.join(", "), from };
}

/** Where the octets of one message are: `prefix`, and the row of its content. */
export function readContentOf(mailboxId: number, uid: number): Query {
  return {
    sql:
      "SELECT message.prefix, content.size AS content_size, content.inline, content.file " +
      "FROM message LEFT JOIN content ON content.id = message.content_id WHERE mailbox_id = ? AND uid = ?",
    parameters: [mailboxId, uid],
  };
}
