import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openMemoryStore } from "../../../testing/memory-store.ts";
import { storeContract } from "../contract.ts";
import { DataFolderInUse, StoreUnavailable } from "../store.ts";
import { openSqlite } from "./driver.ts";

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gatepost-store-"));
  folders.push(folder);
  return folder;
}
const onFatal = (problem: string) => assert.fail(problem);

storeContract("the store in memory", openMemoryStore);
storeContract("SQLite in a thread", () => openSqlite({ folder: freshFolder(), onFatal }));

test("a second server on the same folder is turned away", async () => {
  const folder = freshFolder();
  const store = await openSqlite({ folder, onFatal });
  await assert.rejects(openSqlite({ folder, onFatal }), DataFolderInUse);
  await store.close();
});

test("ids of a later start are above all earlier ones, and what was kept is there", async () => {
  const folder = freshFolder();
  const first = await openSqlite({ folder, onFatal });
  const id = first.nextId();
  await first.commit([{ sql: "INSERT INTO setting (name, value) VALUES ('a', ?)", parameters: ["kept"] }]);
  await first.close();
  const second = await openSqlite({ folder, onFatal });
  assert.ok(second.nextId() > id + 1_000_000);
  assert.deepEqual(await second.read({ sql: "SELECT value FROM setting WHERE name = 'a'", parameters: [] }), [
    { value: "kept" },
  ]);
  await second.close();
});

test("a full disk refuses what does not fit, keeps what does, and is no reason to end", async () => {
  const store = await openMemoryStore();
  store.limitPages(store.pages + 2);
  const big = {
    sql: "INSERT INTO content (id, size, inline, file) VALUES (1, 1, zeroblob(10000000), NULL)",
    parameters: [],
  };
  await assert.rejects(
    store.commit([big]),
    (error) => error instanceof StoreUnavailable && error.isFull && !error.isFatal,
  );
  await store.commit([{ sql: "INSERT INTO setting (name, value) VALUES ('small', '1')", parameters: [] }]);
  await store.close();
});
