import { DatabaseSync } from "node:sqlite";
import { createSettings, readVersion, schemaVersion, versionFrom } from "../schema-version.ts";
import type { Database } from "./statements.ts";

/**
 * Opens the database for writing and brings it to the newest version. Checkpoints are the caller's. `path` may be ":memory:".
 * Throws `DatabaseIsNewer`, or what the database says.
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 });
  try {
    // Batches are of some 20 units: with pages of 16 KiB each sync writes half as much again, and with 4 KiB messages of
    // 10 KiB and more cost more pages than that saves (bench/store.ts). Fixed once the file has a page.
    database.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
    await migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A second connection that only reads, beside an open one that writes. */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  database.exec("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY");
  return database;
}

async function migrate(database: Database): Promise<void> {
  database.exec(createSettings);
  const version = versionFrom(database.prepare(readVersion).get()?.["value"]);
  if (version === schemaVersion) return;
  // Only now: a start with nothing to do loads no query builder.
  const { migrationsAfter } = await import("../migrations.ts");
  for (const statements of migrationsAfter(version)) {
    database.exec("BEGIN IMMEDIATE");
    for (const statement of statements) database.exec(statement);
    database.exec("COMMIT");
  }
}
