import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { idOfRef, refOf } from "./ref.ts";

test("a REF is read back as the id that it names", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (id) => {
      assert.equal(idOfRef(refOf(id)), id);
      assert.equal(idOfRef(refOf(id).toLowerCase()), id);
    }),
  );
});

test("what people make of it is understood", () => {
  assert.equal(refOf(2 ** 32 + 1), "4000001");
  assert.equal(idOfRef(" 4ooo-OOl "), 2 ** 32 + 1);
});

test("anything else is no REF, whatever it is", () => {
  for (const text of ["", "-", "U", "4000!", "é", "Z".repeat(11), "1".repeat(12), " ".repeat(50)]) {
    assert.equal(idOfRef(text), null, text);
  }
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 60 }), (text) => {
      const id = idOfRef(text);
      assert.ok(id === null || (Number.isSafeInteger(id) && id >= 0));
    }),
  );
});
