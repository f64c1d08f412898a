import type { Row, Statement, Unit, Query } from "./store.ts";

/** Statements and rows of `mailbox`, `keyword` and `subscription`. Texts are constants. */

/** The counters and names of one mailbox, all of the same moment. */
export type MailboxRow = {
  readonly id: number;
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modseq: number;
  readonly messages: number;
  readonly octets: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly deletedOctets: number;
  readonly recentFrom: number;
  /** Messages from there on. */
  readonly recent: number;
  readonly specialUse: string | null;
  readonly vanishedKnownFrom: number;
};

export const mailboxColumns =
  "m.id, m.name, m.uid_validity, m.uid_next, m.modseq, m.messages, m.octets, m.unseen, m.deleted, m.deleted_octets, m.recent_from, m.special_use, m.vanished_known_from, " +
  "(SELECT COUNT(*) FROM message WHERE mailbox_id = m.id AND uid >= m.recent_from) AS recent";

export function readMailboxes(accountId: number): Query {
  return {
    sql: `SELECT ${mailboxColumns} FROM mailbox m WHERE m.account_id = ? ORDER BY m.name`,
    parameters: [accountId],
  };
}

export function readMailbox(accountId: number, name: string): Query {
  return {
    sql: `SELECT ${mailboxColumns} FROM mailbox m WHERE m.account_id = ? AND m.name = ?`,
    parameters: [accountId, name],
  };
}

/** By id, whatever it is called now. */
export function readMailboxById(id: number): Query {
  return { sql: `SELECT ${mailboxColumns} FROM mailbox m WHERE m.id = ?`, parameters: [id] };
}

export function mailboxOf(row: Row): MailboxRow {
  const specialUse = row["special_use"] ?? null;
  return {
    id: Number(row["id"]),
    name: String(row["name"]),
    uidValidity: Number(row["uid_validity"]),
    uidNext: Number(row["uid_next"]),
    modseq: Number(row["modseq"]),
    messages: Number(row["messages"]),
    octets: Number(row["octets"]),
    unseen: Number(row["unseen"]),
    deleted: Number(row["deleted"]),
    deletedOctets: Number(row["deleted_octets"]),
    recentFrom: Number(row["recent_from"]),
    recent: Number(row["recent"]),
    specialUse: specialUse === null ? null : String(specialUse),
    vanishedKnownFrom: Number(row["vanished_known_from"]),
  };
}

export type NewMailbox = {
  readonly id: number;
  readonly accountId: number;
  readonly name: string;
  readonly specialUse: string | null;
};

/** An empty mailbox. Fails as a unit when there is one of that name. */
export function insertMailbox({ id, accountId, name, specialUse }: NewMailbox, now: number): Unit {
  return [
    {
      // No number is given twice, whatever is deleted and made again under whichever name (RFC 9051 §2.3.1.1); beginning with
      // seconds it also goes on above those of a database that was lost.
      sql:
        "INSERT INTO setting (name, value) VALUES ('uid-validity', ?) ON CONFLICT (name) DO UPDATE SET value = CASE " +
        "WHEN CAST(setting.value AS BIGINT) >= CAST(excluded.value AS BIGINT) " +
        "THEN CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT) ELSE excluded.value END",
      parameters: [String(Math.floor(now / 1000))],
    },
    {
      sql:
        "INSERT INTO mailbox (id, account_id, name, uid_validity, uid_next, modseq, messages, octets, unseen, deleted, deleted_octets, recent_from, special_use, vanished_known_from) " +
        "SELECT CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(value AS BIGINT), 1, 1, 0, 0, 0, 0, 0, 1, CAST(? AS TEXT), 1 FROM setting WHERE name = 'uid-validity'",
      parameters: [id, accountId, name, specialUse],
      changes: 1,
    },
  ];
}

/** Fails as a unit when it has been renamed or deleted meanwhile, or when there is one of the new name. */
export function renameMailbox(mailbox: { readonly id: number; readonly name: string }, to: string): Statement {
  return {
    sql: "UPDATE mailbox SET name = ? WHERE id = ? AND name = ?",
    parameters: [to, mailbox.id, mailbox.name],
    changes: 1,
  };
}

/** The mailbox without its messages, which are to be gone already: fails as a unit when there is one. */
export function deleteMailbox(id: number): Statement {
  return { sql: "DELETE FROM mailbox WHERE id = ?", parameters: [id], changes: 1 };
}

/** From now on nothing that is in it is \Recent for anybody else (RFC 3501 §2.3.2). */
export function takeRecent(id: number, uidNext: number): Statement {
  return {
    sql: "UPDATE mailbox SET recent_from = ? WHERE id = ? AND recent_from < ?",
    parameters: [uidNext, id, uidNext],
  };
}

/** The spelling that was there first stays. */
export function insertKeyword(accountId: number, name: string): Statement {
  return {
    sql: "INSERT INTO keyword (account_id, folded, name) VALUES (?, ?, ?) ON CONFLICT (account_id, folded) DO NOTHING",
    parameters: [accountId, name.toLowerCase(), name],
  };
}

export function readKeywords(accountId: number): Query {
  return { sql: "SELECT folded, name FROM keyword WHERE account_id = ? ORDER BY folded", parameters: [accountId] };
}

export function readSubscriptions(accountId: number): Query {
  return { sql: "SELECT name FROM subscription WHERE account_id = ? ORDER BY name", parameters: [accountId] };
}

export function insertSubscription(accountId: number, name: string): Statement {
  return {
    sql: "INSERT INTO subscription (account_id, name) VALUES (?, ?) ON CONFLICT (account_id, name) DO NOTHING",
    parameters: [accountId, name],
  };
}

export function deleteSubscription(accountId: number, name: string): Statement {
  return { sql: "DELETE FROM subscription WHERE account_id = ? AND name = ?", parameters: [accountId, name] };
}

/** What an account holds, a content counted in each mailbox. */
export function readUsage(accountId: number): Query {
  return {
    sql: "SELECT octets, (SELECT COALESCE(SUM(messages), 0) FROM mailbox WHERE account_id = account.id) AS messages FROM account WHERE id = ?",
    parameters: [accountId],
  };
}

/** Mailboxes of a name in any case of ASCII letters. */
export function readMailboxLike(accountId: number, name: string): Query {
  return {
    sql: "SELECT id, name FROM mailbox WHERE account_id = ? AND LOWER(name) = LOWER(?) ORDER BY name",
    parameters: [accountId, name],
  };
}
