import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { context as usualContext, policyOf as usualPolicyOf } from "../../testing/policy-scene.ts";
import type { Address, Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { setOfCidr, setOfRange } from "../address/ip-set.ts";
import { parseAddress } from "../address/path.ts";
import { isPolicy, parsePolicy } from "./document.ts";
import { imaginedRecipients } from "./explain.ts";
import type { Existence, Facts, Place, Recipients } from "./facts.ts";
import { factsFromJson, factsToJson, type KnownRecipient } from "./facts-json.ts";
import { judge } from "./judge.ts";
import { Note } from "./note.ts";
import type { PolicyContext } from "./context.ts";
import type { Policy } from "./policy.ts";

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(`no address: ${text}`);
const ours = ip("198.51.100.10");
const context: PolicyContext = {
  ...usualContext,
  ownAddresses: setOfRange(ours, ours),
  translationPrefixes: setOfCidr(ip("2001:db8:64::"), 96),
};

const policyOf = (text: string): Policy => usualPolicyOf(text, context);

/** client, listener[+account[!]], recipient → rule. "!" is an account that may not relay. */
type Case = readonly [client: string, listener: string, to: string, rule: string];

const address = (text: string) => {
  const read = parseAddress(text, { kind: "forward", allowsUtf8: true });
  return "refused" in read ? assert.fail(`${text}: ${read.refused}`) : read;
};

function factsOf(client: string, on: string, to: string): Facts {
  const [listener = "", account = null] = on.split("+");
  return {
    client: ip(client),
    local: ours,
    listener: { name: listener, kind: listener === "submission" ? "submission" : "relay" },
    tls: false,
    account:
      account === null
        ? null
        : { name: account.replace("!", ""), isEnabled: true, mayRelay: !account.endsWith("!"), ownsReversePath: true },
    reversePath: null,
    forwardPath: address(to),
    now: Date.UTC(2026, 10, 25),
    clockIsBehind: false,
  };
}

function table(name: string, policy: Policy, cases: readonly Case[]): void {
  describe(name, () => {
    for (const [client, on, to, rule] of cases) {
      it(`${client} on ${on} to ${to}: ${rule}`, () => {
        const facts = factsOf(client, on, to);
        assert.equal(judge(policy, facts, imaginedRecipients).rule, rule);
        assert.deepEqual(
          judge(policy, facts, imaginedRecipients, new Note()),
          judge(policy, facts, imaginedRecipients),
        );
      });
    }
  });
}

const stranger = "203.0.113.50";

table(
  "the six lines",
  policyOf(`
routing:
  - { sent-to: "#example.com", route: inbound }
  - { sent-to: "#backup.example", route: always-relay }
  - { sent-to: partner.example, route: outbound, host: mx.partner.example }
  - { sent-to: branch.example, route: gateway, host: 192.0.2.200, recipients: any }
  - { sent-to: "#old.example", route: reroute, domain: example.com }
relay:
  authenticated: true
  addresses:
    - { id: lan, match: "192.0.2.0, MASK=255.255.255.0" }
    - { id: some, match: 192.0.3.0/24, to: ["#only.example"], listeners: [relay] }
    - { id: late, match: 192.0.4.1, expires: 2026-11-24 }
    - { id: today, match: 192.0.4.2, expires: 2026-11-25 }
    - { id: device, match: 192.0.5.1, listeners: [submission], to: ["#only.example"] }
    - { id: six, match: "::/0", to: ["#only.example"] , listeners: [nowhere] }
  local-addresses:
    - { id: inside, match: 198.51.100.10 }
  never:
    - { id: guest, match: 192.0.2.66 }
  open-relay: true
`),
  [
    [stranger, "relay", "x@victim.test", "relay-denied"],
    [stranger, "relay", "info@example.com", "inbound"],
    [stranger, "relay", "info@sub.example.com", "relay-denied"],
    [stranger, "relay", "info@notexample.com", "relay-denied"],
    [stranger, "relay", "x@backup.example", "always-relay"],
    [stranger, "relay", "x@partner.example", "relay-denied"],
    [stranger, "relay", "x@a.branch.example", "gateway"],
    [stranger, "relay", "x@old.example", "inbound"],
    [stranger, "relay", "x%victim.test@example.com", "malformed"],
    [stranger, "relay", "x%victim.test@old.example", "malformed"],
    [stranger, "relay", "x%victim.test@backup.example", "malformed"],
    [stranger, "relay", "IMCEASMTP-u+40victim+2Etest@example.com", "malformed"],
    [stranger, "relay", '"u@victim.test"@branch.example', "malformed"],
    [stranger, "relay", "x@[198.51.100.10]", "unknown-mailbox"],
    [stranger, "relay", "POSTMASTER@[198.51.100.10]", "inbound"],
    [stranger, "relay", "x@[127.0.0.1]", "relay-denied"],
    [stranger, "relay+anna", "x@victim.test", "authenticated"],
    [stranger, "relay+bob!", "x@victim.test", "account-may-not-relay"],
    [stranger, "relay+anna", "x@[10.1.2.3]", "authenticated"],
    ["192.0.2.5", "relay", "x@victim.test", "address:lan"],
    ["192.0.2.5", "relay", "x@[10.1.2.3]", "relay-denied"],
    ["192.0.2.5", "relay", "x%y@victim.test", "address:lan"],
    ["192.0.2.66", "relay", "x@victim.test", "never"],
    ["192.0.2.66", "relay+anna", "x@victim.test", "never"],
    ["192.0.2.66", "relay", "x@backup.example", "never"],
    ["192.0.2.66", "relay", "u%v@backup.example", "malformed"],
    ["192.0.2.66", "relay", "info@example.com", "inbound"],
    ["::ffff:192.0.2.66", "relay", "x@victim.test", "never"],
    ["64:ff9b::c000:242", "relay", "x@backup.example", "never"],
    ["2001:db8:64::c000:242", "relay", "x@backup.example", "never"],
    ["64:ff9b::c000:205", "relay", "x@victim.test", "relay-denied"],
    ["192.0.3.5", "relay", "x@only.example", "address:some"],
    ["192.0.3.5", "relay", "x@a.only.example", "relay-denied"],
    ["192.0.4.1", "relay", "x@victim.test", "relay-denied"],
    ["192.0.4.2", "relay", "x@victim.test", "address:today"],
    ["10.1.1.1", "relay", "x@victim.test", "local-address:inside"],
    ["10.1.1.1", "submission", "x@victim.test", "authentication-required"],
    ["192.0.2.5", "submission", "info@example.com", "authentication-required"],
    ["192.0.5.1", "submission", "x@only.example", "address:device"],
    ["192.0.5.1", "submission", "x@victim.test", "relay-denied"],
    ["192.0.5.1", "submission", "x@backup.example", "relay-denied"],
    ["192.0.5.1", "relay", "x@only.example", "relay-denied"],
    [stranger, "submission+anna", "x@victim.test", "authenticated"],
  ],
);

table(
  "Q169683, with ms.com → host1.ms.com written as a gateway",
  policyOf(`
routing:
  - { sent-to: ms.com, route: gateway, host: host1.ms.com, recipients: any }
  - { sent-to: "#ms.com", route: inbound }
  - { sent-to: x.ms.com, route: inbound }
`),
  [
    [stranger, "relay", "User@ms.com", "inbound"],
    [stranger, "relay", "User@sales.ms.com", "gateway"],
    [stranger, "relay", "User@x.ms.com", "inbound"],
    [stranger, "relay", "User@abc.x.ms.com", "inbound"],
    [stranger, "relay", "User@pms.com", "relay-denied"],
  ],
);

describe("documents that are refused", () => {
  const refused: readonly (readonly [document: string, says: RegExp])[] = [
    ["relay:\n  adresses: []\n", /did you mean "addresses"/],
    ["relay: { addresses: [ { id: a, match: 0.0.0.0/0 } ] }", /open relay/],
    [
      "relay: { addresses: [ { id: a, match: 1.0.0.0/9 }, { id: b, match: 2.0.0.0/9, to: [x.example] } ] }",
      /open relay/,
    ],
    ["relay: { local-addresses: [ { id: a, match: 10.0.0.5, clients: any } ] }", /open relay/],
    ["relay: { addresses: [ { id: a, match: 198.51.100.7/33 } ] }", /prefix length/],
    ["relay: { addresses: [ { id: a, match: 010.0.0.0/8 } ] }", /leading zero/],
    ["relay: { addresses: [ { id: a, match: 10.0.0.1 }, { id: a, match: 10.0.0.2 } ] }", /another entry/],
    ["relay: { addresses: [ { match: 10.0.0.1 } ] }", /id is missing/],
    [
      "relay: { addresses: [ { id: a, match: 10.0.0.1 } ] }\nconnections: { reject: [ { id: a, match: 10.0.0.2 } ] }",
      /another entry/,
    ],
    ["relay: { local-addresses: [ { id: a, match: 10.0.0.5, clients: [ private, any ] } ] }", /stands alone/],
    ["relay: { local-addresses: [ { id: a, match: 10.0.0.5, clients: 10.0.0.0/8 } ] }", /in brackets/],
    ["relay: { addresses: [ { id: a, match: 10.0.0.1, to: [] } ] }", /empty/],
    ["relay: { never: [ { id: a, match: 10.0.0.1, expires: 2027-01-01 } ] }", /never entry has no expires/],
    ["relay: { authenticated: yes }", /true or false/],
    ["relay: { addresses: [ { id: a, match: IP=192.0.2.0, MASK=255.255.255.0 } ] }", /must be quoted/],
    ['routing: [ { sent-to: ".", route: inbound } ]', /default-route/],
    ["routing: [ { sent-to: com, route: inbound } ]", /public suffix/],
    ["routing: [ { sent-to: gmail.com, route: inbound } ]", /confirm/],
    ["routing: [ { sent-to: intranet, route: inbound } ]", /single label/],
    ["routing: [ { sent-to: a.example, route: inbound }, { sent-to: A.Example, route: inbound } ]", /already/],
    [
      "routing: [ { sent-to: a.example, route: reroute, domain: b.example }, { sent-to: b.example, route: reroute, domain: a.example } ]",
      /comes back/,
    ],
    ["routing: [ { sent-to: a.example, route: reroute, domain: x.a.example } ]", /comes back/],
    ["routing: [ { sent-to: a.example, route: gateway } ]", /host is missing/],
    ["routing: [ { sent-to: a.example, route: inbound, host: b.example } ]", /not a key/],
    ["default-route: { via: smart-host, host: s.example, account: a, tls: off }", /never goes out in clear/],
    ["a: &x 1\nb: *x\n", /anchor|alias/],
    ["relay: {}\nrelay: {}\n", /./],
  ];
  for (const [document, says] of refused) {
    it(document, () => {
      const read = parsePolicy(document, context);
      if (isPolicy(read)) assert.fail("it was taken");
      assert.match(read.map(({ problem }) => problem).join("\n"), says);
      assert.ok(read.every(({ line }) => line >= 0));
    });
  }
});

const anyIp = fc.oneof(
  fc.nat({ max: 0xffff_ffff }).map((value): Ip => ({ family: 4, value })),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value): Ip => ({ family: 6, value })),
);
const recipients = (existence: Existence): Recipients => ({ here: () => existence, there: () => existence });

test("an empty policy refuses every relay, whoever asks", () => {
  for (const text of ["", "relay: {}", "relay: { never: [ { id: a, match: 10.0.0.1 } ] }"]) {
    const policy = policyOf(text);
    fc.assert(
      fc.property(anyIp, fc.constantFrom("relay", "submission", "relay+anna"), (client, on) => {
        const facts = { ...factsOf("10.0.0.9", on, "x@victim.test"), client };
        assert.equal(judge(policy, facts, recipients("exact")).verdict, "refuse");
      }),
    );
  }
});

test("what cannot be found out is never accepted", () => {
  const policy = policyOf(
    `routing: [ { sent-to: a.example, route: inbound }, { sent-to: b.example, route: gateway, host: h.example }, { sent-to: c.example, route: inbound, unknown-to: h.example } ]`,
  );
  for (const domain of ["a.example", "b.example", "c.example"]) {
    const decision = judge(policy, factsOf(stranger, "relay", `x@${domain}`), recipients("unknowable"));
    assert.deepEqual(decision, { verdict: "defer", rule: "fact-unknown" });
  }
});

test("a decision is the same when its facts come back from the journal", () => {
  const policy = policyOf(
    `routing: [ { sent-to: a.example, route: inbound }, { sent-to: b.example, route: reroute, domain: a.example } ]\nrelay: { addresses: [ { id: lan, match: 10.0.0.0/8 } ] }`,
  );
  for (const to of [
    "x@a.example",
    "x@b.example",
    "x@c.example",
    '"x\\"\\\\y"@b.example',
    "x%y@a.example",
    "bü\u200bß@a.example",
  ]) {
    for (const existence of ["exact", "covered", "none"] as const) {
      const facts = factsOf("10.0.0.9", "relay", to);
      const known: KnownRecipient[] = [];
      const answer = (place: Place) => (asked: Address) => {
        known.push({ address: asked, place, existence });
        return existence;
      };
      const decided = judge(policy, facts, { here: answer("here"), there: answer("there") });
      const back = factsFromJson(factsToJson(facts, known));
      assert.deepEqual(back.facts, facts);
      assert.equal(judge(policy, back.facts, back.recipients).rule, decided.rule);
    }
  }
});
