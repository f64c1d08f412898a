import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Checkpoints } from "./checkpoints.ts";
import { openDatabase, openForReading } from "./open-database.ts";
import type { Database } from "./statements.ts";

async function databaseFor(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "gatepost-checkpoint-"));
  const path = join(folder, "gatepost.db");
  const database = await openDatabase(path);
  t.after(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  const write = (octets: number): void => {
    database.exec(`INSERT OR REPLACE INTO content (id, size, inline) VALUES (1, 1, zeroblob(${octets}))`);
  };
  return { path, database, write, logSize: () => statSync(`${path}-wal`).size };
}

/** Says that the log is long, and then fails with the code. */
function failing(errcode: number): Database {
  const prepare = (sql: string) => ({
    get() {
      if (!/PASSIVE|TRUNCATE/.test(sql)) return { log: 1_000_000, page_size: 8192 };
      throw Object.assign(new Error("failed"), { errcode });
    },
  });
  const exec = (sql: string): void => void prepare(sql).get();
  return { prepare, exec, isTransaction: false, close() {} } as unknown as Database;
}

const muchMore = 64 * 1024 * 1024;

test("a long log is copied, a short one is left alone", async (t) => {
  const { database, write } = await databaseFor(t);
  const checkpoints = new Checkpoints(database);
  const uncopied = () => {
    const state = database.prepare("PRAGMA wal_checkpoint(NOOP)").get();
    return Number(state?.["log"]) - Number(state?.["checkpointed"]);
  };
  write(1000);
  checkpoints.afterBatch(muchMore);
  assert.ok(uncopied() > 0);
  write(20_000_000);
  checkpoints.afterBatch(1);
  assert.ok(uncopied() > 2000, "not looked at after every batch");
  checkpoints.afterBatch(muchMore);
  assert.equal(uncopied(), 0);
});

test("a reader in the middle of something holds up nothing; the log is cut when it is gone", async (t) => {
  const { path, database, write, logSize } = await databaseFor(t);
  const checkpoints = new Checkpoints(database);
  write(1_000_000);
  const reader = openForReading(path);
  reader.exec("BEGIN; SELECT * FROM content");
  write(2_000_000);
  const begun = performance.now();
  checkpoints.last();
  assert.ok(performance.now() - begun < 2000);
  assert.ok(logSize() > 0);
  reader.close();
  checkpoints.last();
  assert.equal(logSize(), 0);
  assert.deepEqual({ ...database.prepare("PRAGMA busy_timeout").get() }, { timeout: 5000 });
});

test("a disk that is too full for the copy is no reason to end: the log keeps it; an I/O error is one", () => {
  const full = new Checkpoints(failing(13));
  full.afterBatch(muchMore);
  full.last();
  const broken = new Checkpoints(failing(10 | (4 << 8)));
  assert.throws(() => broken.afterBatch(muchMore), /failed/);
  assert.throws(() => broken.last(), /failed/);
});
