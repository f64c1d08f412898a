import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Ip } from "./address.ts";
import { formatIp, parseIp } from "./ip.ts";
import { countIpv4, emptySet, has, intersect, isEmpty, isSubset, setOfCidr } from "./ip-set.ts";
import type { IpSet } from "./ip-set.ts";
import * as special from "./special-purpose.ts";

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(text);

function membership(name: string, set: IpSet, { inside, outside }: { inside: string; outside: string }): void {
  describe(name, () => {
    for (const text of inside.split(/\s+/)) it(`holds ${text}`, () => assert.ok(has(set, ip(text))));
    for (const text of outside.split(/\s+/)) it(`does not hold ${text}`, () => assert.ok(!has(set, ip(text))));
  });
}

membership("publicIps", special.publicIps, {
  inside: `8.8.8.8 1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.255.255 172.32.0.0
    192.0.0.9 192.0.0.10 192.0.1.0 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1 198.17.255.255 198.20.0.0 223.255.255.255
    2606:4700::1 2001:200:: 2001:3::1 2001:4:112::1 2001:20::1 2001:3f:ffff::1 2001:1::1 2001:1::3 2620:4f:8000::1 2a00::1 2002::1
    64:ff9b::808:808`,
  outside: `0.0.0.0 0.255.255.255 10.0.0.1 100.64.0.0 100.127.255.255 127.0.0.1 169.254.1.1 172.16.0.0 172.31.255.255 192.0.0.0
    192.0.0.8 192.0.0.11 192.0.0.170 192.0.2.1 192.88.99.2 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 64:ff9b:1::1 100::1 100:0:0:1::1 2001:1::4 2001:2::1 2001:10::1
    2001:1ff:ffff::1 2001:db8::1 3fff::1 3fff:fff:ffff::1 5f00::1 fc00::1 fdff::1 fe80::1 febf::1 ff02::1 ::ffff:10.0.0.1`,
});

membership("privateClients", special.privateClients, {
  inside: "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 127.0.0.1 169.254.0.1 ::1 fe80::1 fc00::1 fd00::1",
  outside: "100.64.0.1 8.8.8.8 172.32.0.1 192.0.2.1 0.0.0.0 :: 2001:db8::1 fec0::1 ff02::1 64:ff9b::a00:1",
});

membership("translationPrefixes", special.translationPrefixes, {
  inside: "64:ff9b::1 64:ff9b::ffff:ffff 64:ff9b:1::1 64:ff9b:1:ffff::1 2002:: 2002:ffff::1 2001::1 2001:0:ffff::1",
  outside: "64:ff9b:0:0:0:1:0:0 64:ff9b:2::1 2003::1 2001:1::1 192.0.2.1",
});

membership("neverDialled", special.neverDialled, {
  inside: `127.0.0.1 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 255.255.255.255 :: ::1 ::7f00:1
    fe80::1 fec0::1 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::c0a8:101 64:ff9b::e000:1
    64:ff9b:1::1 2002:7f00:1:: 2002:a00:1::1 2002:a00:1:ffff:ffff:ffff:ffff:ffff 2002:c0a8:101::25 2001::1`,
  outside: `8.8.8.8 192.0.2.1 203.0.113.1 100.128.0.1 223.255.255.255 2606:4700::1 2001:db8::1 64:ff9b::808:808 64:ff9b::cb00:7101
    2002:808:808::1 2002:b00::1 2001:1::1`,
});

describe("the sets together", () => {
  it("public and not globally reachable never meet", () => {
    assert.ok(isEmpty(intersect(special.publicIps, special.notGloballyReachable)));
    assert.ok(isEmpty(intersect(special.publicIps, special.multicast)));
    assert.ok(isEmpty(intersect(special.publicIps, special.privateClients)));
  });
  it("private clients are among what is never dialled", () =>
    assert.ok(isSubset(special.privateClients, special.neverDialled)));
  it("public IPv4 is what the registry leaves", () => {
    const taken = [24, 24, 24, 22, 16, 20, 16, 17, 28, 28].reduce((sum, bits) => sum + 2 ** bits, 0) + 256 * 4 - 2 + 1;
    assert.equal(countIpv4(special.publicIps), BigInt(2 ** 32 - taken));
  });
});

describe("embeddedIpv4", () => {
  const further = setOfCidr(ip("2001:db8:64::"), 96);
  const cases: [string, string | null][] = [
    ["64:ff9b::c000:221", "192.0.2.33"],
    ["64:ff9b::192.0.2.33", "192.0.2.33"],
    ["2001:db8:64::a00:1", "10.0.0.1"],
    ["64:ff9b:1::c000:221", null],
    ["2001:db8:65::a00:1", null],
    ["::ffff:192.0.2.33", null],
    ["192.0.2.33", null],
  ];
  for (const [client, host] of cases) {
    it(`of ${client} is ${host}`, () => {
      const found = special.embeddedIpv4(ip(client), further);
      assert.equal(found && formatIp(found), host);
    });
  }
  it("knows only the well-known prefix when none is given", () => {
    assert.equal(special.embeddedIpv4(ip("2001:db8:64::a00:1"), emptySet), null);
  });
  it("and 6to4 lead to never-dialled hosts exactly where IPv4 itself would", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.bigInt(0n, (1n << 80n) - 1n), (value, rest) => {
        const direct = has(special.neverDialled, { family: 4, value });
        const wellKnown: Ip = { family: 6, value: (0x0064_ff9bn << 96n) | BigInt(value) };
        const sixToFour: Ip = { family: 6, value: (0x2002n << 112n) | (BigInt(value) << 80n) | rest };
        assert.equal(has(special.neverDialled, wellKnown), direct);
        assert.equal(has(special.neverDialled, sixToFour), direct);
      }),
      { numRuns: 500 },
    );
  });
});
