import assert from "node:assert/strict";
import { test } from "node:test";
import { policyOf } from "../../testing/policy-scene.ts";
import { checkPolicy, type CheckFacts } from "./check.ts";

const now = Date.UTC(2026, 10, 25);
const day = 86_400_000;
const quiet: CheckFacts = { now, lastUsed: null, journalSince: now, forwardsPackets: false };

/** Each warning as "about: words". */
function warnings(text: string, facts: Partial<CheckFacts> = {}): string[] {
  return checkPolicy(policyOf(text), { ...quiet, ...facts }).map(({ about, warning }) => `${about}: ${warning}`);
}

const grants = (...entries: string[]) => `relay: { addresses: [ ${entries.join(", ")} ] }`;

test("nothing to say about a policy that is in order", () => {
  assert.deepEqual(warnings(""), []);
  assert.deepEqual(warnings(grants("{ id: a, match: 10.0.0.0/8 }", "{ id: b, match: 192.168.0.0/16 }")), []);
});

const cases: readonly (readonly [string, readonly string[]])[] = [
  [grants("{ id: a, match: 10.0.0.1, expires: 2020-01-01 }"), ["a: expired: it ended (2020-01-01)"]],
  [grants("{ id: a, match: 10.0.0.1, expires: 2026-12-01 }"), ["a: ends soon (2026-12-01)"]],
  [
    grants("{ id: a, match: 10.0.0.0/8 }", "{ id: b, match: 10.1.0.0/16 }"),
    ["b: shadowed: a lets in all that it does"],
  ],
  [grants("{ id: a, match: 10.0.0.0-10.0.0.9 }", "{ id: b, match: 10.0.0.5-10.0.0.12 }"), ["a: overlaps with b"]],
  [
    grants('{ id: a, match: "64:ff9b::/96" }'),
    [
      "a: dead: it holds no address that may be let in",
      "a: its translation and tunnel addresses (NAT64, 6to4, Teredo) let nobody in",
    ],
  ],
  [
    "relay: { open-relay: true, addresses: [ { id: a, match: 0.0.0.0/0 } ] }",
    ["relay: OPEN RELAY: the public may relay without a login"],
  ],
  [
    "relay: { open-relay: true, local-addresses: [ { id: l, match: 10.0.0.5, clients: any } ] }",
    [
      "relay: OPEN RELAY: the public may relay without a login",
      "l: clients: any: whoever reaches this local address may relay",
    ],
  ],
  [
    "routing: [ { sent-to: b.example, route: gateway, host: m.b.example, recipients: [ anna ] } ]",
    ["b.example: its recipients do not list postmaster, whom every domain must have (RFC 5321 §4.5.1)"],
  ],
  ["routing: [ { sent-to: b.example, route: gateway, host: m.b.example, recipients: [ Postmaster ] } ]", []],
  [
    "routing: [ { sent-to: b.example, route: gateway, host: m.b.example, recipients: any } ]",
    ["b.example: recipients: any takes mail for people who do not exist; the reports about it go to strangers"],
  ],
];

test("each thing to look at is named", () => {
  for (const [text, wanted] of cases) assert.deepEqual(warnings(text), wanted, text);
});

test("local addresses are a risk on a machine that forwards packets", () => {
  const text = "relay: { local-addresses: [ { id: l, match: 10.0.0.5 } ] }";
  assert.deepEqual(warnings(text), []);
  assert.match(
    warnings(text, { forwardsPackets: true }).join(),
    /relay\.local-addresses: this machine forwards packets/,
  );
});

test("a grant that nobody used, as far as the journal goes back", () => {
  const text = grants("{ id: a, match: 10.0.0.1 }", "{ id: b, match: 10.0.0.2 }");
  const journalSince = now - 30 * day;
  const lastUsed = new Map([["a", now - day]]);
  assert.deepEqual(warnings(text, { lastUsed, journalSince }), ["b: let nobody relay for 30 days"]);
  assert.deepEqual(warnings(text, { lastUsed, journalSince: now - day }), []);
  assert.deepEqual(warnings(text, { lastUsed: null, journalSince }), []);
});

test("thousands of nested entries are looked through quickly", () => {
  const entries = Array.from(
    { length: 1_000 },
    (_, index) => `{ id: e${index}, match: 10.0.0.0-10.0.${index >> 8}.${index & 255} }`,
  );
  const began = performance.now();
  assert.ok(warnings(grants(...entries)).length > 900);
  assert.ok(performance.now() - began < 20_000);
});
