import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ip } from "../address/address.ts";
import { type Limits, Occupancy } from "./occupancy.ts";

const limits: Limits = { connections: 6, connectionsPerAddress: 2, connectionsPerNetwork: 3 };
const v4 = (value: number): Ip => ({ family: 4, value });
const v6 = (value: bigint): Ip => ({ family: 6, value });

test("each limit stands for itself and a place that is left can be taken again", () => {
  const occupancy = new Occupancy(limits);
  assert.equal(occupancy.enter(v4(0x0a000001)), null);
  assert.equal(occupancy.enter(v4(0x0a000001)), null);
  assert.equal(occupancy.enter(v4(0x0a000001)), "address");
  assert.equal(occupancy.enter(v4(0x0a000002)), null);
  assert.equal(occupancy.enter(v4(0x0a000003)), "network");
  assert.equal(occupancy.enter(v6(1n)), null);
  assert.equal(occupancy.enter(v6(1n << 64n)), null);
  assert.equal(occupancy.enter(v4(0x0a000101)), null);
  assert.equal(occupancy.enter(v4(0x0a000201)), "all");
  occupancy.leave(v4(0x0a000001));
  assert.equal(occupancy.enter(v4(0x0a000003)), null);
  assert.equal(occupancy.all, 6);
});
