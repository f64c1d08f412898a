import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWarmLogins } from "./warm-logins.ts";

const minute = 60_000;
const anna = { id: 7, passwordVersion: 1, purpose: "send" } as const;

function setUp(atMost = 100) {
  let now = 1_000_000;
  const clock = { now: () => now, after: () => ({ cancel: () => {} }) };
  return {
    warm: createWarmLogins({ clock, key: Buffer.alloc(32, 1), atMost }),
    turn: (ms: number) => void (now += ms),
  };
}

describe("warm logins", () => {
  test("a password that was right is known for ten minutes at most", () => {
    const { warm, turn } = setUp();
    assert.equal(warm.knows(anna, "pa55"), false);
    warm.remember(anna, "pa55");
    turn(10 * minute - 1);
    assert.equal(warm.knows(anna, "pa55"), true);
    turn(1);
    assert.equal(warm.knows(anna, "pa55"), false);
  });

  test("use does not prolong it", () => {
    const { warm, turn } = setUp();
    warm.remember(anna, "pa55");
    for (let n = 0; n < 9; n++) {
      turn(minute);
      assert.equal(warm.knows(anna, "pa55"), true);
    }
    turn(minute);
    assert.equal(warm.knows(anna, "pa55"), false);
  });

  test("it is bound to the account, the password, its version and its purpose", () => {
    const { warm } = setUp();
    warm.remember(anna, "pa55");
    assert.equal(warm.knows(anna, "pa56"), false);
    assert.equal(warm.knows({ ...anna, id: 8 }, "pa55"), false);
    assert.equal(warm.knows({ ...anna, passwordVersion: 2 }, "pa55"), false);
    assert.equal(warm.knows({ ...anna, purpose: "read" }, "pa55"), false);
    assert.equal(warm.knows({ ...anna, id: 71 }, "pa55"), false);
  });

  test("an app password that ends sooner is forgotten then", () => {
    const { warm, turn } = setUp();
    warm.remember(anna, "pa55", 1_000_000 + minute);
    turn(minute - 1);
    assert.equal(warm.knows(anna, "pa55"), true);
    turn(1);
    assert.equal(warm.knows(anna, "pa55"), false);
  });

  test("a clock that is set back makes nothing last longer", () => {
    const { warm, turn } = setUp();
    warm.remember(anna, "pa55");
    turn(-60 * minute);
    assert.equal(warm.knows(anna, "pa55"), false);
  });

  test("the oldest go first when there are too many", () => {
    const { warm } = setUp(2);
    for (const password of ["one", "two", "three"]) warm.remember(anna, password);
    assert.deepEqual(
      ["one", "two", "three"].map((password) => warm.knows(anna, password)),
      [false, true, true],
    );
  });
});
