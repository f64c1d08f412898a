import assert from "node:assert/strict";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ContentFile } from "./content-file.ts";
import { writeWholeFile } from "./whole-file.ts";

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-safe-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** What every open file and folder inherits its methods from. */
async function handlesIn(folder: string): Promise<FileHandle> {
  const handle = await open(folder, "r");
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

test("a file in a folder that another is just making waits until that folder is safe", async (t) => {
  const folder = await folderFor(t);
  const first = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const handles = await handlesIn(folder);
  const { sync } = handles as { readonly sync: (this: FileHandle) => Promise<void> };
  let syncs = 0;
  // The first to sync is the one that made the folder: it syncs the one above.
  t.mock.method(handles, "sync", async function (this: FileHandle) {
    if (syncs++ === 0) {
      begun.resolve();
      await first.promise;
    }
    return sync.call(this);
  });
  const finished: string[] = [];
  const files = ["one", "two"].map((name) => {
    const file = new ContentFile(join(folder, "content/1", name), { give: () => {} });
    file.write(Buffer.from(name));
    return file.finish().then(() => void finished.push(name));
  });
  await begun.promise;
  // As long as ten files would need: each is opened, written, synced and closed.
  for (let turn = 0; turn < 10; turn++) {
    const handle = await open(join(folder, "meanwhile"), "w");
    await handle.writeFile("meanwhile");
    await handle.datasync();
    await handle.close();
  }
  assert.deepEqual(finished, []);
  first.resolve();
  await Promise.all(files);
  assert.deepEqual(new Set(finished), new Set(["one", "two"]));
});

test("folders that were taken away are made again for the next file", async (t) => {
  const folder = await folderFor(t);
  const finish = (name: string) => {
    const file = new ContentFile(join(folder, "content/1", name), { give: () => {} });
    file.write(Buffer.from(name));
    return file.finish();
  };
  await finish("one");
  await rm(join(folder, "content"), { recursive: true });
  await assert.rejects(finish("two"), /ENOENT/);
  await finish("three");
  assert.deepEqual(await readdir(join(folder, "content/1")), ["three"]);
});

test("a whole file replaces the old one and leaves nothing beside it", async (t) => {
  const folder = await folderFor(t);
  const path = join(folder, "key.pem");
  for (const text of ["old and longer", "new"]) await writeWholeFile(path, text, { mode: 0o600 });
  const handle = await open(path, "r");
  assert.equal(await handle.readFile("utf8"), "new");
  assert.equal((await handle.stat()).mode & 0o777, 0o600);
  await handle.close();
  assert.deepEqual(await readdir(folder), ["key.pem"]);
});
