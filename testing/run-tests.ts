import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import { run } from "node:test";
import { dot, type TestEvent } from "node:test/reporters";
// Sets where compiled sources are kept: the processes of the tests find it in their environment.
import "../bin/compile-cache.js";
import closingLines from "./closing-lines.ts";
import { pureTests } from "./pure-rings.ts";

/**
 * All tests, after `npm run check`: first those that need nothing but this checkout, then those that need the distribution's
 * packages. `node --test path` runs a single file.
 */
const root = new URL("..", import.meta.url).pathname;
const allTests = globSync("{src,testing,test}/**/*.test.ts", { cwd: root }).sort();
const scenes = globSync(["test/peers/**/*.test.ts", "testing/peers.test.ts", "test/durability/power-cut.test.ts"], {
  cwd: root,
}).sort();
const together = new Set([...pureTests, ...scenes]);

async function* events(): AsyncGenerator<TestEvent> {
  yield* runPart("without packages", ["testing/pure-rings.ts", ...allTests.filter((file) => !together.has(file))]);
  spawnSync(process.execPath, ["testing/unpack-packages.ts"], { cwd: root, stdio: "inherit" });
  yield* runPart("with packages", scenes);
}

async function* runPart(name: string, files: string[]): AsyncGenerator<TestEvent> {
  const began = performance.now();
  // Every processor: left to itself, the runner leaves one idle.
  const part = run({ cwd: root, files, concurrency: availableParallelism(), timeout: 300_000 });
  for await (const event of part as AsyncIterable<TestEvent>) {
    if (event.type === "test:fail") process.exitCode = 1;
    yield event;
  }
  process.stdout.write(`\n${name}: ${files.length} processes, ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
}

const told = Readable.from(events());
told.compose(dot).pipe(process.stdout);
told.compose(closingLines).pipe(process.stdout);
