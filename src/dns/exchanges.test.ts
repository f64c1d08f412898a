import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeResolver, type FakeName } from "../../testing/fake-resolver.ts";
import { formatIp, parseIp } from "../address/ip.ts";
import { setOfRange } from "../address/ip-set.ts";
import { neverDialled } from "../address/special-purpose.ts";
import { exchangesFor } from "./exchanges.ts";

const ours = parseIp("198.51.100.10") ?? assert.fail();
const own = { names: new Set(["mail.example.com", "localhost"]), addresses: setOfRange(ours, ours), neverDialled };

async function resultFor(domain: string, names: Record<string, FakeName>): Promise<string> {
  const found = await exchangesFor(domain, { resolver: new FakeResolver(names), own, random: () => 0.5 });
  return "fails" in found
    ? `${found.fails} ${found.status}`
    : found.hosts.map(({ name, ip }) => `${name}=${formatIp(ip)}`).join(" ");
}

const a = (address: string): FakeName => ({ a: [address] });

for (const [title, domain, names, expected] of [
  ["O-26 null MX", "nomail.test", { "nomail.test": { mx: [[0, "."]], a: ["203.0.113.9"] } }, "permanent 5.1.10"],
  [
    "O-26 a root beside another is ignored",
    "mixed.test",
    {
      "mixed.test": {
        mx: [
          [0, "."],
          [10, "mx.mixed.test"],
        ],
      },
      "mx.mixed.test": a("203.0.113.8"),
    },
    "mx.mixed.test=203.0.113.8",
  ],
  [
    "O-27 no answer is not an empty one",
    "shop.test",
    { "shop.test": { mx: "timeout", a: ["203.0.113.80"] } },
    "transient 4.4.3",
  ],
  [
    "O-27 MX that lead nowhere do not make the domain its own exchange",
    "shop.test",
    { "shop.test": { mx: [[10, "gone.shop.test"]], a: ["203.0.113.80"] } },
    "permanent 5.4.4",
  ],
  ["no MX: the domain itself", "plain.test", { "plain.test": a("203.0.113.7") }, "plain.test=203.0.113.7"],
  [
    "O-28 one exchange fails, the other is not there",
    "part.test",
    {
      "part.test": {
        mx: [
          [10, "mx1.part.test"],
          [20, "mx2.part.test"],
        ],
      },
      "mx1.part.test": { a: "servfail", aaaa: "servfail" },
    },
    "transient 4.4.3",
  ],
  [
    "O-28 A is empty, AAAA fails",
    "part.test",
    { "part.test": { mx: [[10, "mx1.part.test"]] }, "mx1.part.test": { aaaa: "servfail" } },
    "transient 4.4.3",
  ],
  [
    "O-28 a failure beside an exchange that is there",
    "part.test",
    {
      "part.test": {
        mx: [
          [10, "mx1.part.test"],
          [20, "mx2.part.test"],
        ],
      },
      "mx1.part.test": { a: "timeout", aaaa: "servfail" },
      "mx2.part.test": a("203.0.113.2"),
    },
    "mx2.part.test=203.0.113.2",
  ],
  ["O-28 no MX, and the address fails", "part.test", { "part.test": { a: "lame" } }, "transient 4.4.3"],
  ["O-28 no exchange exists", "part.test", { "part.test": { mx: [[10, "mx1.part.test"]] } }, "permanent 5.4.4"],
  ["O-28 no such domain", "gone.test", {}, "permanent 5.1.2"],
  [
    "O-29 lower preference first, IPv6 and IPv4",
    "two.test",
    {
      "two.test": {
        mx: [
          [10, "b.two.test"],
          [1, "a.two.test"],
        ],
      },
      "a.two.test": { a: ["203.0.113.1"], aaaa: ["2a00::1"] },
      "b.two.test": a("203.0.113.2"),
    },
    "a.two.test=2a00::1 a.two.test=203.0.113.1 b.two.test=203.0.113.2",
  ],
  [
    "O-29 many addresses leave room for the other family and the next exchange",
    "many.test",
    {
      "many.test": {
        mx: [
          [1, "a.many.test"],
          [2, "b.many.test"],
        ],
      },
      "a.many.test": { a: ["203.0.113.1"], aaaa: Array.from({ length: 7 }, (_, n) => `2a00::${n}`) },
      "b.many.test": a("203.0.113.2"),
    },
    "a.many.test=2a00::3 a.many.test=2a00::4 a.many.test=2a00::5 a.many.test=2a00::6 a.many.test=2a00:: a.many.test=203.0.113.1 b.many.test=203.0.113.2",
  ],
  ["O-31 localhost", "a.test", { "a.test": { mx: [[10, "localhost"]] } }, "permanent 5.4.6"],
  ["O-31 our name", "b.test", { "b.test": { mx: [[10, "mail.example.com"]] } }, "permanent 5.4.6"],
  [
    "O-31 ours and worse are dropped",
    "c.test",
    {
      "c.test": {
        mx: [
          [10, "mx.c.test"],
          [20, "mail.example.com"],
          [30, "late.c.test"],
        ],
      },
      "mx.c.test": a("203.0.113.3"),
      "late.c.test": a("203.0.113.4"),
    },
    "mx.c.test=203.0.113.3",
  ],
  [
    "O-31 ours and those as good, although a better one is not there",
    "c.test",
    {
      "c.test": {
        mx: [
          [10, "gone.c.test"],
          [20, "mail.example.com"],
          [20, "late.c.test"],
        ],
      },
      "late.c.test": a("203.0.113.4"),
    },
    "permanent 5.4.6",
  ],
  [
    "O-31 and O-28: a better one that cannot be looked up is waited for",
    "c.test",
    {
      "c.test": {
        mx: [
          [10, "mx.c.test"],
          [20, "mail.example.com"],
        ],
      },
      "mx.c.test": { a: "servfail" },
    },
    "transient 4.4.3",
  ],
  [
    "O-31 a worse one that cannot be looked up is not waited for",
    "c.test",
    {
      "c.test": {
        mx: [
          [20, "mail.example.com"],
          [30, "mx.c.test"],
        ],
      },
      "mx.c.test": { a: "servfail" },
    },
    "permanent 5.4.6",
  ],
  [
    "O-31 our address under another name",
    "d.test",
    { "d.test": { mx: [[10, "alias.d.test"]] }, "alias.d.test": a("198.51.100.10") },
    "permanent 5.4.6",
  ],
  ["O-31 loopback", "e.test", { "e.test": { mx: [[10, "x.e.test"]] }, "x.e.test": a("127.0.0.1") }, "permanent 5.4.4"],
  [
    "O-31 addresses inside are passed over, the others are not",
    "f.test",
    {
      "f.test": { mx: [[10, "x.f.test"]] },
      "x.f.test": { a: ["10.0.0.1", "203.0.113.5"], aaaa: ["fe80::1", "::ffff:127.0.0.1"] },
    },
    "x.f.test=203.0.113.5",
  ],
  ["a literal of nothing that is known", "[tag:x]", {}, "permanent 5.1.2"],
  ["a literal", "[203.0.113.5]", {}, "[203.0.113.5]=203.0.113.5"],
  ["a literal inside", "[10.1.2.3]", {}, "permanent 5.4.4"],
] as const satisfies readonly (readonly [string, string, Record<string, FakeName>, string])[]) {
  test(title, async () => assert.equal(await resultFor(domain, names), expected));
}

test("equal preferences take turns", async () => {
  const resolver = new FakeResolver({
    "eq.test": {
      mx: [
        [10, "a.eq.test"],
        [10, "b.eq.test"],
      ],
    },
    "a.eq.test": a("203.0.113.1"),
    "b.eq.test": a("203.0.113.2"),
  });
  let seed = 1;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  let first = 0;
  for (let n = 0; n < 200; n++) {
    const found = await exchangesFor("eq.test", { resolver, own, random });
    if ("hosts" in found && found.hosts[0]?.name === "a.eq.test") first++;
  }
  assert.ok(first > 60 && first < 140, `${first} of 200`);
});

test("addresses of one exchange take turns", async () => {
  const resolver = new FakeResolver({ "eq.test": { a: ["203.0.113.1", "203.0.113.2"] } });
  const firstAt = async (turn: number) => {
    const found = await exchangesFor("eq.test", { resolver, own, random: () => turn });
    return "hosts" in found && found.hosts.map(({ ip }) => formatIp(ip)).join(" ");
  };
  assert.equal(await firstAt(0), "203.0.113.1 203.0.113.2");
  assert.equal(await firstAt(0.9), "203.0.113.2 203.0.113.1");
});
