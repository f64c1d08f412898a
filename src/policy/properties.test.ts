import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { policyOf } from "../../testing/policy-scene.ts";
import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { parseIpEntry } from "../address/ip-entry.ts";
import { has } from "../address/ip-set.ts";
import { coversForm, parseDomainForm } from "./domain-forms.ts";
import type { Facts } from "./facts.ts";
import { judge } from "./judge.ts";
import { imaginedRecipients } from "./explain.ts";
import { prove } from "./prove.ts";

/** What holds for every policy (issue: policy; relay-policy §2.2): documents, clients and recipients are drawn, and meet often. */

const now = Date.UTC(2026, 10, 25);
const matches = [
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.3",
  "198.51.100.0/28",
  "2001:db8::/32",
  "203.0.113.7",
  "2a00:1::/120",
];
const domains = ["a.example", "b.example", "sub.a.example", "c.example", "x.sub.a.example", "victim.test"];

const match = fc.constantFrom(...matches);
const scope = fc.constantFrom(
  "",
  ", to: [ a.example ]",
  ', to: [ "#victim.test" ], literals: true',
  ", listeners: [ submission ]",
  ", listeners: [ relay ], expires: 2020-01-01",
  ", expires: 2030-01-01",
);
const target = fc.constantFrom(
  "route: inbound",
  "route: inbound, unknown-to: h.example",
  "route: gateway, host: h.example",
  "route: gateway, host: h.example, recipients: any",
  "route: gateway, host: h.example, recipients: [ x ]",
  "route: gateway, host: h.example, recipients: { ldap: staff }",
  "route: reroute, domain: d.example",
  "route: reroute, domain: e.example",
  "route: always-relay",
  "route: outbound, host: way.example",
);
const sentTo = fc.tuple(fc.constantFrom(...domains), fc.boolean()).map(([name, exact]) => (exact ? `#${name}` : name));

type Drawn = {
  readonly routes: readonly { readonly sentTo: string; readonly target: string }[];
  readonly grants: readonly { readonly list: string; readonly match: string; readonly scope: string }[];
  readonly never: readonly string[];
  readonly authenticated: boolean;
};

const drawn: fc.Arbitrary<Drawn> = fc.record({
  routes: fc.uniqueArray(fc.record({ sentTo, target }), { selector: (route) => route.sentTo, maxLength: 5 }),
  grants: fc.array(fc.record({ list: fc.constantFrom("addresses", "local-addresses"), match, scope }), {
    maxLength: 4,
  }),
  never: fc.array(match, { maxLength: 2 }),
  authenticated: fc.boolean(),
});

function documentOf({ routes, grants, never, authenticated }: Drawn): string {
  const listed = (list: string) =>
    grants.flatMap((grant, index) =>
      grant.list !== list || (list === "local-addresses" && grant.scope.includes("submission"))
        ? []
        : [`    - { id: ${list}${index}, match: "${grant.match}"${grant.scope} }`],
    );
  return [
    "routing:",
    '  - { sent-to: "#d.example", route: inbound }',
    '  - { sent-to: "#e.example", route: outbound }',
    ...routes.map((route) => `  - { sent-to: "${route.sentTo}", ${route.target} }`),
    "relay:",
    `  authenticated: ${authenticated}`,
    "  addresses:",
    ...listed("addresses"),
    "  local-addresses:",
    ...listed("local-addresses"),
    "  never:",
    ...never.map((entry, index) => `    - { id: never${index}, match: "${entry}" }`),
  ].join("\n");
}

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text);
const client: fc.Arbitrary<Ip> = fc.oneof(
  fc
    .constantFrom("10.0.0.1", "10.1.2.3", "10.1.9.9", "198.51.100.9", "203.0.113.7", "2001:db8::1", "2a00:1::9")
    .map(ip),
  fc.nat({ max: 0xffff_ffff }).map((value): Ip => ({ family: 4, value })),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value): Ip => ({ family: 6, value })),
);
const account = fc.constantFrom(null, { name: "anna", isEnabled: true, mayRelay: true, ownsReversePath: true });

const facts: fc.Arbitrary<Facts> = fc.record({
  client: fc.oneof({ weight: 9, arbitrary: client }, { weight: 1, arbitrary: fc.constant(null) }),
  local: fc.oneof(client, fc.constant(null)),
  listener: fc.constantFrom<Facts["listener"][]>(
    { name: "relay", kind: "relay" },
    { name: "submission", kind: "submission" },
  ),
  tls: fc.boolean(),
  account,
  reversePath: fc.constant(null),
  forwardPath: fc.record({
    localPart: fc.constantFrom("x", "y", "x%y", "u!v", "u@v", "IMCEAX-a", "postmaster"),
    domain: fc.constantFrom(...domains, "d.example", "e.example", "y.b.example"),
  }),
  now: fc.constant(now),
  clockIsBehind: fc.boolean(),
});

const setOf = (text: string) => {
  const entry = parseIpEntry(text);
  return "refused" in entry ? assert.fail(text) : entry.set;
};

const isOpen = (of: string) => !of.includes("outbound") && !of.includes("e.example");

/** Whether an entry of the table makes a domain ours, or one that we are a backup for. */
function isOurs({ routes }: Drawn, domain: string): boolean {
  if (domain === "d.example") return true;
  const covering = routes.filter(({ sentTo: form }) => {
    const read = parseDomainForm(form);
    return !("refused" in read) && coversForm(read, { domain, isExact: true });
  });
  return covering.some(({ target: of }) => isOpen(of));
}

test("nobody whom no entry names relays to a domain that is not ours", () => {
  fc.assert(
    fc.property(drawn, facts, (policy, asked) => {
      const { client: who, local, forwardPath } = asked;
      fc.pre(who !== null && asked.account === null && !isOurs(policy, forwardPath.domain));
      const isNamed = policy.grants.some((grant) =>
        grant.list === "addresses" ? has(setOf(grant.match), who) : local !== null && has(setOf(grant.match), local),
      );
      fc.pre(!isNamed);
      assert.equal(judge(policyOf(documentOf(policy)), asked, imaginedRecipients).verdict, "refuse");
    }),
    { numRuns: 300 },
  );
});

test("never beats every grant: logins, local addresses, always-relay", () => {
  fc.assert(
    fc.property(drawn, facts, fc.constantFrom(...matches), (policy, asked, shut) => {
      const { client: who } = asked;
      const withNever = { ...policy, never: [...policy.never, shut] };
      fc.pre(who !== null && withNever.never.some((entry) => has(setOf(entry), who)));
      assert.notEqual(judge(policyOf(documentOf(withNever)), asked, imaginedRecipients).verdict, "relay");
    }),
    { numRuns: 300 },
  );
});

test("what could not be found out is never accepted, whoever asks", () => {
  fc.assert(
    fc.property(drawn, facts, fc.constantFrom("unknowable" as const, "loop" as const), (policy, asked, answer) => {
      const questions: string[] = [];
      const unknown = (what: string) => () => {
        questions.push(what);
        return answer;
      };
      const recipients = { here: unknown("here"), there: unknown("there") };
      const { verdict, destination, rule } = judge(policyOf(documentOf(policy)), asked, recipients);
      if (questions.length === 0 && asked.client !== null) return;
      // Verified where it can be, accepted where it cannot (§2.1): that it is open to anybody the document says itself.
      if (rule === "always-relay" && asked.client !== null && !questions.includes("here")) return;
      assert.ok(verdict === "refuse" || verdict === "defer", `${verdict} after ${questions.join()}`);
      assert.equal(destination, undefined);
    }),
    { numRuns: 300 },
  );
});

test("the proof's destinations are those that a stranger reaches", () => {
  fc.assert(
    fc.property(drawn, fc.constantFrom(...domains, "d.example", "e.example", "y.b.example"), (policy, domain) => {
      const parsed = policyOf(documentOf({ ...policy, grants: [], never: [] }));
      const asked: Facts = {
        client: ip("192.0.2.99"),
        local: null,
        listener: { name: "relay", kind: "relay" },
        tls: false,
        account: null,
        reversePath: null,
        forwardPath: { localPart: "x", domain },
        now,
        clockIsBehind: false,
      };
      const { verdict } = judge(parsed, asked, imaginedRecipients);
      const isProved = prove(parsed, now).destinations.some(({ sentTo: form }) => isBestFor(policy, form, domain));
      assert.equal(verdict !== "refuse", isProved);
    }),
    { numRuns: 300 },
  );
});

/** Whether this is the most specific form of the document for a domain. */
function isBestFor({ routes }: Drawn, form: string, domain: string): boolean {
  const read = (text: string) => {
    const parsed = parseDomainForm(text);
    return "refused" in parsed ? assert.fail(text) : parsed;
  };
  const forms = ["#d.example", "#e.example", ...routes.map((route) => route.sentTo)].map(read);
  const [best] = forms
    .filter((one) => coversForm(one, { domain, isExact: true }))
    .toSorted((a, b) => b.domain.length - a.domain.length || Number(b.isExact) - Number(a.isExact));
  return best !== undefined && JSON.stringify(best) === JSON.stringify(read(form));
}
