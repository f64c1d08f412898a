import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { outputTo } from "./standard-output.ts";

const written = (descriptor: number, text: string) =>
  new Promise<void>((resolve) => outputTo(descriptor).write(text, resolve));

test("everything is written, at once or later", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "gatepost-output-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "log");
  const descriptor = openSync(file, "w");
  await written(descriptor, "é".repeat(100_000));
  outputTo(descriptor).writeNow("the end\n");
  closeSync(descriptor);
  assert.equal(readFileSync(file, "utf8"), `${"é".repeat(100_000)}the end\n`);
});

test("an output that is gone is written to without an error", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "gatepost-output-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "log");
  closeSync(openSync(file, "w"));
  // Open for reading only: every write to it fails.
  const descriptor = openSync(file, "r");
  await written(descriptor, "nobody reads this\n");
  outputTo(descriptor).writeNow("nor this\n");
  closeSync(descriptor);
});

test("a reader that does not read keeps nobody from working", async (t) => {
  const program = `
    import { outputTo } from ${JSON.stringify(new URL("standard-output.ts", import.meta.url).href)};
    outputTo(1).write("x".repeat(1_000_000), () => {});
    setTimeout(() => process.stderr.write("still alive"), 1);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  child.stdout.pause();
  const [said] = (await once(child.stderr, "data")) as [Buffer];
  assert.equal(said.toString(), "still alive");
});
