import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, Packer, TextRegistry } from "./packed.ts";

test("texts are sent once, also for batches that are taken in another turn", () => {
  const texts = new TextRegistry();
  const unit = [{ sql: "one", parameters: [1] }];
  assert.deepEqual(pack([unit], texts).texts, ["one"]);
  const packed = pack([unit, [{ sql: "two", parameters: [], changes: 3, returns: true }]], texts);
  assert.deepEqual(packed.texts, ["two"]);
  assert.deepEqual(packed.values, [1, 0, -1, false, 1, 1, 1, 1, 3, true, 0]);
  assert.equal(packed.units, 2);
});

test("texts without end do not fill the memory: the latest are sent along", () => {
  const texts = new TextRegistry();
  for (let n = 0; n < 1000; n++) texts.numberOf(`text ${n}`);
  assert.equal(texts.numberOf("one more"), "one more");
  assert.equal(texts.numberOf("text 999"), 999);
  assert.equal(texts.takeFresh().length, 1000);
});

test("bytes are copied when the batch is taken: alone, without the slab they are cut from", () => {
  const slab = Buffer.from("abcdefgh");
  const packer = new Packer(new TextRegistry());
  packer.add([{ sql: "x", parameters: [slab.subarray(1, 3), "text", slab.subarray(5, 6)] }]);
  const packed = packer.take();
  slab.fill(0);
  assert.equal(Buffer.from(packed.bytes).toString(), "bcf");
  assert.equal(packed.bytes.buffer.byteLength, 3);
  assert.deepEqual(packed.values.slice(5), [true, 0, 2, "text", true, 2, 1]);
});

test("a unit with something that is no value leaves nothing behind", () => {
  const texts = new TextRegistry();
  const packer = new Packer(texts);
  packer.add([{ sql: "x", parameters: [Buffer.from("one")] }]);
  const wrong = undefined as unknown as string;
  assert.throws(
    () =>
      packer.add([
        { sql: "x", parameters: [Buffer.from("two")] },
        { sql: "y", parameters: [wrong] },
      ]),
    TypeError,
  );
  const packed = packer.take();
  assert.equal(packed.units, 1);
  assert.deepEqual(packed.values, [1, 0, -1, false, 3, true, 0, 3]);
  assert.equal(Buffer.from(packed.bytes).toString(), "one");
});
