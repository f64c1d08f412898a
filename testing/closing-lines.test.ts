import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import type { TestEvent } from "node:test/reporters";
import closingLines from "./closing-lines.ts";

test("what fails is named at once, what was skipped at the end, with how many there were", async () => {
  const events = [
    { type: "test:pass", data: { name: "a" } },
    { type: "test:start", data: { name: "b" } },
    { type: "test:pass", data: { name: "b", skip: "no postfix" } },
    { type: "test:pass", data: { name: "c", skip: true } },
    { type: "test:fail", data: { name: "d", file: resolve("src/d.test.ts"), line: 7 } },
    { type: "test:pass", data: { name: "e" } },
  ] as unknown as readonly TestEvent[];
  const lines: string[] = [];
  for await (const line of closingLines(stream(events))) lines.push(line);
  assert.deepEqual(lines, [
    "\nfailed: d (src/d.test.ts:7)\n",
    "\nskipped: b: no postfix\nskipped: c\n2 passed, 1 failed, 2 skipped\n",
  ]);
});

async function* stream(events: readonly TestEvent[]): AsyncGenerator<TestEvent> {
  yield* await Promise.resolve(events);
}
