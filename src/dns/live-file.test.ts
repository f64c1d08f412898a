import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { liveFile } from "./live-file.ts";

test("a file is read again when it was replaced or is gone, and not looked at each time", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-live-file-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "hosts");
  const clock = new FakeClock();
  const current = liveFile(path, { clock, read: (text) => text.trim() });
  assert.equal(current(), "");
  await writeFile(path, "one\n");
  assert.equal(current(), "");
  clock.advance(5_000);
  assert.equal(current(), "one");
  await writeFile(`${path}.new`, "two\n");
  await rename(`${path}.new`, path);
  clock.advance(5_000);
  assert.equal(current(), "two");
  await rm(path);
  clock.advance(5_000);
  assert.equal(current(), "");
});
