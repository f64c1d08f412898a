import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { decodeInitialResponse } from "../sasl/base64.ts";
import { parseAuthResponse } from "./auth-response.ts";
import { authCancelled, authLineTooLong, authMalformed } from "./replies.ts";

const line = (text: string) => ({ flaw: null, text, isAscii: true }) as const;

it("decodes base64, empty lines too", () => {
  assert.deepEqual(parseAuthResponse(line("cGE1NQ==")), Buffer.from("pa55"));
  assert.deepEqual(parseAuthResponse(line("")), Buffer.alloc(0));
});

it("cancels at * (RFC 4954 §4)", () => assert.equal(parseAuthResponse(line("*")), authCancelled));

for (const text of ["cGE1NQ", "cGE1NQ=", "cGE1NQ===", "cGE1NQ== ", " cGE1NQ==", "cGE1_Q==", "pa55!", "**", "="]) {
  it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAuthResponse(line(text)), authMalformed));
}

it("tells a line too long from a malformed one", () => {
  assert.equal(parseAuthResponse({ flaw: "too-long", text: "" }), authLineTooLong);
  assert.equal(parseAuthResponse({ flaw: "nul", text: "" }), authMalformed);
});

it("takes = as an empty initial response (field case O-13)", () => {
  assert.deepEqual(decodeInitialResponse("="), Buffer.alloc(0));
  assert.equal(decodeInitialResponse("=="), "malformed");
});

it("reads back any octets and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.string({ maxLength: 40 }), (octets, noise) => {
      const bytes = Buffer.from(octets);
      assert.deepEqual(parseAuthResponse(line(bytes.toString("base64"))), bytes);
      parseAuthResponse(line(noise));
    }),
  );
});
