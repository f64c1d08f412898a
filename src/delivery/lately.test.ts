import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Lately } from "./lately.ts";

test("what was noted counts for its time, and no longer", () => {
  const clock = new FakeClock();
  const lately = new Lately(clock, 1_000);
  assert.equal(lately.note("a"), clock.now() + 1_000);
  clock.advance(999);
  assert.ok(lately.has("a"));
  clock.advance(1);
  assert.equal(lately.has("a"), false);
  lately.note("a");
  lately.forget("a");
  assert.equal(lately.has("a"), false);
});

test("of too many names the oldest are forgotten, and one noted again is not old", () => {
  const lately = new Lately(new FakeClock(), 1_000);
  for (let n = 0; n < 10_000; n++) lately.note(String(n));
  lately.note("0");
  lately.note("one more");
  assert.deepEqual(
    [lately.has("0"), lately.has("1"), lately.has("2"), lately.has("one more")],
    [true, false, true, true],
  );
});
