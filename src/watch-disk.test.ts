import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import type { Event } from "./events/catalogue.ts";
import { watchDisk } from "./watch-disk.ts";

test("new mail is put off while less than the reserve is free, and the volume is named once (O-32)", async () => {
  const clock = new FakeClock();
  const events: Event[] = [];
  let free: number | Error = 1_000;
  const freeBytes = () => (typeof free === "number" ? Promise.resolve(free) : Promise.reject(free));
  const options = { folder: "/var/lib/gatepost", reserve: 500, clock, emit: (event: Event) => void events.push(event) };
  const disk = watchDisk(freeBytes, options);
  await clock.pass(5_000);
  assert.equal(disk.shortage(), null);
  free = 499;
  await clock.pass(15_000);
  assert.equal(disk.shortage()?.code, 452);
  assert.equal(events.length, 1);
  assert.match(JSON.stringify(events[0]), /\/var\/lib\/gatepost.*499 octets are free, 500 are kept in reserve/);
  // A look that fails is not the last one, and says nothing about the space.
  free = new Error("stale file handle");
  await clock.pass(5_000);
  assert.equal(disk.shortage()?.code, 452);
  free = 500;
  await clock.pass(5_000);
  assert.equal(disk.shortage(), null);
  disk.stop();
  assert.equal(clock.timers, 0);
});
