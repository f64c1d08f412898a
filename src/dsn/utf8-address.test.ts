import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asciiOriginalRecipient, decodeUtf8Address, encodeUtf8Address } from "./utf8-address.ts";

test("the forms of RFC 6533 §3", () => {
  assert.equal(encodeUtf8Address("jörg+x=y\\@exämple.test"), "j\\x{F6}rg\\x{2B}x\\x{3D}y\\x{5C}@ex\\x{E4}mple.test");
  assert.equal(encodeUtf8Address("\u{1F600}@x.test"), "\\x{1F600}@x.test");
  assert.equal(decodeUtf8Address("j\\x{F6}rg\\x{2B}ö@x.test"), "jörg+ö@x.test");
  for (const none of ["\\x{D800}", "\\x{110000}", "\\x{}", "\\x{f6}", "\\xF6"])
    assert.equal(decodeUtf8Address(none), none);
});

test("what is encoded is ASCII, and decodes to itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (address) => {
      const encoded = encodeUtf8Address(address);
      assert.match(encoded, /^[\x21-\x7e]*$/);
      assert.equal(decodeUtf8Address(encoded), address);
    }),
  );
});

test("an ORCPT for a host without SMTPUTF8", () => {
  assert.equal(asciiOriginalRecipient("utf-8;jörg\\x{2B}@x.test"), "utf-8;j\\x{F6}rg\\x{2B}@x.test");
  assert.equal(asciiOriginalRecipient("rfc822;bob+2Bx@r.test"), "rfc822;bob+2Bx@r.test");
});
