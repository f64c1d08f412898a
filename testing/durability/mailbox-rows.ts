import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { deletedBit, seenBit } from "../../src/store/message-flags.ts";

/** Each finds rows that should not be. */
const wrongs = {
  "counters are not the rows'":
    "SELECT m.id, m.name, m.messages, c.messages, m.octets, c.octets, m.unseen, c.unseen, m.deleted, c.deleted FROM mailbox m, OF_ROWS c " +
    "WHERE c.mailbox_id = m.id AND (m.messages, m.octets, m.unseen, m.deleted, m.deleted_octets) <> (c.messages, c.octets, c.unseen, c.deleted, c.deleted_octets)",
  "a UID was not given yet":
    "SELECT mailbox_id, uid FROM message JOIN mailbox ON id = mailbox_id WHERE uid >= uid_next",
  "a modification sequence was not given yet":
    "SELECT mailbox_id, uid FROM message JOIN mailbox ON id = mailbox_id WHERE message.modseq > mailbox.modseq",
  "a message that is there is on record as expunged":
    "SELECT mailbox_id, uid FROM expunged NATURAL JOIN (SELECT mailbox_id, uid FROM message)",
  "an expunged UID was not given":
    "SELECT mailbox_id, uid FROM expunged JOIN mailbox ON id = mailbox_id WHERE uid >= uid_next OR expunged.modseq > mailbox.modseq",
  "a UID is neither there nor expunged":
    "SELECT m.id, m.name FROM mailbox m WHERE m.vanished_known_from = 1 AND m.uid_next - 1 <> m.messages + (SELECT COUNT(*) FROM expunged WHERE mailbox_id = m.id)",
  "octets of an account are not its messages'":
    "SELECT a.name, a.octets, SUM(m.octets) FROM account a JOIN mailbox m ON m.account_id = a.id GROUP BY a.id HAVING a.octets <> SUM(m.octets)",
  "a content is kept for nobody":
    "SELECT id FROM content WHERE id NOT IN (SELECT content_id FROM message) AND id NOT IN (SELECT content_id FROM entry)",
  "a message has no content": "SELECT mailbox_id, uid FROM message WHERE content_id NOT IN (SELECT id FROM content)",
  "a message has not the size of its content":
    "SELECT mailbox_id, uid FROM message JOIN content ON id = content_id WHERE message.size <> content.size + LENGTH(prefix)",
  "two mailboxes have one UIDVALIDITY": "SELECT uid_validity FROM mailbox GROUP BY uid_validity HAVING COUNT(*) > 1",
  "a UIDVALIDITY could be given again":
    "SELECT id FROM mailbox WHERE uid_validity > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'uid-validity')",
} as const;

const counts =
  "(SELECT id AS mailbox_id, COUNT(uid) AS messages, COALESCE(SUM(size), 0) AS octets, COUNT(uid) FILTER (WHERE flags & " +
  `${seenBit} = 0) AS unseen, COUNT(uid) FILTER (WHERE flags & ${deletedBit} <> 0) AS deleted, ` +
  `COALESCE(SUM(size) FILTER (WHERE flags & ${deletedBit} <> 0), 0) AS deleted_octets ` +
  "FROM (SELECT mailbox.id, message.uid, message.size, message.flags FROM mailbox LEFT JOIN message ON mailbox_id = id) GROUP BY id)";

/** Rows of mailboxes, messages and contents agree with each other, and with the files of the data folder. */
export function assertRowsAgree(database: Pick<DatabaseSync, "prepare">, folder: string): void {
  for (const [wrong, sql] of Object.entries(wrongs)) {
    const rows = database.prepare(sql.replace("OF_ROWS", counts)).all();
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [],
      wrong,
    );
  }
  for (const { file, size } of database.prepare("SELECT file, size FROM content WHERE file IS NOT NULL").all()) {
    const path = join(folder, "content", String(file));
    assert.ok(existsSync(path), `${String(file)} is named and missing`);
    assert.equal(statSync(path).size, size, String(file));
  }
}

/** After a start in peace no file of an earlier one is there that no row names. */
export function assertSwept(database: Pick<DatabaseSync, "prepare">, folder: string): void {
  const named = new Set(
    database
      .prepare("SELECT file FROM content WHERE file IS NOT NULL")
      .all()
      .map(({ file }) => file),
  );
  const root = join(folder, "content");
  const epochs = existsSync(root) ? readdirSync(root) : [];
  const own = Number(database.prepare("SELECT value FROM setting WHERE name = 'epoch'").get()?.["value"]);
  for (const epoch of epochs.filter((name) => Number(name) < own)) {
    for (const name of readdirSync(join(root, epoch)))
      assert.ok(named.has(`${epoch}/${name}`), `${epoch}/${name} is for nobody`);
  }
}
