import assert from "node:assert/strict";
import { test } from "node:test";
import { epochOf, epochOfRows, Ids } from "./epoch.ts";

const span = 2 ** 32;

test("ids ascend from the epoch's first and tell their epoch", () => {
  const ids = new Ids(3, () => Promise.reject(new Error("too early")));
  assert.deepEqual([ids.next(), ids.next(), ids.next()], [3 * span, 3 * span + 1, 3 * span + 2]);
  assert.equal(epochOf(3 * span), 3);
  assert.equal(epochOf(4 * span - 1), 3);
});

test("the row that says which epoch was taken is not taken for granted", () => {
  assert.equal(epochOfRows([{ epoch: "7" }]), 7);
  for (const rows of [undefined, [], [{ epoch: "x" }], [{ epoch: "0" }], [{}]]) assert.throws(() => epochOfRows(rows));
});

test("a start that gives very many ids goes on with another epoch, taken in time", async () => {
  let taken = 3;
  const ids = new Ids(3, async () => (taken += 2), 32);
  const given: number[] = [];
  for (let n = 0; n < 80; n++) {
    given.push(ids.next());
    await Promise.resolve();
  }
  assert.deepEqual(
    given.map((id) => epochOf(id)),
    [
      ...Array.from({ length: 32 }, () => 3),
      ...Array.from({ length: 32 }, () => 5),
      ...Array.from({ length: 16 }, () => 7),
    ],
  );
  assert.ok(given.every((id, index) => index === 0 || id > (given[index - 1] ?? 0)));
});

test("an epoch that could not be had is asked for again, and nothing is given twice without one", async () => {
  let asked = 0;
  const ids = new Ids(3, () => (++asked < 3 ? Promise.reject(new Error("full")) : Promise.resolve(4)), 32);
  for (let n = 0; n < 33; n++) {
    ids.next();
    await Promise.resolve();
  }
  assert.equal(asked, 3);

  const without = new Ids(3, () => Promise.reject(new Error("full")), 32);
  for (let n = 0; n < 32; n++) without.next();
  await Promise.resolve();
  assert.throws(() => without.next(), /all ids/);
});
