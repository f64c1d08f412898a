import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openContents } from "./content.ts";

async function contentsFor(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-content-"));
  t.after(() => rm(folder, { recursive: true }));
  let id = 2 ** 32;
  return { folder, contents: openContents({ folder, store: { nextId: () => id++ }, inlineLimit: 1000 }) };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
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

test("many octets go to a file, in order and whole", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const sent = randomBytes(3_000_000);
  const writer = contents.create();
  for (let at = 0; at < sent.length; at += 70_000) {
    writer.write(sent.subarray(at, at + 70_000));
    if (writer.isFull) await writer.drained();
    assert.ok(!writer.isFull);
  }
  const stored = await writer.finish();
  assert.equal(stored.source.bytes, null);
  assert.deepEqual(await readdir(join(folder, "content", "1")), [String(stored.id)]);
  assert.ok(sent.equals(await bytesOf(stored.source.stream())));
  await contents.remove(`1/${stored.id}`);
  assert.deepEqual(await readdir(join(folder, "content", "1")), []);
});

test("what is discarded leaves no file", async (t) => {
  const { contents, folder } = await contentsFor(t);
  const writer = contents.create();
  writer.write(randomBytes(5000));
  await writer.drained();
  writer.discard();
  for (let turn = 0; turn < 200 && (await readdir(join(folder, "content", "1"))).length > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await readdir(join(folder, "content", "1")), []);
});

test("a missing file is an error of the reader, not of the process", async (t) => {
  const { contents } = await contentsFor(t);
  const source = contents.open({ size: 10, inline: null, file: "1/77" });
  await assert.rejects(bytesOf(source.stream()), { code: "ENOENT" });
});
