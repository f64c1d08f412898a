import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { ContentDamaged } from "./content-source.ts";
import { type Contents, openContents } from "./content.ts";
import { type Store, StoreUnavailable } from "./store.ts";

const week = 7 * 24 * 3_600_000;

async function contentsFor(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-content-"));
  t.after(() => rm(folder, { recursive: true }));
  const store = await openMemoryStore();
  return { folder, store, contents: openContents({ folder, store, inlineLimit: 1000 }) };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function storeLarge(contents: Contents, size = 5000) {
  const writer = contents.create();
  writer.write(randomBytes(size));
  const stored = await writer.finish();
  return { stored, file: String(stored.insert.parameters[3]) };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000 && !(await isSo()); turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("few octets stay in memory and are ready at once", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const writer = contents.create();
  writer.write(Buffer.from("one "));
  writer.write(Buffer.from("two"));
  const stored = writer.finish();
  assert.ok(!(stored instanceof Promise));
  assert.deepEqual(stored.insert.parameters.slice(1), [7, Buffer.from("one two"), null]);
  assert.equal((await bytesOf(stored.source.stream())).toString(), "one two");
  assert.deepEqual(await readdir(folder), []);
});

test("a small content keeps nothing alive but its own octets", async (t) => {
  const { contents } = await contentsFor(t);
  const slab = Buffer.alloc(65_536, "x");
  const writer = contents.create();
  writer.write(slab.subarray(100, 110));
  const { source } = await writer.finish();
  assert.equal(source.bytes?.buffer.byteLength, 10);
});

test("octets that come one by one or in any cut are the same content, inline or as a file", async (t) => {
  const { contents } = await contentsFor(t);
  const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 0, max: 200 }), async (cuts, single) => {
      const pieces = [...cuts, ...Array.from({ length: single }, () => 1)].map((size) => randomBytes(size));
      const writer = contents.create();
      for (const piece of pieces) writer.write(piece);
      const whole = Buffer.concat(pieces);
      const stored = await writer.finish();
      assert.equal(stored.size, whole.length);
      assert.equal(stored.source.bytes === null, whole.length > 1000);
      assert.deepEqual(await bytesOf(stored.source.stream()), whole);
    }),
    { numRuns: 60 },
  );
});

test("many octets go to a file, in order and whole, with few of them in memory", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const piece = randomBytes(70_000);
  const sent = createHash("sha256");
  const writer = contents.create();
  let waits = 0;
  for (let n = 0; n < 100; n++) {
    writer.write(piece);
    sent.update(piece);
    if (!writer.isFull) continue;
    waits++;
    await writer.drained();
    assert.ok(!writer.isFull);
  }
  // 256 KiB may wait: every fourth piece is one too many.
  assert.ok(waits >= 20, `${waits}`);
  const stored = await writer.finish();
  assert.equal(stored.source.bytes, null);
  assert.equal(stored.size, 7_000_000);
  assert.deepEqual(await readdir(join(folder, "content", "1")), [String(stored.id)]);
  const read = createHash("sha256");
  for await (const chunk of stored.source.stream()) read.update(chunk);
  assert.equal(read.digest("hex"), sent.digest("hex"));
  await contents.remove(`1/${stored.id}`);
  assert.deepEqual(await readdir(join(folder, "content", "1")), []);
});

test("what is discarded leaves no file, whether it was finished or not", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const begun = contents.create();
  begun.write(randomBytes(5000));
  await begun.drained();
  const finished = contents.create();
  finished.write(randomBytes(5000));
  await finished.finish();
  const files = () => readdir(join(folder, "content", "1"));
  assert.equal((await files()).length, 2);
  begun.discard();
  finished.discard();
  await until(async () => (await files()).length === 0);
  assert.deepEqual(await files(), []);
});

test("a disk that takes nothing is no 250: finish says so, and no part of a file is left (O-32)", async (t) => {
  const { contents, folder } = await contentsFor(t);
  // Where the epoch's folder should come stands a file.
  await mkdir(join(folder, "content"));
  await writeFile(join(folder, "content", "1"), "");
  const writer = contents.create();
  writer.write(randomBytes(300_000));
  writer.write(randomBytes(300_000));
  await writer.drained();
  writer.write(randomBytes(300_000));
  assert.ok(!writer.isFull, "nobody waits for a disk that failed");
  await assert.rejects(Promise.resolve(writer.finish()), StoreUnavailable);
  assert.deepEqual(await readdir(join(folder, "content")), ["1"]);
});

test("missing, cut and misnamed contents are a defined error of the reader (O-33)", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const { stored, file } = await storeLarge(contents);
  const read = async (row: Parameters<Contents["open"]>[0]) => bytesOf(contents.open(row).stream());
  await truncate(join(folder, "content", file), 4999);
  await assert.rejects(read({ size: stored.size, inline: null, file }), ContentDamaged);
  await truncate(join(folder, "content", file), 0);
  await assert.rejects(read({ size: stored.size, inline: null, file }), ContentDamaged);
  await rm(join(folder, "content", file));
  await assert.rejects(read({ size: stored.size, inline: null, file }), ContentDamaged);
  await assert.rejects(read({ size: 3, inline: null, file: null }), ContentDamaged);
  await assert.rejects(read({ size: 3, inline: null, file: "../../etc/passwd" }), ContentDamaged);
  await assert.rejects(read({ size: 3, inline: Buffer.from("ab"), file: null }), ContentDamaged);
  assert.equal(contents.open({ size: 3, inline: Buffer.from("ab"), file: null }).bytes, null);
});

test("a sweep sets aside what no row names, and deletes it a week later; files of this start are left alone", async (t) => {
  const { contents, folder, store } = await contentsFor(t);
  const kept = await storeLarge(contents);
  await store.commit([kept.stored.insert]);
  const lost = await storeLarge(contents);
  await writeFile(join(folder, "content", "1", "leftover.tmp"), "x");
  await mkdir(join(folder, "content", "not-ours"));
  assert.deepEqual(await contents.sweep(1000), { quarantined: 0, deleted: 0 });

  // The same folder and database, one start later.
  await store.commit([{ sql: "UPDATE setting SET value = '2' WHERE name = 'epoch'", parameters: [] }]);
  const later = openContents({
    folder,
    store: { nextId: () => 2 * 2 ** 32 + 1, read: (one) => store.read(one) },
    inlineLimit: 1000,
  });
  const making = await storeLarge(later);
  assert.deepEqual(await later.sweep(1000), { quarantined: 2, deleted: 0 });
  assert.deepEqual(await readdir(join(folder, "content", "1")), [String(kept.stored.id)]);
  assert.deepEqual(await readdir(join(folder, "content", "2")), [String(making.stored.id)]);
  assert.deepEqual(
    (await readdir(join(folder, "quarantine"))).sort(),
    [`1000-1-${lost.stored.id}`, "1000-1-leftover.tmp"].sort(),
  );
  assert.deepEqual(await later.sweep(1000 + week - 1), { quarantined: 0, deleted: 0 });
  assert.deepEqual(await later.sweep(1000 + week), { quarantined: 0, deleted: 2 });
  assert.deepEqual(await readdir(join(folder, "quarantine")), []);
});

test("a sweep goes through more files than it asks about at once, and takes empty folders away", async (t) => {
  const { folder, store } = await contentsFor(t);
  await mkdir(join(folder, "content", "1"), { recursive: true });
  for (let id = 2 ** 32; id < 2 ** 32 + 450; id++) await writeFile(join(folder, "content", "1", String(id)), "");
  const later = openContents({ folder, store: { nextId: () => 5 * 2 ** 32, read: (one) => store.read(one) } });
  assert.deepEqual(await later.sweep(1), { quarantined: 450, deleted: 0 });
  assert.deepEqual(await readdir(join(folder, "content")), []);
  assert.equal((await readdir(join(folder, "quarantine"))).length, 450);
});

test("a sweep that is told to end does so soon, and the next one goes on", async (t) => {
  const { folder, store } = await contentsFor(t);
  await mkdir(join(folder, "content", "1"), { recursive: true });
  for (let id = 2 ** 32; id < 2 ** 32 + 450; id++) await writeFile(join(folder, "content", "1", String(id)), "");
  const stopping = new AbortController();
  const read: Store["read"] = (one) => {
    stopping.abort();
    return store.read(one);
  };
  const later = openContents({ folder, store: { nextId: () => 5 * 2 ** 32, read } });
  assert.deepEqual(await later.sweep(1, stopping.signal), { quarantined: 200, deleted: 0 });
  assert.deepEqual(await later.sweep(1, stopping.signal), { quarantined: 0, deleted: 0 });
  assert.deepEqual(await later.sweep(1), { quarantined: 250, deleted: 0 });
});

test("free space is that of the data folder", async (t) => {
  const { contents } = await contentsFor(t);
  assert.ok((await contents.freeBytes()) > 0);
});
