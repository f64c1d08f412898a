import assert from "node:assert/strict";
import { test } from "node:test";
import { mechanismsFor, type MechanismContext } from "./mechanism.ts";

const inClear: MechanismContext = { tls: false, channelBinding: false, mayUseClear: false, hasVerifiers: true };

test("O-20: nothing in clear, unless the listener takes it", () => {
  assert.deepEqual(mechanismsFor(inClear), []);
  assert.deepEqual(mechanismsFor({ ...inClear, mayUseClear: true }), ["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
});

test("over TLS, strongest first; PLUS only where the connection can be bound to", () => {
  const over = { ...inClear, tls: true };
  assert.deepEqual(mechanismsFor(over), ["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
  assert.deepEqual(mechanismsFor({ ...over, channelBinding: true }), [
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-256",
    "PLAIN",
    "LOGIN",
  ]);
});

test("PLUS never without TLS", () => {
  assert.ok(!mechanismsFor({ ...inClear, mayUseClear: true, channelBinding: true }).includes("SCRAM-SHA-256-PLUS"));
});

test("no SCRAM while no account could pass it", () => {
  assert.deepEqual(mechanismsFor({ ...inClear, tls: true, channelBinding: true, hasVerifiers: false }), [
    "PLAIN",
    "LOGIN",
  ]);
});
