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
