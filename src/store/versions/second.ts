import type { Compilable } from "kysely";
import { firstTables } from "./first.ts";
import { addColumn, type Columns, createIndex, createTable, plain, type References } from "./table.ts";

/** Mailboxes that people read: flags as bits, keywords, what went and what is subscribed, structures, quotas, forwarding. */

/** Columns that tables with rows get, and what those rows hold in them; without a value they may be null. */
const added = {
  account: {
    quota: "integer?",
    octets: "integer",
    forward_to: "text",
    forward_keeps: "integer",
    plus_mailbox: "text",
  },
  app_password: { scope: "text" },
  mailbox: {
    unseen: "integer",
    deleted: "integer",
    deleted_octets: "integer",
    recent_from: "integer",
    special_use: "text?",
    vanished_known_from: "integer",
  },
} as const;

const values: Readonly<Record<string, number | string>> = {
  octets: 0,
  forward_to: "[]",
  forward_keeps: 1,
  plus_mailbox: "none",
  scope: "send,read",
  unseen: 0,
  deleted: 0,
  deleted_octets: 0,
  recent_from: 1,
  vanished_known_from: 1,
};

/** Tables of version 1 as they are from here on. */
export const changedTables = {
  account: { ...firstTables.account, ...added.account },
  app_password: { ...firstTables.app_password, ...added.app_password },
  mailbox: { ...firstTables.mailbox, ...added.mailbox },
} as const satisfies Pick<Columns, "account" | "app_password" | "mailbox">;

const message = {
  mailbox_id: "integer",
  uid: "integer",
  content_id: "integer",
  prefix: "text",
  size: "integer",
  text_extra: "integer",
  internal_date: "integer",
  saved_at: "integer",
  flags: "integer",
  keywords: "text",
  modseq: "integer",
} as const satisfies Columns["message"];

const tables = {
  keyword: { account_id: "integer", folded: "text", name: "text" },
  expunged: { mailbox_id: "integer", modseq: "integer", uid: "integer" },
  subscription: { account_id: "integer", name: "text" },
  imported: { account_id: "integer", source: "text", key: "text" },
  structure: { content_id: "id", envelope: "bytes", structure: "bytes", parts: "text", preview: "text?" },
  searchable: { content_id: "id", is_indexed: "integer" },
} as const satisfies Pick<Columns, "keyword" | "expunged" | "subscription" | "imported" | "structure" | "searchable">;

const keys: Readonly<Partial<Record<string, readonly string[]>>> = {
  keyword: ["account_id", "folded"],
  expunged: ["mailbox_id", "modseq", "uid"],
  subscription: ["account_id", "name"],
  imported: ["account_id", "source", "key"],
};

const ofAccount: References = { account_id: { to: "account.id", whenDeleted: "cascade" } };
const references: Readonly<Partial<Record<string, References>>> = {
  keyword: ofAccount,
  expunged: { mailbox_id: { to: "mailbox.id", whenDeleted: "cascade" } },
  subscription: ofAccount,
  imported: ofAccount,
  structure: { content_id: { to: "content.id", whenDeleted: "cascade" } },
  searchable: { content_id: { to: "content.id", whenDeleted: "cascade" } },
};

export function secondVersion(): readonly Compilable[] {
  return [
    ...Object.entries(added).flatMap(([table, columns]) =>
      Object.entries(columns).map(([column, kind]) => addColumn(table, { column, kind, value: values[column] })),
    ),
    ...newMessages(),
    ...Object.entries(tables).map(([table, columns]) => {
      const key = keys[table];
      return createTable(table, { columns, references: references[table], ...(key === undefined ? {} : { key }) });
    }),
    ...searchText(),
    ...counted(),
  ];
}

/**
 * Trigrams of folded text, of which only the rows are kept where they occur: what is found is read and compared. It has no rows of
 * its own to look at, so what is known of a content is in `searchable`, and leaves the index with it.
 */
function searchText(): readonly Compilable[] {
  return [
    plain(
      "CREATE VIRTUAL TABLE search_text USING fts5 (text, content = '', contentless_delete = 1, detail = none, " +
        "tokenize = 'trigram case_sensitive 1')",
    ),
    plain(
      "CREATE TRIGGER searchable_gone AFTER DELETE ON searchable WHEN old.is_indexed = 1 " +
        "BEGIN DELETE FROM search_text WHERE rowid = old.content_id; END",
    ),
    plain("CREATE INDEX searchable_large ON searchable (content_id) WHERE is_indexed = 0"),
  ];
}

/** The table is made anew: the columns of a row that is read all the time stand in front. */
function newMessages(): readonly Compilable[] {
  const had = (flag: string, bit: number) => `(CASE WHEN flags LIKE '%\\${flag}%' THEN ${bit} ELSE 0 END)`;
  const bits = `${had("Seen", 1)} + ${had("Answered", 2)} + ${had("Flagged", 4)} + ${had("Deleted", 8)} + ${had("Draft", 16)}`;
  return [
    plain("ALTER TABLE message RENAME TO first_message"),
    plain("DROP INDEX message_content_id"),
    createTable("message", {
      columns: message,
      references: {
        mailbox_id: { to: "mailbox.id", whenDeleted: "restrict" },
        content_id: { to: "content.id", whenDeleted: "restrict" },
      },
      key: ["mailbox_id", "uid"],
    }),
    plain(
      "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, text_extra, internal_date, saved_at, flags, keywords, modseq) " +
        `SELECT mailbox_id, uid, content_id, prefix, size, 0, internal_date, internal_date, ${bits}, ' ', modseq FROM first_message`,
    ),
    plain("DROP TABLE first_message"),
    createIndex("message", ["content_id"]),
    // Only what has or had flags is in it: a delivery writes no further row, and what changed is found without reading a mailbox.
    plain("CREATE INDEX message_changed ON message (mailbox_id, modseq) WHERE flags <> 0"),
  ];
}

/** The new counters say what the rows say. */
function counted(): readonly Compilable[] {
  const of = "FROM message WHERE mailbox_id = mailbox.id";
  return [
    plain(
      `UPDATE mailbox SET unseen = (SELECT COUNT(*) ${of} AND flags & 1 = 0), ` +
        `deleted = (SELECT COUNT(*) ${of} AND flags & 8 <> 0), ` +
        `deleted_octets = (SELECT COALESCE(SUM(size), 0) ${of} AND flags & 8 <> 0), vanished_known_from = modseq`,
    ),
    plain(
      "UPDATE account SET octets = (SELECT COALESCE(SUM(octets), 0) FROM mailbox WHERE mailbox.account_id = account.id)",
    ),
    plain("INSERT INTO subscription (account_id, name) SELECT account_id, name FROM mailbox"),
    plain(
      "INSERT INTO setting (name, value) SELECT 'uid-validity', CAST(COALESCE(MAX(uid_validity), 0) AS TEXT) FROM mailbox",
    ),
  ];
}
