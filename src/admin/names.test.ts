import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeResolver } from "../../testing/fake-resolver.ts";
import { policyOf } from "../../testing/policy-scene.ts";
import { namesWorthALook } from "./names.ts";

const own = new Set(["mx.example.test"]);

test("a domain of ours whose mail goes elsewhere, or whose MX nobody knows, deserves a look", async () => {
  const policy = policyOf(`routing:
  - { sent-to: "#here.test", route: inbound }
  - { sent-to: "#there.test", route: inbound }
  - { sent-to: "#none.test", route: inbound }
  - { sent-to: "#unclear.test", route: inbound }
  - { sent-to: "#other.test", route: gateway, host: 192.0.2.1 }`);
  const resolver = new FakeResolver({
    "here.test": {
      mx: [
        [10, "backup.example.net"],
        [20, "mx.example.test"],
      ],
    },
    "there.test": { mx: [[10, "mx.elsewhere.test"]] },
    "unclear.test": { mx: "timeout" },
  });
  assert.deepEqual(await namesWorthALook({ policy, resolver, own, written: [] }), [
    { about: "there.test", finding: "its MX is mx.elsewhere.test, which is none of our names" },
    { about: "none.test", finding: "has no MX: mail for it does not come here" },
    { about: "unclear.test", finding: "its MX cannot be looked up: no answer in time" },
  ]);
});

test("a subdomain that an entry takes in although it has an exchange of its own deserves a look", async () => {
  const policy = policyOf(`routing:
  - { sent-to: wide.test, route: gateway, host: 192.0.2.1 }
  - { sent-to: "#named.wide.test", route: gateway, host: 192.0.2.2 }
  - { sent-to: out.test, route: outbound }`);
  const elsewhere = { mx: [[10, "mx.elsewhere.test"]] } as const;
  const resolver = new FakeResolver({
    "shop.wide.test": elsewhere,
    "named.wide.test": elsewhere,
    "x.out.test": elsewhere,
    "wide.test": elsewhere,
    "quiet.wide.test": {},
    "ours.wide.test": { mx: [[10, "mx.example.test"]] },
    "null.wide.test": { mx: [[0, "."]] },
  });
  const written = [...resolver.names.keys(), "gone.wide.test", "shop.wide.test"];
  assert.deepEqual(await namesWorthALook({ policy, resolver, own, written }), [
    {
      about: "shop.wide.test",
      finding: "is taken in by wide.test, but has an MX of its own, mx.elsewhere.test: #wide.test would leave it out",
    },
  ]);
});
