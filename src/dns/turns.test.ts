import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../../testing/fake-clock.ts";
import { Turns } from "./turns.ts";

test("so many at once, the next in order, and no more than may wait", async () => {
  const turns = new Turns({ atOnce: 2, waiting: 2 });
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const taken = Array.from({ length: 5 }, (_, n) =>
    turns.take(async () => {
      began.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      return n;
    }),
  );
  assert.equal(await taken[4], null);
  assert.deepEqual(began, [0, 1]);
  ends.shift()?.();
  await quiet();
  assert.deepEqual(began, [0, 1, 2]);
  for (; ends.length > 0; await quiet()) ends.shift()?.();
  assert.deepEqual(await Promise.all(taken), [0, 1, 2, 3, null]);
});

test("one that throws gives its turn back", async () => {
  const turns = new Turns({ atOnce: 1, waiting: 0 });
  await assert.rejects(turns.take(() => Promise.reject(new Error("no"))));
  assert.equal(await turns.take(() => Promise.resolve("yes")), "yes");
});
