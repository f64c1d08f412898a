import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Clock } from "../time/clock.ts";
import { createThrottle, noThrottle, throttleLimits, type Throttle } from "./throttle.ts";

const limits = { ...throttleLimits, freeFailures: 3, firstWaitMs: 1_000, longestWaitMs: 8_000, forgetAfterMs: 60_000 };

function handClock(): Clock & { turn(ms: number): void } {
  let now = 1_000_000;
  return { now: () => now, after: () => ({ cancel: () => {} }), turn: (ms) => void (now += ms) };
}

function fail(throttle: Throttle, login: string, network: string): "failed" | "too soon" {
  const attempt = throttle.admit(login, network);
  attempt?.failed();
  return attempt === null ? "too soon" : "failed";
}

describe("the throttle", () => {
  test("a few failures are free, then each doubles the wait up to the longest", () => {
    const clock = handClock();
    const throttle = createThrottle(clock, limits);
    for (let n = 0; n < 3; n++) assert.equal(fail(throttle, "anna@a", "net"), "failed");
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      clock.turn(waitMs - 1);
      assert.equal(fail(throttle, "anna@a", "net"), "too soon");
      clock.turn(1);
      assert.equal(fail(throttle, "anna@a", "net"), "failed");
    }
  });

  test("knocking while waiting does not make it longer", () => {
    const clock = handClock();
    const throttle = createThrottle(clock, limits);
    for (let n = 0; n < 50; n++) fail(throttle, "anna@a", "net");
    clock.turn(1_000);
    assert.notEqual(throttle.admit("anna@a", "net"), null);
  });

  test("other accounts and other networks are not touched", () => {
    const throttle = createThrottle(handClock(), limits);
    for (let n = 0; n < 4; n++) fail(throttle, "anna@a", "net");
    assert.equal(throttle.admit("anna@a", "net"), null);
    assert.notEqual(throttle.admit("bob@a", "net"), null);
    assert.notEqual(throttle.admit("anna@a", "elsewhere"), null);
  });

  test("a stranger cannot lock an owner out: where the account has logged in before, failures do not count", () => {
    const throttle = createThrottle(handClock(), limits);
    throttle.admit("anna@a", "home")?.succeeded();
    for (let n = 0; n < 100; n++) fail(throttle, "anna@a", "attacker");
    for (let n = 0; n < 100; n++) assert.equal(fail(throttle, "anna@a", "home"), "failed");
    assert.equal(throttle.admit("anna@a", "attacker"), null);
  });

  test("guesses side by side gain nothing", () => {
    const clock = handClock();
    const throttle = createThrottle(clock, limits);
    const together = Array.from({ length: 50 }, () => throttle.admit("anna@a", "net")).filter(
      (attempt) => attempt !== null,
    );
    assert.equal(together.length, 3);
    for (const attempt of together) attempt.failed();
    clock.turn(1_000);
    const later = [throttle.admit("anna@a", "net"), throttle.admit("anna@a", "net")];
    assert.deepEqual(
      later.map((attempt) => attempt === null),
      [false, true],
    );
  });

  test("what came to no answer does not count", () => {
    const throttle = createThrottle(handClock(), limits);
    for (let n = 0; n < 20; n++) throttle.admit("anna@a", "net")?.withdrawn();
    assert.notEqual(throttle.admit("anna@a", "net"), null);
  });

  test("failures are forgotten after a while, and when the clock is set back", () => {
    for (const turnMs of [limits.forgetAfterMs + 1_001, -3_600_000]) {
      const clock = handClock();
      const throttle = createThrottle(clock, limits);
      for (let n = 0; n < 3; n++) fail(throttle, "anna@a", "net");
      assert.equal(throttle.admit("anna@a", "net"), null);
      clock.turn(turnMs);
      for (let n = 0; n < 3; n++) assert.equal(fail(throttle, "anna@a", "net"), "failed");
    }
  });

  test("a list of names is no way round: beyond a number of names a network's further ones count as one", () => {
    const throttle = createThrottle(handClock(), { ...limits, namesPerNetwork: 5 });
    const tried = Array.from({ length: 50 }, (_, n) => fail(throttle, `name${n}`, "net"));
    assert.equal(tried.filter((result) => result === "failed").length, 5 + 3);
    assert.equal(fail(throttle, "name0", "net"), "failed", "a name with a tally of its own goes on as before");
    assert.notEqual(throttle.admit("name49", "elsewhere"), null);
  });

  test("memory is bounded: the quietest networks are forgotten", () => {
    const throttle = createThrottle(handClock(), { ...limits, records: 10 });
    for (let n = 0; n < 3; n++) fail(throttle, "anna@a", "first");
    for (let n = 0; n < 9; n++) fail(throttle, "anna@a", `net${n}`);
    assert.equal(throttle.admit("anna@a", "first"), null);
    for (let n = 0; n < 10; n++) fail(throttle, "anna@a", `other${n}`);
    assert.notEqual(throttle.admit("anna@a", "first"), null);
    for (let n = 0; n < 3; n++) fail(throttle, "anna@a", "late");
    for (let n = 0; n < 9; n++) fail(throttle, "anna@a", `more${n}`);
    assert.equal(throttle.admit("anna@a", "late"), null, "no more are forgotten than must be");
  });

  test("exempt pairs are bounded too", () => {
    const throttle = createThrottle(handClock(), { ...limits, exempt: 2 });
    for (const home of ["one", "two", "three"]) throttle.admit("anna@a", home)?.succeeded();
    const failures = ["one", "two", "three"].map((home) =>
      Array.from({ length: 5 }, () => fail(throttle, "anna@a", home)),
    );
    assert.deepEqual(
      failures.map((results) => results.includes("too soon")),
      [true, false, false],
    );
  });

  test("any order of events: no pair fails more often than the free ones plus what its waits allow", () => {
    const event = fc.record({
      turnMs: fc.integer({ min: 0, max: 3_000 }),
      login: fc.constantFrom("a", "b", "c"),
      network: fc.constantFrom("x", "y"),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const clock = handClock();
        const throttle = createThrottle(clock, { ...limits, forgetAfterMs: 1e9 });
        const failed = new Map<string, number>();
        let passedMs = 0;
        for (const { turnMs, login, network } of events) {
          clock.turn(turnMs);
          passedMs += turnMs;
          if (fail(throttle, login, network) === "too soon") continue;
          const pair = login + network;
          failed.set(pair, (failed.get(pair) ?? 0) + 1);
          // Failure number 3 + n needs waits of 1, 2, 4, 8, 8, … seconds.
          const waits = [0, 0, 0, 1_000, 3_000, 7_000, 15_000, 23_000, 31_000];
          assert.ok(passedMs >= (waits[failed.get(pair)! - 1] ?? 31_000));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("it may be switched off", () => {
    for (let n = 0; n < 100; n++) assert.equal(fail(noThrottle, "anna@a", "net"), "failed");
  });
});
