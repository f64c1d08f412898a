import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHashBench } from "./hash-bench.ts";

/** Work that ends when the test says so. */
function manualWork() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const work = (name: string) => () => {
    begun.push(name);
    const end = Promise.withResolvers<string>();
    ends.set(name, end);
    return end.promise;
  };
  const finish = async (name: string) => {
    ends.get(name)!.resolve(name);
    await new Promise(setImmediate);
  };
  const fail = async (name: string) => {
    ends.get(name)!.reject(new Error("broken"));
    await new Promise(setImmediate);
  };
  return { begun, work, finish, fail };
}

describe("the hash bench", () => {
  test("two hashes run at once, the third when one has ended", async () => {
    const { begun, work, finish } = manualWork();
    const bench = createHashBench({ atOnce: 2, waiting: 10 });
    const results = ["a1", "a2", "a3"].map((name) => bench.run("a", work(name)));
    assert.deepEqual(begun, ["a1", "a2"]);
    assert.equal(bench.waiting, 1);
    await finish("a2");
    assert.deepEqual(begun, ["a1", "a2", "a3"]);
    await finish("a1");
    await finish("a3");
    assert.deepEqual(await Promise.all(results), ["a1", "a2", "a3"]);
  });

  test("networks take turns, whatever each has waiting", async () => {
    const { begun, work, finish } = manualWork();
    const bench = createHashBench({ atOnce: 1, waiting: 10 });
    for (const name of ["a1", "a2", "a3", "a4", "b1", "c1", "b2"]) void bench.run(name[0]!, work(name));
    for (let done = 0; done < begun.length; done++) await finish(begun[done]!);
    assert.deepEqual(begun, ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  });

  test("when it is full, the crowd pushes out its own newest, never the others", async () => {
    const { begun, work, finish } = manualWork();
    const bench = createHashBench({ atOnce: 1, waiting: 3 });
    const turnedAway: string[] = [];
    for (const name of ["a1", "a2", "a3", "a4", "a5", "b1"]) {
      void bench.run(name[0]!, work(name)).then((result) => result ?? turnedAway.push(name));
    }
    await new Promise(setImmediate);
    assert.deepEqual(turnedAway, ["a5", "a4"]);
    assert.equal(bench.waiting, 3);
    for (let done = 0; done < begun.length; done++) await finish(begun[done]!);
    assert.deepEqual(begun, ["a1", "a2", "b1", "a3"]);
    assert.equal(bench.waiting, 0);
  });

  test("work that fails gives its place back", async () => {
    const { work, finish, fail } = manualWork();
    const bench = createHashBench({ atOnce: 1, waiting: 3 });
    const failing = assert.rejects(bench.run("a", work("a1")), /broken/);
    const next = bench.run("a", work("a2"));
    await fail("a1");
    await failing;
    await finish("a2");
    assert.equal(await next, "a2");
  });
});
