import assert from "node:assert/strict";
import { test } from "node:test";
import { mechanismsFor, type MechanismContext, strongestOf } from "./mechanism.ts";

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

test("a client takes the strongest that both can", () => {
  const all = ["LOGIN", "PLAIN", "XOAUTH2", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
  const can = { canScram: true, canBind: true };
  assert.equal(strongestOf(all, can), "SCRAM-SHA-256-PLUS");
  assert.equal(strongestOf(all, { ...can, canBind: false }), "SCRAM-SHA-256");
  assert.equal(strongestOf(all, { canScram: false, canBind: true }), "PLAIN");
  assert.equal(strongestOf(["LOGIN"], can), "LOGIN");
  assert.equal(strongestOf(["XOAUTH2", "SCRAM-SHA-1"], can), null);
});
