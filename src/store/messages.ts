import { mailboxColumns } from "./mailboxes.ts";
import { bitsOf, deletedBit, joinKeywords, seenBit, touched } from "./message-flags.ts";
import type { Statement, Unit, Query } from "./store.ts";
import { type Condition, inSpans, type Span } from "./uid-spans.ts";

/** Statements on the messages of one mailbox. Each unit begins with the mailbox's row, which it holds until its commit. */

/** A space between UIDs, ascending; null: none. One value crosses threads where ten thousand rows would. */
const uidList = "string_agg(CAST(uid AS TEXT), ' ')";

/** Everything that a SELECT tells, in one moment. UIDs without gaps are `first_uid` to `last_uid`, and `uids` is null. */
export function readToOpen(accountId: number, name: string): Query {
  return {
    sql:
      "SELECT e.*, " +
      `CASE WHEN e.messages = e.last_uid - e.first_uid + 1 THEN NULL ELSE (SELECT ${uidList} FROM message WHERE mailbox_id = e.id) END AS uids, ` +
      `CASE WHEN e.unseen = 0 THEN NULL ELSE (SELECT uid FROM message WHERE mailbox_id = e.id AND flags & ${seenBit} = 0 ORDER BY uid LIMIT 1) END AS first_unseen, ` +
      "(SELECT string_agg(name, ' ') FROM keyword WHERE account_id = e.account_id) AS keywords FROM (" +
      `SELECT m.account_id, ${mailboxColumns}, (SELECT MIN(uid) FROM message WHERE mailbox_id = m.id) AS first_uid, ` +
      "(SELECT MAX(uid) FROM message WHERE mailbox_id = m.id) AS last_uid " +
      "FROM mailbox m WHERE m.account_id = ? AND m.name = ?) AS e",
    parameters: [accountId, name],
  };
}

/**
 * Everything that came about after a modification sequence, in one moment; no row: the mailbox is gone. `changed` is a line for
 * each message: UID, flags, modification sequence and keywords. `uidNext`: what it was then; null when that is not known, then
 * it is taken for what follows the last message that was there and never changed (`added_from`).
 */
export function readChanges(
  mailboxId: number,
  since: { readonly modseq: number; readonly uidNext: number | null },
): Query {
  const { modseq, uidNext } = since;
  return uidNext === null
    ? { sql: changesText(lastUntouched), parameters: [modseq, modseq, modseq, modseq, modseq, mailboxId] }
    : { sql: changesText("CAST(? AS BIGINT)"), parameters: [modseq, modseq, modseq, modseq, uidNext, mailboxId] };
}

const lastUntouched =
  "COALESCE((SELECT uid FROM message WHERE mailbox_id = m.id AND flags = 0 AND modseq <= ? ORDER BY uid DESC LIMIT 1), 0) + 1";

function changesText(addedFrom: string): string {
  const line = "uid || ' ' || flags || ' ' || modseq || keywords";
  return (
    "SELECT e.uid_next, e.modseq, e.added_from, e.vanished_known_from, " +
    `(SELECT string_agg(${line}, '\n') FROM message WHERE mailbox_id = e.id AND modseq > ? AND flags <> 0 AND uid < e.added_from) AS changed, ` +
    `(SELECT ${uidList} FROM message WHERE mailbox_id = e.id AND uid >= e.added_from AND modseq > ?) AS added, ` +
    `(SELECT ${uidList} FROM expunged WHERE mailbox_id = e.id AND modseq > ?) AS vanished, ` +
    // What is not known any more is all that is not there.
    `CASE WHEN e.vanished_known_from <= ? THEN NULL ELSE (SELECT COALESCE(${uidList}, '') FROM message WHERE mailbox_id = e.id) END AS uids ` +
    `FROM (SELECT m.id, m.uid_next, m.modseq, m.vanished_known_from, ${addedFrom} AS added_from FROM mailbox m WHERE m.id = ?) AS e`
  );
}

/** Fails the unit when the mailbox is gone; the next modification sequence is returned. */
function nextModseq(mailboxId: number): Statement {
  return {
    sql: "UPDATE mailbox SET modseq = modseq + 1 WHERE id = ? RETURNING modseq",
    parameters: [mailboxId],
    changes: 1,
    returns: true,
  };
}

const modseqNow = "(SELECT modseq FROM mailbox WHERE id = ?)";

export type FlagStatements = {
  readonly change: "replace" | "add" | "remove";
  readonly system: number;
  /** As the mailbox spells them. */
  readonly keywords: readonly string[];
  readonly unchangedSince: number | null;
};

/**
 * Changes flags. Returned: first the new modification sequence, then for each part of the UIDs what was there (`before`: a line
 * for each message, UID and modification sequence) and what changed (`uid`, `flags`, `keywords`).
 */
export function changeFlags(mailboxId: number, uids: readonly Span[], change: FlagStatements): Unit {
  const counted = change.change === "replace" || (change.system & (seenBit | deletedBit)) !== 0;
  return [
    nextModseq(mailboxId),
    ...inSpans(mailboxId, uids).flatMap((where): Unit => [
      {
        sql: `SELECT string_agg(uid || ' ' || modseq, '\n') AS before FROM message WHERE ${where.sql}`,
        parameters: where.parameters,
        returns: true,
      },
      ...(counted ? [countFlags(mailboxId, where, "-")] : []),
      updateFlags(mailboxId, where, change),
      ...(counted ? [countFlags(mailboxId, where, "+")] : []),
    ]),
  ];
}

function updateFlags(mailboxId: number, where: Condition, change: FlagStatements): Statement {
  const { system, keywords, unchangedSince } = change;
  const late = unchangedSince === null ? "" : " AND modseq <= ?";
  const lateParameters = unchangedSince === null ? [] : [unchangedSince];
  const update = (set: string, condition: string) =>
    `UPDATE message SET ${set}, modseq = ${modseqNow} WHERE ${where.sql} AND (${condition})${late} RETURNING uid, flags, keywords`;
  const finish = (
    sql: string,
    set: readonly (string | number)[],
    condition: readonly (string | number)[],
  ): Statement => ({
    sql,
    parameters: [...set, mailboxId, ...where.parameters, ...condition, ...lateParameters],
    returns: true,
  });
  const padded = keywords.map((keyword) => ` ${keyword} `);
  switch (change.change) {
    case "replace": {
      const all = joinKeywords(keywords);
      return finish(
        update(`flags = CAST(? AS INTEGER) | ${touched}, keywords = ?`, `flags & ${touched - 1} <> ? OR keywords <> ?`),
        [system, all],
        [system, all],
      );
    }
    case "add": {
      let text = "keywords";
      for (const _ of padded) text = `replace(${text}, ?, ' ') || ?`;
      const lacks = padded.map(() => " OR replace(keywords, ?, '') = keywords").join("");
      return finish(
        update(`flags = flags | ? | ${touched}, keywords = ${text}`, `flags & ? <> ?${lacks}`),
        [system, ...padded.flatMap((keyword) => [keyword, keyword.slice(1)])],
        [system, system, ...padded],
      );
    }
    case "remove": {
      let text = "keywords";
      for (const _ of padded) text = `replace(${text}, ?, ' ')`;
      const has = padded.map(() => " OR replace(keywords, ?, '') <> keywords").join("");
      return finish(
        update(`flags = (flags & ~CAST(? AS INTEGER)) | ${touched}, keywords = ${text}`, `flags & ? <> 0${has}`),
        [system, ...padded],
        [system, ...padded],
      );
    }
    default:
      return change.change satisfies never;
  }
}

/** The mailbox's counters by flags, with the messages taken out of them or put into them. */
function countFlags(mailboxId: number, where: Condition, sign: "+" | "-"): Statement {
  return {
    sql:
      `UPDATE mailbox SET unseen = mailbox.unseen ${sign} n.unseen, deleted = mailbox.deleted ${sign} n.deleted, ` +
      `deleted_octets = mailbox.deleted_octets ${sign} n.deleted_octets FROM (SELECT ${flagCounts} FROM message WHERE ${where.sql}) AS n WHERE id = ?`,
    parameters: [...where.parameters, mailboxId],
  };
}

const flagCounts =
  `COUNT(*) FILTER (WHERE flags & ${seenBit} = 0) AS unseen, COUNT(*) FILTER (WHERE flags & ${deletedBit} <> 0) AS deleted, ` +
  `COALESCE(SUM(size) FILTER (WHERE flags & ${deletedBit} <> 0), 0) AS deleted_octets`;
const allCounts = `COUNT(*) AS messages, COALESCE(SUM(size), 0) AS octets, ${flagCounts}`;

/** All counters, and those of the account when it holds more or less by it. */
function countMessages(mailboxId: number, where: Condition, sign: "+" | "-"): Statement {
  return {
    sql:
      `UPDATE mailbox SET messages = mailbox.messages ${sign} n.messages, octets = mailbox.octets ${sign} n.octets, unseen = mailbox.unseen ${sign} n.unseen, ` +
      `deleted = mailbox.deleted ${sign} n.deleted, deleted_octets = mailbox.deleted_octets ${sign} n.deleted_octets ` +
      `FROM (SELECT ${allCounts} FROM message WHERE ${where.sql}) AS n WHERE id = ?`,
    parameters: [...where.parameters, mailboxId],
  };
}

function chargeAccount(accountId: number, where: Condition, sign: "+" | "-"): Statement {
  return {
    sql: `UPDATE account SET octets = octets ${sign} (SELECT COALESCE(SUM(size), 0) FROM message WHERE ${where.sql}) WHERE id = ?`,
    parameters: [...where.parameters, accountId],
  };
}

/** UIDs and contents of the messages, those with \Deleted only or all. */
export function readContents(mailboxId: number, uids: readonly Span[], which: "deleted" | "all"): Query[] {
  return inSpans(mailboxId, uids).map(({ sql, parameters }) => ({
    sql: `SELECT uid, content_id, size FROM message WHERE ${sql}${which === "all" ? "" : isDeleted} ORDER BY uid`,
    parameters,
  }));
}

const isDeleted = ` AND flags & ${deletedBit} <> 0`;

/**
 * Takes messages out of the mailbox. Returned: the new modification sequence, then for each part of the UIDs those that went
 * (`uid`). Their contents are another statement's (`deleteUnneeded`).
 */
export function expungeMessages(
  { accountId, mailboxId }: { readonly accountId: number; readonly mailboxId: number },
  uids: readonly Span[],
  which: "deleted" | "all",
): Unit {
  return [
    nextModseq(mailboxId),
    ...inSpans(mailboxId, uids).flatMap((spans): Unit => {
      const where = which === "all" ? spans : { ...spans, sql: spans.sql + isDeleted };
      return [chargeAccount(accountId, where, "-"), ...takeOut(mailboxId, where)];
    }),
  ];
}

function takeOut(mailboxId: number, where: Condition): Unit {
  return [
    countMessages(mailboxId, where, "-"),
    {
      sql: `INSERT INTO expunged (mailbox_id, modseq, uid) SELECT mailbox_id, ${modseqNow}, uid FROM message WHERE ${where.sql}`,
      parameters: [mailboxId, ...where.parameters],
    },
    { sql: `DELETE FROM message WHERE ${where.sql} RETURNING uid`, parameters: where.parameters, returns: true },
  ];
}

const contentsAtOnce = 64;

/** Contents that no message and no entry needs any more, with all that is known of them; returns the files of those that had one. */
export function deleteUnneeded(contentIds: readonly number[]): Unit {
  const unit: Statement[] = [];
  for (let at = 0; at < contentIds.length; at += contentsAtOnce) {
    const ids = contentIds.slice(at, at + contentsAtOnce);
    const parameters = Array.from({ length: contentsAtOnce }, (_, index) => ids[index] ?? -1);
    unit.push({ sql: deleteContents, parameters, returns: true });
  }
  return unit;
}

const deleteContents =
  `DELETE FROM content WHERE id IN (${"?, ".repeat(contentsAtOnce - 1)}?) ` +
  "AND NOT EXISTS (SELECT 1 FROM message WHERE content_id = content.id) " +
  "AND NOT EXISTS (SELECT 1 FROM entry WHERE content_id = content.id) RETURNING file";

export type NewMessageRow = {
  readonly contentId: number;
  readonly size: number;
  readonly textExtra: number;
  readonly system: number;
  readonly keywords: readonly string[];
  readonly internalDate: number;
  readonly savedAt: number;
};

/** One message without a prefix. Returned: `uid`, `uid_validity`, `modseq`. Fails as a unit when the mailbox is gone. */
export function appendMessage(mailboxId: number, row: NewMessageRow): Unit {
  const { contentId, size, textExtra, system, keywords, internalDate, savedAt } = row;
  const isUnseen = (system & seenBit) === 0 ? 1 : 0;
  const isDeleted = (system & deletedBit) === 0 ? 0 : 1;
  return [
    {
      sql:
        "UPDATE mailbox SET uid_next = uid_next + 1, modseq = modseq + 1, messages = messages + 1, octets = octets + ?, unseen = unseen + ?, " +
        "deleted = deleted + ?, deleted_octets = deleted_octets + ? WHERE id = ? RETURNING uid_next - 1 AS uid, uid_validity, modseq",
      parameters: [size, isUnseen, isDeleted, isDeleted * size, mailboxId],
      changes: 1,
      returns: true,
    },
    {
      sql:
        "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, text_extra, internal_date, saved_at, flags, keywords, modseq) " +
        "SELECT id, uid_next - 1, CAST(? AS BIGINT), '', CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS INTEGER), CAST(? AS TEXT), modseq FROM mailbox WHERE id = ?",
      parameters: [
        contentId,
        size,
        textExtra,
        internalDate,
        savedAt,
        bitsOf(system, keywords),
        joinKeywords(keywords),
        mailboxId,
      ],
    },
  ];
}

/** Fails the unit unless the account holds at most `most` octets before it. */
export function charge(accountId: number, octets: number, most: number): Statement {
  return {
    sql: "UPDATE account SET octets = octets + ? WHERE id = ? AND octets <= ?",
    parameters: [octets, accountId, most],
    changes: 1,
  };
}

export type Transfer = {
  readonly accountId: number;
  readonly from: number;
  readonly to: number;
  /** Messages that are there: ascending. */
  readonly uids: readonly Span[];
  readonly savedAt: number;
  readonly isMove: boolean;
};

/**
 * Copies or moves messages; their contents are shared. Returned: of a move the modification sequence at which they went, then
 * `uid_validity`, and for each part of the UIDs what is there (`uid`), what follows the last of them in the other mailbox (`uid_next`) and, of a move,
 * what went (`uid`). The order stays. Fails as a unit when a mailbox is gone.
 */
export function transferMessages({ accountId, from, to, uids, savedAt, isMove }: Transfer): Unit {
  return [
    ...(isMove ? [nextModseq(from)] : []),
    {
      sql: "UPDATE mailbox SET modseq = modseq + 1 WHERE id = ? RETURNING uid_validity",
      parameters: [to],
      changes: 1,
      returns: true,
    },
    ...inSpans(from, uids).flatMap((where): Unit => [
      { sql: `SELECT uid FROM message WHERE ${where.sql} ORDER BY uid`, parameters: where.parameters, returns: true },
      ...(isMove ? [] : [chargeAccount(accountId, where, "+")]),
      {
        sql:
          "UPDATE mailbox SET uid_next = uid_next + n.messages, messages = mailbox.messages + n.messages, octets = mailbox.octets + n.octets, " +
          "unseen = mailbox.unseen + n.unseen, deleted = mailbox.deleted + n.deleted, deleted_octets = mailbox.deleted_octets + n.deleted_octets " +
          `FROM (SELECT ${allCounts} FROM message WHERE ${where.sql}) AS n WHERE id = ? RETURNING uid_next`,
        parameters: [...where.parameters, to],
        returns: true,
      },
      {
        sql:
          "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, text_extra, internal_date, saved_at, flags, keywords, modseq) " +
          "SELECT CAST(? AS BIGINT), t.uid_next - COUNT(*) OVER () + ROW_NUMBER() OVER (ORDER BY f.uid) - 1, f.content_id, f.prefix, f.size, f.text_extra, f.internal_date, " +
          "CAST(? AS BIGINT), f.flags, f.keywords, t.modseq " +
          `FROM (SELECT * FROM message WHERE ${where.sql}) AS f, (SELECT uid_next, modseq FROM mailbox WHERE id = ?) AS t`,
        parameters: [to, savedAt, ...where.parameters, to],
      },
      ...(isMove ? takeOut(from, where) : []),
    ]),
  ];
}

/** The modification sequence of the row that is one too many, when the last `kept` of what went are kept; no row: there are not so many. */
export function readForgettable(mailboxId: number, kept: number): Query {
  return {
    sql: "SELECT modseq FROM expunged WHERE mailbox_id = ? ORDER BY modseq DESC, uid DESC LIMIT 1 OFFSET ?",
    parameters: [mailboxId, kept],
  };
}

/** Up to that modification sequence it is not known any more what went: `readChanges` then takes all that is not there for it. */
export function forgetExpunged(mailboxId: number, modseq: number): Unit {
  return [
    {
      sql: "UPDATE mailbox SET vanished_known_from = ? WHERE id = ? AND vanished_known_from < ?",
      parameters: [modseq, mailboxId, modseq],
    },
    { sql: "DELETE FROM expunged WHERE mailbox_id = ? AND modseq <= ?", parameters: [mailboxId, modseq] },
  ];
}
