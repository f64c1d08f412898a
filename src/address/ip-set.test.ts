import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { excludeCidr, mergeCidr, overlapCidr } from "cidr-tools";
import * as fc from "fast-check";
import type { Ip } from "./address.ts";
import { formatIp, parseIp } from "./ip.ts";
import * as sets from "./ip-set.ts";
import type { IpSet } from "./ip-set.ts";

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text);
const range = (first: string, last: string): IpSet => sets.setOfRange(ip(first), ip(last));
const cidr = (text: string): IpSet => {
  const [address = "", prefix] = text.split("/");
  return sets.setOfCidr(ip(address), Number(prefix));
};

describe("ranges and blocks", () => {
  it("cuts a range into the fewest blocks", () =>
    assert.deepEqual(sets.toCidrs(range("192.0.2.10", "192.0.2.20")), {
      ipv4: ["192.0.2.10/31", "192.0.2.12/30", "192.0.2.16/30", "192.0.2.20/32"],
      ipv6: [],
    }));
  it("writes everything as one block a family", () =>
    assert.deepEqual(sets.toCidrs(sets.union(sets.everyIpv4, sets.everyIpv6)), {
      ipv4: ["0.0.0.0/0"],
      ipv6: ["::/0"],
    }));
  it("ignores host bits in setOfCidr", () => assert.ok(sets.equals(cidr("192.0.2.77/24"), cidr("192.0.2.0/24"))));
  it("covers the first and last address of a block, unlike the article of the old product", () => {
    assert.ok(sets.has(cidr("1.1.1.0/24"), ip("1.1.1.0")));
    assert.ok(sets.has(cidr("1.1.1.0/24"), ip("1.1.1.255")));
    assert.ok(!sets.has(cidr("1.1.1.0/24"), ip("1.1.2.0")));
    assert.ok(!sets.has(cidr("1.1.1.0/24"), ip("1.1.0.255")));
  });
  it("throws on our own mistakes", () => {
    assert.throws(() => range("192.0.2.2", "192.0.2.1"), RangeError);
    assert.throws(() => range("192.0.2.2", "2001:db8::1"), RangeError);
    assert.throws(() => sets.setOfCidr(ip("192.0.2.2"), 33), RangeError);
    assert.throws(() => sets.setOfCidr(ip("::1"), -1), RangeError);
    assert.throws(() => sets.setOfCidr(ip("::1"), 1.5), RangeError);
  });
});

describe("two families", () => {
  it("never meet", () => {
    assert.ok(!sets.has(sets.everyIpv6, ip("192.0.2.1")));
    assert.ok(!sets.has(sets.everyIpv6, ip("::ffff:192.0.2.1")));
    assert.ok(!sets.has(sets.everyIpv4, ip("::c000:201")));
    assert.ok(sets.isEmpty(sets.intersect(sets.everyIpv4, sets.everyIpv6)));
  });
});

describe("nearest", () => {
  const set = sets.union(
    range("10.0.2.0", "10.0.2.255"),
    range("10.0.4.0", "10.0.4.9"),
    range("2001:db8::8", "2001:db8::9"),
  );
  const cases: [string, string, bigint][] = [
    ["10.0.2.7", "10.0.2.0-10.0.2.255", 0n],
    ["10.0.3.17", "10.0.2.0-10.0.2.255", 18n],
    ["10.0.3.255", "10.0.4.0-10.0.4.9", 1n],
    ["0.0.0.0", "10.0.2.0-10.0.2.255", 167772672n],
    ["255.255.255.255", "10.0.4.0-10.0.4.9", 4127194102n],
    ["2001:db8::", "2001:db8::8-2001:db8::9", 8n],
  ];
  for (const [asked, interval, distance] of cases) {
    it(`of ${asked} is ${interval}`, () => {
      const found = sets.nearest(set, ip(asked)) ?? assert.fail();
      assert.equal(`${formatIp(found.first)}-${formatIp(found.last)}`, interval);
      assert.equal(found.distance, distance);
    });
  }
  it("is null where the set has nothing of the family", () => {
    assert.equal(sets.nearest(sets.everyIpv6, ip("10.0.0.1")), null);
    assert.equal(sets.nearest(sets.everyIpv4, ip("::1")), null);
  });
});

describe("sample", () => {
  it("takes edges and middles, never more than asked, never one twice", () => {
    const set = sets.union(range("10.0.0.1", "10.0.0.3"), range("192.0.2.0", "192.0.2.255"));
    const texts = sets.sample(set, 4, 12).map(formatIp);
    for (const edge of ["10.0.0.1", "10.0.0.3", "192.0.2.0", "192.0.2.255"]) assert.ok(texts.includes(edge), edge);
    assert.ok(texts.some((text) => /^192\.0\.2\.1\d\d$/.test(text)));
    assert.equal(new Set(texts).size, texts.length);
    assert.deepEqual(sets.sample(set, 4, 12).map(formatIp), texts);
    assert.deepEqual(sets.sample(set, 6, 12), []);
    assert.equal(sets.sample(set, 4, 1).length, 1);
    assert.deepEqual(sets.sample(set, 4, 0), []);
  });
  it("stays inside the set", () => {
    fc.assert(
      fc.property(fc.array(anyCidr(), { maxLength: 12 }), fc.nat(40), (texts, n) => {
        const set = sets.unionOf(texts.map(cidr));
        for (const family of [4, 6] as const) {
          const found = sets.sample(set, family, n);
          assert.ok(found.length <= n);
          for (const each of found) assert.ok(each.family === family && sets.has(set, each));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Blocks in small corners of both families, so that they overlap, touch and miss each other. */
function anyCidr(): fc.Arbitrary<string> {
  const v4 = fc.tuple(fc.nat(255), fc.integer({ min: 22, max: 32 })).map(([value, prefix]) => {
    const base = value - (value % 2 ** Math.min(8, 32 - prefix));
    return `${formatIp({ family: 4, value: 0xc0000000 + (prefix < 24 ? 0 : base) })}/${prefix}`;
  });
  const top = fc.tuple(fc.nat(15), fc.integer({ min: 0, max: 4 })).map(([value, prefix]) => {
    const base = ((value >>> (4 - prefix)) << (4 - prefix)) * 2 ** 28;
    return `${formatIp({ family: 4, value: base })}/${prefix}`;
  });
  const v6 = fc.tuple(fc.nat(255), fc.integer({ min: 120, max: 128 })).map(([value, prefix]) => {
    const base = value - (value % 2 ** (128 - prefix));
    return `${formatIp({ family: 6, value: (0x20010db8n << 96n) + BigInt(base) })}/${prefix}`;
  });
  return fc.oneof(v4, top, v6);
}

const cidrs = (): fc.Arbitrary<string[]> => fc.array(anyCidr(), { maxLength: 10 });
/** The oracle's list in our order and form. */
function ours(list: string[]): { ipv4: string[]; ipv6: string[] } {
  const byAddress = (family: 4 | 6): string[] =>
    list
      .filter((text) => text.includes(":") === (family === 6))
      .toSorted((a, b) => {
        const [x, y] = [ip(a.split("/")[0] ?? ""), ip(b.split("/")[0] ?? "")];
        return x.value < y.value ? -1 : 1;
      });
  return { ipv4: byAddress(4), ipv6: byAddress(6) };
}

describe("beside cidr-tools", () => {
  it("union agrees, and its blocks are minimal", () => {
    fc.assert(
      fc.property(cidrs(), (a) => assert.deepEqual(sets.toCidrs(sets.unionOf(a.map(cidr))), ours(mergeCidr(a)))),
    );
  });
  it("subtract agrees", () => {
    fc.assert(
      fc.property(cidrs(), cidrs(), (a, b) => {
        const left = sets.subtract(sets.unionOf(a.map(cidr)), sets.unionOf(b.map(cidr)));
        assert.deepEqual(sets.toCidrs(left), ours(mergeCidr(excludeCidr(a, b))));
      }),
      { numRuns: 300 },
    );
  });
  it("intersect is empty exactly where nothing overlaps", () => {
    fc.assert(
      fc.property(cidrs(), cidrs(), (a, b) => {
        const both = sets.intersect(sets.unionOf(a.map(cidr)), sets.unionOf(b.map(cidr)));
        assert.equal(sets.isEmpty(both), !overlapCidr(a, b));
      }),
    );
  });
});

const set = (): fc.Arbitrary<IpSet> => cidrs().map((texts) => sets.unionOf(texts.map(cidr)));
const count = (s: IpSet): bigint => sets.countIpv4(s) + sets.countIpv6(s);

describe("the algebra", () => {
  it("keeps its laws", () => {
    fc.assert(
      fc.property(set(), set(), (a, b) => {
        const both = sets.intersect(a, b);
        const only = sets.subtract(a, b);
        assert.ok(sets.equals(sets.union(both, only), a));
        assert.ok(sets.isEmpty(sets.intersect(only, b)));
        assert.equal(count(sets.union(a, b)), count(a) + count(b) - count(both));
        assert.ok(sets.isSubset(both, a) && sets.isSubset(both, b) && sets.isSubset(a, sets.union(a, b)));
        assert.equal(sets.isSubset(a, b), sets.equals(both, a));
        assert.ok(sets.equals(both, sets.intersect(b, a)));
      }),
    );
  });
  it("is the algebra of `has`", () => {
    fc.assert(
      fc.property(set(), set(), (a, b) => {
        for (const family of [4, 6] as const) {
          for (const each of [...sets.sample(a, family, 20), ...sets.sample(b, family, 20)]) {
            assert.equal(sets.has(sets.union(a, b), each), sets.has(a, each) || sets.has(b, each));
            assert.equal(sets.has(sets.intersect(a, b), each), sets.has(a, each) && sets.has(b, each));
            assert.equal(sets.has(sets.subtract(a, b), each), sets.has(a, each) && !sets.has(b, each));
          }
        }
      }),
    );
  });
  it("counts whole families", () => {
    assert.equal(sets.countIpv4(sets.everyIpv4), 1n << 32n);
    assert.equal(sets.countIpv6(sets.everyIpv6), 1n << 128n);
    assert.equal(count(sets.emptySet), 0n);
  });
  it("joins 100,000 blocks without a scan for each", () => {
    const many = Array.from({ length: 100_000 }, (_, i) => sets.setOfCidr({ family: 4, value: i * 512 }, 24));
    const joined = sets.unionOf(many);
    assert.equal(joined.ipv4.length, 100_000);
    assert.ok(sets.has(joined, { family: 4, value: 99_999 * 512 + 255 }));
    assert.ok(!sets.has(joined, { family: 4, value: 99_999 * 512 + 256 }));
  });
});
