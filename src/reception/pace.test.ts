import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

const limits = { lateMs: 180_000, leastRate: 100 };

test("a client may be late by a while, and what it sent gives it the time that this takes at the least rate", () => {
  const pace = new Pace(1_000, limits);
  assert.equal(pace.endsAt, 181_000);
  pace.count(250);
  assert.equal(pace.endsAt, 183_500);
});

test("an octet every five seconds ends in little more than the while", () => {
  const pace = new Pace(0, limits);
  let now = 0;
  while (now < pace.endsAt) {
    now += 5_000;
    pace.count(1);
  }
  assert.ok(now < 190_000, `${now} ms`);
});

test("2,400 bits a second over a satellite, and nothing at all for two minutes in each ten: it passes", () => {
  const pace = new Pace(0, limits);
  for (let second = 0; second < 6 * 3_600; second++) {
    if (second % 600 >= 120) pace.count(240);
    assert.ok(second * 1_000 < pace.endsAt, `ended after ${second} s`);
  }
});

test("while the client is held up no time passes", () => {
  const pace = new Pace(0, limits);
  pace.holdUp(10_000);
  pace.holdUp(20_000);
  pace.goOn(1_000_000);
  pace.goOn(2_000_000);
  assert.equal(pace.endsAt, 180_000 + 990_000);
});
