import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Encoding } from "./structure.ts";
import { decodeBody, decoderOf } from "./transfer-decoding.ts";
import { Base64Encoder, QuotedPrintableEncoder } from "./transfer-encoding.ts";

function decoded(text: string, encoding: Exclude<Encoding, "unknown">, cut: number): string {
  const octets = Buffer.from(text, "latin1");
  const decoder = decoderOf(encoding);
  if (decoder === null) throw new Error("no decoder");
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += cut) pieces.push(decoder.push(octets.subarray(at, at + cut)));
  return Buffer.concat([...pieces, decoder.finish()]).toString("latin1");
}

describe("an encoding undone", () => {
  const table: readonly [Exclude<Encoding, "unknown">, string, string][] = [
    ["identity", "a=20\r\n", "a=20\r\n"],
    ["quoted-printable", "hello  \r\nbar=\r\n\r\nfoo\t=\r\nbar\r\n", "hello\r\nbar\r\nfoo\tbar\r\n"],
    [
      "quoted-printable",
      "foo\t \t= \r\n=62\r\nfoo = \t\r\nbar\r\nfoo =\r\n=62\r\n",
      "foo\t \tb\r\nfoo bar\r\nfoo b\r\n",
    ],
    ["quoted-printable", "=C3=a9=", "\xc3\xa9"],
    ["quoted-printable", "=C3 =ZZ =4 =", "\xc3 =ZZ =4 "],
    ["quoted-printable", "end of all  ", "end of all"],
    ["quoted-printable", "bare\nline ends =\nhere\n", "bare\nline ends here\n"],
    ["quoted-printable", "raw \xe9 octets", "raw \xe9 octets"],
    ["base64", "aGVs\r\nbG8gd29y\r\nbGQ=\r\n", "hello world"],
    ["base64", "  aGVs    \r\n bG8g  \r\n   d29y  \t \r\n    bGQ= \r\n\r\n", "hello world"],
    ["base64", "YQ==\r\nYg==\r\nYWI=YWJj", "abababc"],
    ["base64", "YWJ", "ab"],
    ["base64", "Y\0W!J*j-", "abc"],
    ["base64", "", ""],
  ];
  for (const [encoding, text, wanted] of table) {
    it(JSON.stringify(text), () => {
      for (const cut of [1, 2, 3, 5, 1_000]) assert.equal(decoded(text, encoding, cut), wanted, `cut ${cut}`);
    });
  }

  it("comes back from what encodes, under every cut", () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((all) => Buffer.from(all)),
      fc
        .array(fc.constantFrom("a", " ", "\t", "=", "\r\n", "é", "x".repeat(90)), { maxLength: 60 })
        .map((all) => Buffer.from(all.join(""))),
    );
    fc.assert(
      fc.property(octets, fc.integer({ min: 1, max: 100 }), (octets, cut) => {
        for (const [encoding, encoder] of [
          ["base64", new Base64Encoder()],
          ["quoted-printable", new QuotedPrintableEncoder()],
        ] as const) {
          const text = Buffer.concat([encoder.push(octets), encoder.finish()]);
          assert.equal(decoded(text.toString("latin1"), encoding, cut), octets.toString("latin1"));
          assert.deepEqual(decodeBody(text, encoding), octets);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("takes time by the octets alone", () => {
    const begun = process.cpuUsage();
    for (const piece of [" ", "=", " =", "\t\r", "=\r\n", "=4", "A"])
      for (const encoding of ["base64", "quoted-printable"] as const) {
        const decoder = decoderOf(encoding);
        for (let at = 0; at < 30; at++) decoder?.push(Buffer.from(piece.repeat(65_536 / piece.length)));
        decoder?.finish();
      }
    const { user } = process.cpuUsage(begun);
    assert.ok(user < 4_000_000, `${user} µs`);
  });
});
