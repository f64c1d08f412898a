import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestEvent } from "node:test/reporters";
import closingLines from "./closing-lines.ts";

test("the closing lines name what was skipped, and count", async () => {
  const events = [
    { type: "test:pass", data: { name: "a" } },
    { type: "test:start", data: { name: "b" } },
    { type: "test:pass", data: { name: "b", skip: "no postfix" } },
    { type: "test:pass", data: { name: "c", skip: true } },
    { type: "test:fail", data: { name: "d" } },
  ] as unknown as readonly TestEvent[];
  const lines: string[] = [];
  for await (const line of closingLines(stream(events))) lines.push(line);
  assert.equal(lines.join(""), "\nskipped: b: no postfix\nskipped: c\n1 passed, 1 failed, 2 skipped\n");
});

async function* stream(events: readonly TestEvent[]): AsyncGenerator<TestEvent> {
  yield* await Promise.resolve(events);
}
