import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Ip } from "../address/address.ts";
import { emptySet, has } from "../address/ip-set.ts";
import { refusedClients } from "./connections.ts";
import { isPolicy, parsePolicy } from "./document.ts";
import { judgeConnection } from "./judge.ts";

const context = { listeners: [], ownAddresses: emptySet, translationPrefixes: emptySet, directories: null } as const;

/** Small nets beside and inside each other, so that sizes tie and lists overlap; IPv6 stands for itself. */
const entry = fc.oneof(
  fc.tuple(fc.nat({ max: 15 }), fc.constantFrom(28, 30, 32)).map(([at, prefix]) => {
    const step = 2 ** (32 - prefix);
    return `10.0.0.${Math.floor((at * 4) / step) * step}/${prefix}`;
  }),
  fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 12 })).map(([first, more]) => `10.0.0.${first}-10.0.0.${first + more}`),
  fc.constantFrom("2a00::/126", "2a00::/127", "2a00::2"),
);

test("the set of refused clients is exactly what the judge says of each address", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { maxLength: 8 }),
      fc.integer({ min: 0, max: 8 }),
      fc.constantFrom("accept", "reject"),
      (entries, cut, byDefault) => {
        const [reject, accept] = [entries.slice(0, cut), entries.slice(cut)].map((list) => JSON.stringify(list));
        const policy = parsePolicy(
          `connections: { reject: ${reject}, accept: ${accept}, default: ${byDefault} }`,
          context,
        );
        // The same set in both lists under two spellings is an error of the document.
        if (!isPolicy(policy)) return;
        parsed++;
        const refused = refusedClients(policy.connections);
        const clients = [
          ...Array.from({ length: 70 }, (_, low): Ip => ({ family: 4, value: 0x0a00_0000 + low })),
          ...Array.from({ length: 6 }, (_, low): Ip => ({ family: 6, value: (0x2a00n << 112n) + BigInt(low) })),
        ];
        for (const client of clients) assert.equal(has(refused, client), judgeConnection(policy, client) !== null);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(parsed > 150, `only ${parsed} documents parsed`);
});
