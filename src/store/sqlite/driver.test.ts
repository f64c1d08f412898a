import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { openMemoryStore } from "../../../testing/memory-store.ts";
import { storeContract } from "../contract.ts";
import { DataFolderInUse, type Statement, type Store, StoreUnavailable } from "../store.ts";
import { launchSqlite, openSqlite } from "./driver.ts";

const root = mkdtempSync(join(tmpdir(), "gatepost-store-"));
after(() => rmSync(root, { recursive: true }));
const onFatal = (problem: string): void => assert.fail(problem);

let folders = 0;
function freshFolder(): string {
  return join(root, String(folders++));
}

/** A folder with an empty database of the newest version: migrating each one anew is what would take the time. */
const template = join(root, "template");
before(async () => (await openSqlite({ folder: template, onFatal })).close());
function madeFolder(): string {
  const folder = freshFolder();
  cpSync(template, folder, { recursive: true });
  return folder;
}

const put = (name: string): Statement => ({
  sql: "INSERT INTO setting (name, value) VALUES (?, '1')",
  parameters: [name],
});
const names = { sql: "SELECT name FROM setting WHERE name LIKE 'n%' ORDER BY name", parameters: [] };

storeContract("the store in memory", openMemoryStore);
storeContract("SQLite in threads", () => openSqlite({ folder: madeFolder(), onFatal }));

test("a second server on the same folder is turned away and told who is there; after the first it may come", async () => {
  const folder = madeFolder();
  const store = await openSqlite({ folder, onFatal });
  await assert.rejects(openSqlite({ folder, onFatal }), (error) => {
    assert.ok(error instanceof DataFolderInUse);
    assert.match(error.message, new RegExp(`process ${process.pid}:`));
    return true;
  });
  await store.commit([put("n")]);
  await store.close();
  await (await openSqlite({ folder, onFatal })).close();
  assert.deepEqual(readdirSync(folder).sort(), ["gatepost.db", "lock"]);
});

test("what is launched comes up by itself, while this thread does something else", async () => {
  const folder = freshFolder();
  const { opened } = await launchSqlite({ folder, onFatal });
  const until = performance.now() + 20_000;
  while (!existsSync(join(folder, "gatepost.db"))) assert.ok(performance.now() < until, "nobody made the database");
  await (await opened).close();
});

test("ids of a later start are above all earlier ones, and what was kept is there", async () => {
  const folder = madeFolder();
  const first = await openSqlite({ folder, onFatal });
  const id = first.nextId();
  assert.equal(first.nextId(), id + 1);
  await first.commit([put("n")]);
  await first.close();
  const second = await openSqlite({ folder, onFatal });
  assert.equal(Math.floor(second.nextId() / 2 ** 32), Math.floor(id / 2 ** 32) + 1);
  assert.deepEqual(await second.read(names), [{ name: "n" }]);
  await second.close();
});

test("a database of a newer version is refused with what to do, and left as it is", async () => {
  const folder = madeFolder();
  const path = join(folder, "gatepost.db");
  const database = new DatabaseSync(path);
  database.exec("UPDATE setting SET value = '99' WHERE name = 'schema-version'");
  database.close();
  await assert.rejects(openSqlite({ folder, onFatal }), /version 99.*start the newer Gatepost/);
  // The lock is free again: it is the version that is in the way.
  await assert.rejects(openSqlite({ folder, onFatal }), /version 99/);
});

test("a file that is no database is refused by name", async () => {
  const folder = madeFolder();
  cpSync(import.meta.filename, join(folder, "gatepost.db"));
  await assert.rejects(openSqlite({ folder, onFatal }), /gatepost\.db cannot be opened: .*not a database/);
});

test("a full disk refuses what does not fit, keeps what does, and is no reason to end (O-32)", async () => {
  const folder = madeFolder();
  const store = await openSqlite({ folder, onFatal });
  const pages = (most: number): Statement => ({
    sql: `PRAGMA max_page_count = ${most}`,
    parameters: [],
    returns: true,
  });
  await store.commit([pages(60)]);
  const large = (id: number): Statement => ({
    sql: "INSERT INTO content (id, size, inline, file) VALUES (?, 1, zeroblob(2000000), NULL)",
    parameters: [id],
  });
  const outcomes = await Promise.allSettled([
    store.commit([put("n1")]),
    store.commit([put("n2"), large(1)]),
    store.commit([put("n3")]),
    store.commit([put("n3")]),
    store.commit([large(2), put("n4")]),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "rejected", "rejected"],
  );
  for (const index of [1, 4]) {
    const outcome = outcomes[index];
    assert.ok(outcome?.status === "rejected" && outcome.reason instanceof StoreUnavailable);
    assert.ok(outcome.reason.isFull && !outcome.reason.isFatal);
  }
  assert.deepEqual(await store.read(names), [{ name: "n1" }, { name: "n3" }]);
  await store.commit([pages(100_000)]);
  await store.commit([put("n5"), large(3)]);
  await store.close();
});

/** A store and its threads. */
async function openWithThreads(
  folder: string,
  hear = onFatal,
): Promise<{ store: Store; writer: Worker; reader: Worker }> {
  const threads: Worker[] = [];
  const note = (thread: Worker): void => void threads.push(thread);
  process.on("worker", note);
  const store = await openSqlite({ folder, onFatal: hear });
  process.off("worker", note);
  const [writer, reader, ...others] = threads;
  assert.ok(writer !== undefined && reader !== undefined && others.length === 0);
  return { store, writer, reader };
}

test("units of one turn go over in one batch, and those that come while it is written in the next", async () => {
  const { store, writer } = await openWithThreads(madeFolder());
  const post = writer.postMessage.bind(writer);
  let batches = 0;
  let meanwhile: Promise<unknown>[] = [];
  writer.postMessage = (message: unknown, moved) => {
    post(message, moved);
    if (batches++ > 0) return;
    meanwhile = Array.from({ length: 30 }, (_, n) => store.commit([put(`late ${n}`)]));
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => store.commit([put(`n ${n}`)])));
  await Promise.all(meanwhile);
  assert.equal(batches, 2);
  await store.close();
});

for (const which of ["writer", "reader"] as const) {
  test(`the end of the ${which}'s thread is told once, and nothing is taken after it`, async () => {
    const folder = madeFolder();
    const problems: string[] = [];
    const opened = await openWithThreads(folder, (problem) => void problems.push(problem));
    const { store } = opened;
    const ask = () => (which === "writer" ? store.commit([put("n")]) : store.read(names));
    const isFatal = (error: unknown) => error instanceof StoreUnavailable && error.isFatal;
    const waiting = ask();
    await Promise.all([opened[which].terminate(), assert.rejects(waiting, isFatal)]);
    await assert.rejects(ask(), isFatal);
    assert.equal(problems.length, 1);
    assert.ok(problems[0]?.startsWith(folder));
    await store.close();
    assert.ok(!existsSync(join(folder, "pid")));
  });
}

test("a thread that ends while the store is closed leaves nobody waiting", async () => {
  const problems: string[] = [];
  const { store, writer } = await openWithThreads(madeFolder(), (problem) => void problems.push(problem));
  const waiting = store.commit([put("n")]);
  const closing = store.close();
  await Promise.all([writer.terminate(), assert.rejects(waiting, StoreUnavailable), closing]);
  assert.equal(problems.length, 1);
});

test("the log is copied between batches and does not grow with what is written", async () => {
  const folder = madeFolder();
  const store = await openSqlite({ folder, onFatal });
  const bytes = new Uint8Array(1_000_000);
  let largest = 0;
  for (let n = 0; n < 60; n++) {
    await store.commit([
      { sql: "INSERT OR REPLACE INTO content (id, size, inline, file) VALUES (1, 1, ?, NULL)", parameters: [bytes] },
    ]);
    largest = Math.max(largest, statSync(join(folder, "gatepost.db-wal")).size);
  }
  assert.ok(largest > 5_000_000 && largest < 20_000_000, `${largest} octets of log for 60 MB`);
  await store.close();
});
