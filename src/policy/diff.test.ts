import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policyOf } from "../../testing/policy-scene.ts";
import { diffLines, diffPolicies, isSamePolicy } from "./diff.ts";
import { whoCanRelay } from "./prove.ts";

const now = Date.UTC(2026, 10, 25);
const diff = (before: string, after: string) => diffPolicies(policyOf(before), policyOf(after), now);

test("the same policy in other words is no change", () => {
  const before = `relay: { addresses: [ { id: a, match: 10.0.0.0/8 } ] }`;
  const after = `# a comment\nrelay:\n  addresses:\n    - { match: 10.0.0.0/8, id: a }\n`;
  const found = diff(before, after);
  assert.ok(isSamePolicy(found));
  assert.deepEqual(diffLines(found), []);
});

test("exactly the addresses that gain and lose", () => {
  const found = diff(
    "relay: { addresses: [ { id: a, match: 10.0.0.0/24 } ] }",
    "relay: { addresses: [ { id: a, match: 10.0.0.128/25 }, { id: b, match: 198.51.100.7 } ] }",
  );
  const [relay, ...others] = found.listeners;
  assert.equal(others.length, 0);
  assert.equal(relay?.name, "relay");
  assert.deepEqual(relay.withoutLogin.gained.ipv4, ["198.51.100.7/32"]);
  assert.deepEqual(relay.withoutLogin.lost, {
    ipv4: ["10.0.0.0/25"],
    ipv6: [],
    count4: "128",
    count6: "0",
    public4: "0",
    public6: "0",
  });
  assert.deepEqual(found.entries, { added: ["b"], removed: [], changed: ["a"] });
});

test("a login that begins to count is seen on every listener", () => {
  const found = diff("", "relay: { authenticated: true }");
  assert.deepEqual(
    found.listeners.map(({ name, withLogin }) => [name, withLogin.gained.ipv4]),
    [
      ["relay", ["0.0.0.0/0"]],
      ["submission", ["0.0.0.0/0"]],
    ],
  );
  assert.deepEqual(found.entries.changed, ["authenticated"]);
});

test("destinations that open and close, and routes that only change", () => {
  const found = diff(
    'routing: [ { sent-to: "#a.example", route: inbound }, { sent-to: c.example, route: outbound } ]',
    'routing: [ { sent-to: "#b.example", route: always-relay }, { sent-to: c.example, route: outbound, tls: verify } ]',
  );
  assert.deepEqual(found.destinations.opened, [{ sentTo: "#b.example", route: "always-relay", endsAt: "its MX" }]);
  assert.deepEqual(found.destinations.closed, [{ sentTo: "#a.example", route: "inbound", endsAt: "here" }]);
  assert.deepEqual(found.routes, { added: ["#b.example"], removed: ["#a.example"], changed: ["c.example"] });
});

test("recipients that a list gains and loses, and another way to verify them; their order is layout", () => {
  const gateway = (recipients: string) =>
    `routing: [ { sent-to: b.example, route: gateway, host: h.example, recipients: ${recipients} } ]`;
  const lists = diff(gateway("[anna, ben@b.example, carl]"), gateway("[dora, carl, BEN@b.example]"));
  const recipients = { sentTo: "b.example", before: "list of 3", after: "list of 3" };
  assert.deepEqual(lists.recipients, [{ ...recipients, gained: ["dora"], lost: ["anna"] }]);
  assert.deepEqual(lists.routes.changed, ["b.example"]);
  assert.deepEqual(diffLines(lists).slice(0, 2), [
    "Recipients of b.example taken now: dora",
    "Recipients of b.example taken no more: anna",
  ]);
  assert.ok(isSamePolicy(diff(gateway("[anna, ben]"), gateway("[Ben, Anna]"))));
  const other = diff(gateway("[anna]"), gateway("any"));
  assert.deepEqual(diffLines(other)[0], "Recipients of b.example are verified by: any; it was: list of 1.");
  assert.ok(
    isSamePolicy(diff(gateway("callout"), "routing: [ { sent-to: b.example, route: gateway, host: h.example } ]")),
  );
});

test("an open relay is said first", () => {
  const open = "relay: { open-relay: true, addresses: [ { id: all, match: 0.0.0.0/0 } ] }";
  assert.equal(diffLines(diff("", open))[0], "It becomes an OPEN RELAY.");
  assert.equal(diffLines(diff(open, ""))[0], "It is an open relay no more.");
});

test("what is gained and lost leads from one policy to the other, whatever they are", () => {
  const entry = fc.record({
    match: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "198.51.100.0/24", "2a00:1::/32"),
    list: fc.constantFrom("addresses", "never"),
    listeners: fc.constantFrom("", ", listeners: [submission]"),
  });
  const document = fc.array(entry, { maxLength: 4 }).map((entries) => {
    const listed = (list: string) =>
      entries
        .map((one, index) => ({ ...one, index }))
        .filter((one) => one.list === list)
        .map(
          ({ match, listeners, index }) => `{ id: e${index}, match: "${match}"${list === "never" ? "" : listeners} }`,
        )
        .join(", ");
    return `relay: { addresses: [ ${listed("addresses")} ], never: [ ${listed("never")} ] }`;
  });
  fc.assert(
    fc.property(document, document, (one, other) => {
      const [before, after] = [policyOf(one), policyOf(other)];
      const { listeners } = diffPolicies(before, after, now);
      for (const [index, was] of whoCanRelay(before, now).entries()) {
        const change = listeners.find(({ name }) => name === was.name)?.withoutLogin;
        const count = ({ ipv4 }: { ipv4: readonly { first: number; last: number }[] }) =>
          ipv4.reduce((sum, { first, last }) => sum + last - first + 1, 0);
        const is = whoCanRelay(after, now)[index];
        assert.ok(is !== undefined);
        const gained = Number(change?.gained.count4 ?? 0);
        const lost = Number(change?.lost.count4 ?? 0);
        assert.equal(count(was.withoutLogin) + gained - lost, count(is.withoutLogin));
      }
    }),
    { numRuns: 100 },
  );
});
