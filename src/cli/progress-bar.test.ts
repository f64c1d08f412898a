import assert from "node:assert/strict";
import { test } from "node:test";
import { barText, ProgressBar } from "./progress-bar.ts";

for (const [done, total, tookMs, text] of [
  [0, 1000, 0, `[${".".repeat(30)}]   0 %  0 of 1,000`],
  [500, 1000, 2000, `[${"#".repeat(15)}${".".repeat(15)}]  50 %  500 of 1,000, 250/s, 2 s left`],
  [10, 100_000, 1000, `[${".".repeat(30)}]   0 %  10 of 100,000, 10/s, 3 h left`],
  [0, 0, 10, `[${"#".repeat(30)}] 100 %  0 of 0`],
] as const) {
  test(`${done} of ${total} after ${tookMs} ms`, () => assert.equal(barText(done, total, tookMs), text));
}

test("the line is written over, and is gone at the end", () => {
  const written: string[] = [];
  const bar = new ProgressBar({ write: (text) => written.push(text) }, () => 0);
  bar.clear();
  bar.show(1, 2);
  bar.clear();
  assert.deepEqual(
    written.map((text) => text.slice(0, 4)),
    ["\r\u001b[K", "\r\u001b[K"],
  );
});
