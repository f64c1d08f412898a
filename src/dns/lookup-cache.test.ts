import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, quiet } from "../../testing/fake-clock.ts";
import { type Learnt, LookupCache } from "./lookup-cache.ts";

const records = (count: number, keepSeconds = 60): Promise<Learnt<number>> =>
  Promise.resolve({
    lookup: { records: Array.from({ length: count }, (_, n) => n), isAuthentic: false },
    keepSeconds,
  });

test("names and records together stay within the bound, and the oldest go first", async () => {
  const cache = new LookupCache<number>(new FakeClock(), 100);
  const asked: string[] = [];
  const find = async (name: string, count: number) =>
    cache.find(name, (one) => {
      asked.push(one);
      return records(count);
    });
  for (let n = 0; n < 1_000; n++) await find(`n${n}`, 4);
  assert.ok(cache.weight <= 100 && cache.weight > 90, String(cache.weight));
  asked.length = 0;
  await find("n999", 4);
  await find("n0", 4);
  assert.deepEqual(asked, ["n0"]);
});

test("an answer larger than the bound is given, and not kept", async () => {
  const cache = new LookupCache<number>(new FakeClock(), 100);
  const found = await cache.find("huge", () => records(500));
  await quiet();
  assert.equal(typeof found === "object" && "records" in found && found.records.length, 500);
  assert.equal(cache.weight, 0);
});

test("what was thrown out while it was asked for leaves nothing behind", async () => {
  const cache = new LookupCache<number>(new FakeClock(), 10);
  const first = Promise.withResolvers<Learnt<number>>();
  const asking = cache.find("first", () => first.promise);
  for (let n = 0; n < 20; n++) await cache.find(`n${n}`, () => records(0));
  first.resolve(await records(3));
  await asking;
  await quiet();
  assert.equal(cache.weight, 10);
  for (let n = 10; n < 20; n++) await cache.find(`n${n}`, () => assert.fail(`n${n} had to go for it`));
});

test("a hit is the very same promise", async () => {
  const cache = new LookupCache<number>(new FakeClock(), 100);
  const first = cache.find("a", () => records(1));
  await first;
  await quiet();
  assert.equal(
    cache.find("a", () => assert.fail("asked again")),
    first,
  );
});
