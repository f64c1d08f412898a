import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { endOfHeader, readHeader, valueOf } from "./header.ts";

const names = (text: string) => readHeader(Buffer.from(text)).map((field) => field.name);

test("reads fields in order, folded ones whole, names in any case", () => {
  const bytes = Buffer.from("From: a@b.test\r\nSUBJECT : one\r\n two\r\n\tthree\r\nX:\r\n\r\nBody: no\r\n");
  const fields = readHeader(bytes);
  assert.deepEqual(
    fields.map((field) => [field.name, valueOf(bytes, field)]),
    [
      ["from", "a@b.test"],
      ["subject", "one two\tthree"],
      ["x", ""],
    ],
  );
  assert.equal(bytes.subarray(endOfHeader(bytes)).toString(), "Body: no\r\n");
});

for (const [text, expected] of [
  ["", []],
  ["\r\nA: b\r\n", []],
  ["A: b\r\nnot a field\r\nC: d\r\n", ["a"]],
  ["A: b\r\n: nameless\r\nC: d\r\n", ["a"]],
  [" continuation of nothing\r\nA: b\r\n", []],
  ["A: b\nC: d\n\nE: f", ["a", "c"]],
  ["A: b", ["a"]],
  ["A b: c\r\n", []],
] as const) {
  test(`fields of ${JSON.stringify(text)}`, () => assert.deepEqual(names(text), expected));
}

test("any bytes: fields follow each other without a gap and lie inside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
      const bytes = Buffer.from(octets);
      let at = 0;
      for (const field of readHeader(bytes)) {
        assert.equal(field.start, at);
        assert.ok(field.valueStart > field.start && field.end >= field.valueStart);
        at = field.end;
      }
      assert.ok(at <= bytes.length && endOfHeader(bytes) <= bytes.length);
    }),
  );
});
