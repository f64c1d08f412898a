import assert from "node:assert/strict";
import { test } from "node:test";
import { type Holder, Memory } from "./memory.ts";

class Noted implements Holder {
  readonly asked: boolean[] = [];
  letGo(isShort: boolean): void {
    this.asked.push(isShort);
  }
}

function reader(memory: Memory) {
  const heard: boolean[] = [];
  memory.addReader({ memoryChanged: () => heard.push(memory.isShort) });
  return heard;
}

test("up to half nobody is asked, then the oldest one for each that takes more, in turn", () => {
  const memory = new Memory(100);
  const [a, b] = [new Noted(), new Noted()];
  memory.addHolder(a);
  memory.addHolder(b);
  memory.take(50);
  assert.deepEqual([a.asked, b.asked], [[], []]);
  memory.take(1);
  assert.deepEqual([a.asked, b.asked], [[false], []]);
  memory.take(1);
  assert.deepEqual([a.asked, b.asked], [[false], [false]]);
  memory.take(1);
  memory.removeHolder(b);
  memory.take(1);
  assert.deepEqual([a.asked, b.asked], [[false, false, false], [false]]);
});

test("beyond the limit readers stop and everybody lets go; they go on when a quarter is free", () => {
  const memory = new Memory(100);
  const holder = new Noted();
  memory.addHolder(holder);
  const heard = reader(memory);
  memory.take(100);
  assert.ok(!memory.isShort);
  memory.take(1);
  memory.take(30);
  assert.ok(memory.isShort);
  assert.deepEqual(heard, [true]);
  assert.deepEqual(holder.asked, [false, true]);
  memory.give(55);
  assert.ok(memory.isShort, "76 of 100 are held");
  memory.give(1);
  assert.ok(!memory.isShort);
  assert.deepEqual(heard, [true, false]);
  assert.equal(memory.held, 75);
});

test("who lets go while it is asked does not disturb the others", () => {
  const memory = new Memory(100);
  const left: Holder[] = [];
  const leaving = Array.from({ length: 3 }, () => {
    const holder: Holder = {
      letGo() {
        memory.removeHolder(holder);
        memory.give(40);
        left.push(holder);
      },
    };
    memory.addHolder(holder);
    return holder;
  });
  const heard = reader(memory);
  memory.take(120);
  assert.deepEqual(left, leaving);
  assert.deepEqual([memory.held, memory.isShort, heard], [0, false, [true, false]]);
});
