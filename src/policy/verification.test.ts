import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { policyOf, problemsOf } from "../../testing/policy-scene.ts";
import { parseAddress } from "../address/path.ts";
import { explain } from "./explain.ts";
import type { Existence, Facts } from "./facts.ts";
import { judge } from "./judge.ts";
import type { Policy } from "./policy.ts";
import { prove } from "./prove.ts";

/** A stranger on the relay listener. */
function factsTo(to: string): Facts {
  const forwardPath = parseAddress(to, { kind: "forward", allowsUtf8: true });
  if ("refused" in forwardPath) return assert.fail(`${to}: ${forwardPath.refused}`);
  return {
    client: { family: 4, value: 0xcb007132 },
    local: null,
    listener: { name: "relay", kind: "relay" },
    tls: false,
    account: null,
    reversePath: null,
    forwardPath,
    now: Date.UTC(2026, 10, 25),
    clockIsBehind: false,
  };
}

/** Nobody has a mailbox here; `there` is what a callout or a directory says of everybody. */
function ruleOf(policy: Policy, to: string, there: Existence | null = null): string {
  const recipients = {
    here: () => "none" as const,
    there: () => there ?? assert.fail("nobody is to be asked: the policy lists the recipients"),
  };
  return judge(policy, factsTo(to), recipients).rule;
}

const listed = policyOf(String.raw`
routing:
  - sent-to: branch.example
    route: gateway
    host: 192.0.2.200
    recipients:
      - anna
      - Ben.Dover@branch.example
      - carl@Sea.Branch.Example.
      - "\"d d\""
      - "50%off"
      - "\"u@v.example\"@branch.example"
      - IMCEAEX-_o=x@branch.example
      - bücher@branch.example
  - { sent-to: "#split.example", route: inbound, unknown-to: 192.0.2.201, recipients: [emma, "x!y"] }
  - { sent-to: "#old.example", route: reroute, domain: branch.example }
`);

const cases: readonly (readonly [to: string, rule: string])[] = [
  ["anna@branch.example", "gateway"],
  ["ANNA@branch.example", "gateway"],
  ["anna@sea.branch.example", "gateway"],
  ["ben.dover@BRANCH.example", "gateway"],
  ["ben.dover@sea.branch.example", "unknown-mailbox"],
  ["carl@sea.branch.example", "gateway"],
  ["carl@branch.example", "unknown-mailbox"],
  ['"D d"@branch.example', "gateway"],
  ['"anna"@branch.example', "gateway"],
  ["anna+tag@branch.example", "unknown-mailbox"],
  ["nobody@branch.example", "unknown-mailbox"],
  ["BÜCHER@branch.example", "gateway"],
  ["bu\u0308cher@branch.example", "gateway"],
  ["50%off@branch.example", "gateway"],
  ["50%OFF@branch.example", "gateway"],
  ["51%off@branch.example", "malformed"],
  ["anna%branch.example@branch.example", "malformed"],
  ['"u@v.example"@branch.example', "gateway"],
  ['"u@w.example"@branch.example', "malformed"],
  ['"u@v.example"@sea.branch.example', "malformed"],
  ["imceaex-_O=X@branch.example", "gateway"],
  ["IMCEAEX-_o=y@branch.example", "malformed"],
  ["emma@split.example", "inbound"],
  ["x!y@split.example", "inbound"],
  ["x!z@split.example", "malformed"],
  ["erik@split.example", "unknown-mailbox"],
  ["anna@old.example", "gateway"],
  ["erik@old.example", "unknown-mailbox"],
  // Judged at the step of its own domain first, where no list says that this name exists.
  ["50%off@old.example", "malformed"],
];

describe("recipients that an entry lists", () => {
  for (const [to, rule] of cases) it(`${to}: ${rule}`, () => assert.equal(ruleOf(listed, to), rule));
});

const asked = policyOf(`
routing:
  - { sent-to: a.example, route: gateway, host: 192.0.2.200 }
  - { sent-to: b.example, route: gateway, host: 192.0.2.200, recipients: callout }
  - { sent-to: c.example, route: gateway, host: 192.0.2.200, recipients: { ldap: staff } }
  - { sent-to: d.example, route: inbound, unknown-to: 192.0.2.200, recipients: { ldap: staff } }
`);

const answers: readonly (readonly [answer: Existence, to: string, rule: string])[] = ["a", "b", "c", "d"].flatMap(
  (name): (readonly [Existence, string, string])[] => [
    ["exact", `x@${name}.example`, name === "d" ? "inbound" : "gateway"],
    ["covered", `x@${name}.example`, name === "d" ? "inbound" : "gateway"],
    ["none", `x@${name}.example`, "unknown-mailbox"],
    ["unknowable", `x@${name}.example`, "fact-unknown"],
    // Nobody who is asked makes a form acceptable that hides another address.
    ["exact", `x%y@${name}.example`, "malformed"],
    ["covered", `x%y@${name}.example`, "malformed"],
  ],
);

describe("recipients that somebody is asked for", () => {
  for (const [answer, to, rule] of answers)
    it(`${to}, ${answer}: ${rule}`, () => assert.equal(ruleOf(asked, to, answer), rule));
});

test("the trace says who was asked, and the proof how each destination is verified", () => {
  const reasons = (policy: Policy, to: string) =>
    explain(policy, factsTo(to), { here: () => "none", there: () => "covered" }).trace.map(
      ({ condition }) => condition,
    );
  assert.ok(reasons(listed, "anna@branch.example").includes("the recipients that the entry lists"));
  assert.ok(reasons(asked, "x@a.example").includes("the host was asked for the recipient"));
  assert.ok(reasons(asked, "x@c.example").includes("the directory staff was asked for the recipient"));
  const verified = [...prove(listed, 0).destinations, ...prove(asked, 0).destinations].map(
    ({ sentTo, recipients }) => `${sentTo} ${recipients ?? "-"}`,
  );
  assert.deepEqual(verified, [
    "branch.example list of 8",
    "#split.example list of 2",
    "#old.example -",
    "a.example callout",
    "b.example callout",
    "c.example ldap staff",
    "d.example ldap staff",
  ]);
});

const gateway = (recipients: string) =>
  `routing:\n  - sent-to: b.example\n    route: gateway\n    host: h.example\n    recipients: ${recipients}\n`;

const refused: readonly (readonly [recipients: string, says: RegExp])[] = [
  ["[]", /^5: routing\[0\]\.recipients: recipients is empty/],
  ["", /recipients is empty/],
  ["all", /"all": write callout .*or any/],
  ["\n      - anna\n      - an na", /^7: routing\[0\]\.recipients: "an na"/],
  ["[anna, ANNA]", /"ANNA" is listed already/],
  ["[anna@b.example, Anna@B.example]", /"Anna@B\.example" is listed already/],
  ["[anna@b.example, anna]", /"anna@b\.example" is listed without its domain already/],
  ["[anna@c.example]", /this entry is for b\.example only/],
  ['["anna@[192.0.2.1]"]', /this entry is for b\.example only/],
  ["[a..b]", /a dot at the edge of the local part, or two in a row/],
  ["[a@]", /the domain is empty/],
  ['["*@b.example", "@b.example"]', /source route|begins with/],
  ["[{ a: b }]", /a map stands in the list/],
  ["{ ldap: stuff }", /"stuff" is no directory of the boot file; did you mean "staff"\?/],
  ["{ ldpa: staff }", /"ldpa" is not a key of this place; did you mean "ldap"/],
  ["{ ldap: [staff] }", /a list stands here/],
];

describe("recipients that are refused", () => {
  for (const [recipients, says] of refused) it(recipients, () => assert.match(problemsOf(gateway(recipients)), says));
});

test("recipients have a meaning only where another host has mailboxes", () => {
  assert.match(
    problemsOf("routing: [ { sent-to: b.example, route: inbound, recipients: [a] } ]"),
    /only with unknown-to/,
  );
  assert.match(problemsOf("routing: [ { sent-to: b.example, route: always-relay, recipients: [a] } ]"), /not a key/);
});

test("10,000 listed recipients are read without looking at each pair", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `first${index}.last@b.example`);
  for (const recipients of [names.map((name) => `\n      - ${name}`).join(""), `[ ${names.join(", ")} ]`]) {
    const began = performance.now();
    const policy = policyOf(gateway(recipients));
    assert.ok(performance.now() - began < 10_000);
    assert.equal(ruleOf(policy, "FIRST9999.last@b.example"), "gateway");
    assert.equal(ruleOf(policy, "first10000.last@b.example"), "unknown-mailbox");
  }
});

test("always-relay is verified where it can be, and accepted where it cannot", () => {
  const policy = policyOf('routing: [ { sent-to: "#backup.example", route: always-relay } ]');
  assert.equal(ruleOf(policy, "x@backup.example", "none"), "unknown-mailbox");
  for (const there of ["covered", "exact", "unknowable"] as const) {
    assert.equal(ruleOf(policy, "x@backup.example", there), "always-relay");
  }
});

test("on the never list nobody is asked for a recipient of always-relay", () => {
  const policy = policyOf(
    'routing: [ { sent-to: "#backup.example", route: always-relay } ]\nrelay: { never: [ { id: all, match: 0.0.0.0/0 } ] }',
  );
  assert.equal(ruleOf(policy, "x@backup.example"), "never");
});
