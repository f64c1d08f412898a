import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, nearestName } from "./nearest.ts";

const names = ["hostname", "data", "message-size", "port", "tls"];

test("a slip finds the name that was meant", () => {
  assert.equal(nearestName("hostnme", names), "hostname");
  assert.equal(nearestName("prot", names), "port");
  assert.equal(nearestName("Message-Sizes", names), "message-size");
  assert.equal(didYouMean("dta", names), ' (did you mean "data"?)');
});

test("what is near nothing gets no suggestion", () => {
  assert.equal(nearestName("colour", names), null);
  assert.equal(nearestName("x".repeat(100_000), names), null);
  assert.equal(didYouMean("zzz", names), "");
});
