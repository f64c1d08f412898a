import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policyOf } from "../../testing/policy-scene.ts";
import type { Ip } from "../address/address.ts";
import { parseIpEntry } from "../address/ip-entry.ts";
import { emptySet, has, union } from "../address/ip-set.ts";
import { imaginedRecipients } from "./explain.ts";
import { judge } from "./judge.ts";
import { proofLines, prove, type ProvedSet } from "./prove.ts";

const now = Date.UTC(2026, 10, 25);
const policy = policyOf(`
routing:
  - { sent-to: "#a.example", route: inbound }
  - { sent-to: b.example, route: reroute, domain: a.example }
  - { sent-to: c.example, route: outbound }
relay:
  addresses:
    - { id: wide, match: 10.0.0.0/8 }
    - { id: narrow, match: 10.1.0.0/16 }
    - { id: late, match: 10.0.0.1, expires: 2020-01-01 }
    - { id: host, match: 198.51.100.7, to: ["#d.example"] }
    - { id: hostile, match: 10.9.0.0/24 }
    - { id: device, match: 203.0.113.9, listeners: [submission] }
    - { id: six, match: "2a00:1::/32" }
    - { id: nat64, match: "64:ff9b::/96" }
  never:
    - { id: guests, match: 10.9.0.0/16 }
connections:
  reject: [ 10.8.0.0/16 ]
  accept: [ 10.8.1.0/24 ]
`);

test("the sets are exact, and limited grants are in them", () => {
  const { listeners, destinations, openRelay } = prove(policy, now);
  assert.deepEqual(listeners[1]?.withoutLogin.ipv4, ["203.0.113.9/32"]);
  assert.equal(listeners[0]?.withoutLogin.count4, String(2 ** 24 - 2 ** 16 - (2 ** 16 - 256) + 1));
  assert.deepEqual(listeners[0]?.withoutLogin.ipv6, ["2a00:1::/32"]);
  assert.equal(listeners[0]?.withoutLogin.public4, "0");
  assert.deepEqual(
    destinations.map(({ sentTo, endsAt }) => [sentTo, endsAt]),
    [
      ["#a.example", "here"],
      ["b.example", "a.example"],
    ],
  );
  assert.equal(openRelay, false);
});

test("a reroute ends where its own target leads, whatever the exact form of its domain does", () => {
  const { destinations } = prove(
    policyOf(`
routing:
  - { sent-to: "#b.example", route: inbound }
  - { sent-to: b.example, route: reroute, domain: out.example }
  - { sent-to: out.example, route: outbound }
  - { sent-to: "#c.example", route: outbound }
  - { sent-to: c.example, route: reroute, domain: b.example }
`),
    now,
  );
  assert.deepEqual(
    destinations.map(({ sentTo, endsAt }) => `${sentTo} → ${endsAt}`),
    ["#b.example → here", "c.example → b.example"],
  );
});

test("entries that do nothing are told", () => {
  const status = Object.fromEntries(prove(policy, now).entries.map(({ id, status: its }) => [id, its]));
  assert.deepEqual(status, {
    wide: "live",
    narrow: "shadowed",
    late: "expired",
    host: "live",
    hostile: "dead",
    device: "live",
    six: "live",
    nat64: "dead",
    guests: "live",
  });
  assert.match(proofLines(prove(policy, now)).join("\n"), /Entry hostile is dead/);
});

/** The set as a reader of the JSON would rebuild it. */
function setOf({ ipv4, ipv6 }: ProvedSet) {
  return [...ipv4, ...ipv6].reduce((set, cidr) => {
    const entry = parseIpEntry(cidr);
    return "refused" in entry ? assert.fail(cidr) : union(set, entry.set);
  }, emptySet);
}

test("prove agrees with judge on every sampled address", () => {
  const proof = prove(policy, now);
  const near = fc
    .constantFrom(0x0a000000, 0x0a010000, 0x0a080000, 0x0a080100, 0x0a090000, 0xc6336407, 0xcb007109)
    .chain((base) => fc.integer({ min: -2, max: 300 }).map((by) => base + by));
  const anyIp = fc.oneof(
    fc.oneof(fc.nat({ max: 0xffff_ffff }), near).map((value): Ip => ({ family: 4, value })),
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value): Ip => ({ family: 6, value })),
    fc.nat({ max: 0xffff }).map((low): Ip => ({ family: 6, value: (0x2a00_0001n << 96n) + BigInt(low) })),
  );
  for (const { name, kind, withoutLogin } of proof.listeners) {
    const proved = setOf(withoutLogin);
    fc.assert(
      fc.property(anyIp, (client) => {
        // Some destination that no entry is limited to, and the one that an entry is.
        const relays = ["x.invalid", "d.example"].some((domain) => {
          const facts = {
            client,
            local: null,
            listener: { name, kind },
            tls: false,
            account: null,
            reversePath: null,
            forwardPath: { localPart: "x", domain },
            now,
            clockIsBehind: false,
          };
          return judge(policy, facts, imaginedRecipients).verdict === "relay";
        });
        assert.equal(has(proved, client), relays);
      }),
      { numRuns: 400 },
    );
  }
});
