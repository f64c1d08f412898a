import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { migrationsAfter } from "./migrations.ts";
import { createSettings, DatabaseIsNewer, readVersion, schemaVersion, versionFrom } from "./schema-version.ts";

function migrated(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(createSettings);
  for (const statements of migrationsAfter(0)) for (const statement of statements) database.exec(statement);
  return database;
}

test("each version writes down that it is done, and the newest has nothing after it", () => {
  const database = migrated();
  assert.equal(versionFrom(database.prepare(readVersion).get()?.["value"]), schemaVersion);
  assert.deepEqual(migrationsAfter(schemaVersion), []);
  assert.equal(migrationsAfter(0).length, schemaVersion);
});

test("version 1 with its accounts, mailboxes and messages becomes version 2 with all of them", () => {
  const database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  database.exec(createSettings);
  const [first = []] = migrationsAfter(0);
  for (const statement of first) database.exec(statement);
  database.exec(
    "INSERT INTO account VALUES (1, 'a', 'b.test', 1, 1, 'own', '[]', 1, NULL, NULL, 1, 5);" +
      "INSERT INTO app_password VALUES (2, 1, 'telephone', 'x', NULL, NULL, 5);" +
      "INSERT INTO mailbox VALUES (3, 1, 'INBOX', 1790000000, 4, 9, 3, 60);" +
      "INSERT INTO content VALUES (4, 10, x'00', NULL);" +
      "INSERT INTO message VALUES (3, 1, 4, 'R: x', 14, 100, '', 7);" +
      "INSERT INTO message VALUES (3, 2, 4, '', 20, 200, '\\Seen \\Deleted', 8);" +
      "INSERT INTO message VALUES (3, 3, 4, '', 26, 300, '\\Flagged', 9)",
  );
  for (const statements of migrationsAfter(1)) for (const statement of statements) database.exec(statement);
  const all = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  assert.deepEqual(
    all("SELECT uid, content_id, prefix, size, internal_date, saved_at, flags, keywords, modseq FROM message"),
    [
      {
        uid: 1,
        content_id: 4,
        prefix: "R: x",
        size: 14,
        internal_date: 100,
        saved_at: 100,
        flags: 0,
        keywords: " ",
        modseq: 7,
      },
      {
        uid: 2,
        content_id: 4,
        prefix: "",
        size: 20,
        internal_date: 200,
        saved_at: 200,
        flags: 9,
        keywords: " ",
        modseq: 8,
      },
      {
        uid: 3,
        content_id: 4,
        prefix: "",
        size: 26,
        internal_date: 300,
        saved_at: 300,
        flags: 4,
        keywords: " ",
        modseq: 9,
      },
    ],
  );
  assert.deepEqual(all("SELECT * FROM mailbox"), [
    {
      id: 3,
      account_id: 1,
      name: "INBOX",
      uid_validity: 1_790_000_000,
      uid_next: 4,
      modseq: 9,
      messages: 3,
      octets: 60,
      unseen: 2,
      deleted: 1,
      deleted_octets: 20,
      recent_from: 1,
      special_use: null,
      vanished_known_from: 9,
    },
  ]);
  assert.deepEqual(all("SELECT quota, octets, forward_to, forward_keeps, plus_mailbox FROM account"), [
    { quota: null, octets: 60, forward_to: "[]", forward_keeps: 1, plus_mailbox: "none" },
  ]);
  assert.deepEqual(all("SELECT scope FROM app_password"), [{ scope: "send,read" }]);
  assert.deepEqual(all("SELECT * FROM subscription"), [{ account_id: 1, name: "INBOX" }]);
  assert.deepEqual(all("SELECT value FROM setting WHERE name = 'uid-validity'"), [{ value: "1790000000" }]);
  assert.throws(() => database.exec("DELETE FROM content"), /FOREIGN KEY/);
  assert.deepEqual(all("PRAGMA foreign_key_check"), []);
});

test("what the queue asks all the time finds an index", () => {
  const database = migrated();
  const searches = {
    "SELECT id FROM recipient WHERE due_at <= 1 AND lease_until <= 1 ORDER BY due_at": "recipient_due_at",
    "SELECT 1 FROM recipient WHERE entry_id = 1": "recipient_entry_id",
    "SELECT 1 FROM entry WHERE content_id = 1": "entry_content_id",
    "SELECT 1 FROM message WHERE content_id = 1": "message_content_id",
    "SELECT 1 FROM attempt WHERE recipient_id = 1": "attempt_recipient_id",
    "SELECT id FROM decision WHERE at < 1": "decision_at",
    "SELECT * FROM message WHERE mailbox_id = 1 AND uid > 7 ORDER BY uid": "PRIMARY KEY",
    "SELECT uid FROM message WHERE mailbox_id = 1 AND modseq > 7 AND flags <> 0": "message_changed",
    "SELECT uid FROM expunged WHERE mailbox_id = 1 AND modseq > 7": "PRIMARY KEY",
    "SELECT * FROM alias WHERE domain = 'a' AND local_part = 'b'": "alias_domain_local_part",
    "SELECT * FROM account WHERE domain = 'a' AND name = 'b'": "account_domain_name",
    "SELECT * FROM mailbox WHERE account_id = 1 AND name = 'INBOX'": "mailbox_account_id_name",
  };
  for (const [sql, index] of Object.entries(searches)) {
    const plan = database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
      .join("; ");
    assert.match(plan, /^SEARCH/, sql);
    assert.ok(plan.includes(index), `${sql}: ${plan}`);
    assert.doesNotMatch(plan, /TEMP B-TREE/, sql);
  }
});

test("a value of another type than the column's is refused, not bent", () => {
  const database = migrated();
  assert.throws(() => database.exec("INSERT INTO content (id, size) VALUES (1, 'many')"), /cannot store TEXT/);
  assert.throws(() => database.exec("INSERT INTO content (id) VALUES (1)"), /NOT NULL/);
});

test("a newer version and one that is none are told apart", () => {
  assert.equal(versionFrom(undefined), 0);
  assert.equal(versionFrom(String(schemaVersion)), schemaVersion);
  assert.throws(() => versionFrom(String(schemaVersion + 1)), DatabaseIsNewer);
  for (const none of ["", "1.5", "-1", "one", 7, null]) assert.throws(() => versionFrom(none), /holds no version/);
});
