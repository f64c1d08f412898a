import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseIpEntry } from "./ip-entry.ts";
import { parseIp } from "./ip.ts";
import { countIpv4, countIpv6, equals, has, isEmpty } from "./ip-set.ts";

const read = (text: string): string => {
  const entry = parseIpEntry(text);
  return "refused" in entry ? `refused: ${entry.refused}` : entry.text;
};

describe("an address entry", () => {
  // relay-policy §2.2 and §2.6, every form
  const accepted: [string, string, bigint][] = [
    ["192.0.2.7", "192.0.2.7", 1n],
    ["198.51.100.7", "198.51.100.7", 1n], // O-22: without a mask it is that one host
    ["192.0.2.0/24", "192.0.2.0/24", 256n],
    ["192.0.2.0/255.255.255.0", "192.0.2.0/24", 256n],
    ["192.0.2.0, MASK=255.255.255.0", "192.0.2.0/24", 256n],
    ["IP=192.0.2.0, MASK=255.255.255.0", "192.0.2.0/24", 256n],
    ["ip = 192.0.2.0 ,mask = 255.255.255.0", "192.0.2.0/24", 256n],
    ["IP=10.4.1.7, MASK=255.255.255.255", "10.4.1.7", 1n],
    ["IP=10.4.1.7", "10.4.1.7", 1n],
    ["IP=2001:db8::7", "2001:db8::7", 1n],
    ["192.0.2.0;255.255.255.0", "192.0.2.0/24", 256n],
    ["192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20", 11n],
    ["192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20", 11n],
    ["192.0.2.0-192.0.2.255", "192.0.2.0/24", 256n],
    ["192.0.2.7-192.0.2.7", "192.0.2.7", 1n],
    [" 192.0.2.7\t", "192.0.2.7", 1n],
    ["192.0.2.7/32", "192.0.2.7", 1n],
    ["0.0.0.0", "0.0.0.0", 1n], // O-23: stays valid
    ["192.0.2.0", "192.0.2.0", 1n], // O-23
    ["0.0.0.0/0", "0.0.0.0/0", 1n << 32n],
    ["0.0.0.0;0.0.0.0", "0.0.0.0/0", 1n << 32n],
    ["2001:db8::/32", "2001:db8::/32", 1n << 96n],
    ["2001:DB8::7", "2001:db8::7", 1n],
    ["2001:db8::7/128", "2001:db8::7", 1n],
    ["2001:db8::7-2001:db8::9", "2001:db8::7-2001:db8::9", 3n],
    ["::/0", "::/0", 1n << 128n],
    ["fe80::1%eth0", "fe80::1", 1n],
    ["fe80::1%br-lan", "fe80::1", 1n],
    // O-24: inside ::ffff:0:0/96 it is the IPv4 entry
    ["::ffff:192.0.2.66", "192.0.2.66", 1n],
    ["::ffff:c000:242", "192.0.2.66", 1n],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24", 256n],
    ["::ffff:0:0/96", "0.0.0.0/0", 1n << 32n],
    ["::ffff:192.0.2.1-::ffff:192.0.2.3", "192.0.2.1-192.0.2.3", 3n],
    ["::ffff:192.0.2.0/255.255.255.0", "192.0.2.0/24", 256n],
  ];
  for (const [text, canonical, count] of accepted) {
    it(`takes ${text}`, () => {
      const entry = parseIpEntry(text);
      assert.ok(!("refused" in entry), "refused" in entry ? entry.refused : "");
      assert.equal(entry.text, canonical);
      assert.equal(countIpv4(entry.set) + countIpv6(entry.set), count);
    });
  }

  const refused: [string, RegExp][] = [
    // O-22: an unreadable mask never falls back to anything
    ["", /empty/],
    ["   ", /empty/],
    ["198.51.100.7/", /prefix length/],
    ["198.51.100.7/abc", /prefix length/],
    ["198.51.100.7/33", /at most 32/],
    ["198.51.100.7;", /mask is missing/],
    ["198.51.100.7, MASK=", /mask is missing/],
    ["198.51.100.7,", /MASK= is expected/],
    ["198.51.100.7, 255.255.255.0", /MASK= is expected/],
    ["IP=, MASK=255.255.255.0", /address is missing/],
    ["IP=", /address is missing/],
    ["MASK=255.255.255.0", /no IP address/],
    ["/24", /address is missing/],
    [";255.255.255.0", /address is missing/],
    // O-23: no text with two readings
    ["010.0.0.0/8", /leading zero/],
    ["192.0.2.010", /leading zero/],
    ["0x7f.0.0.1", /no IP address/],
    ["192.0.2", /no IP address/],
    ["3221225985", /no IP address/],
    ["::ffff:010.0.0.1", /leading zero/],
    ["192.0.2.1/024", /prefix length without leading zeros/],
    ["192.0.2.1/+24", /prefix length/],
    ["192.0.2.0/255.255.255.00", /leading zero/],
    ["192.0.2.1/00", /prefix length/],
    ["192.0.2.0/24/24", /prefix length/],
    ["192.0.2.0 /24", /no IP address/],
    // host bits outside the mask: the two likely meanings
    ["10.0.0.5/24", /either 10\.0\.0\.5 \(one host\) or 10\.0\.0\.0\/24 /],
    ["IP=10.0.0.5, MASK=255.255.255.0", /either 10\.0\.0\.5 \(one host\) or 10\.0\.0\.0\/24 /],
    ["2001:db8::7/64", /either 2001:db8::7 \(one host\) or 2001:db8::\/64 /],
    ["::ffff:192.0.2.0/90", /either 192\.0\.2\.0 \(one host\) or ::ffc0:0:0\/90 /],
    ["::ffff:192.0.2.5/120", /either 192\.0\.2\.5 \(one host\) or 192\.0\.2\.0\/24 /],
    ["10.0.0.5/0", /or 0\.0\.0\.0\/0 /],
    // masks
    ["192.0.2.0/255.0.255.0", /not contiguous$/],
    ["192.0.2.0;0.0.0.255", /not contiguous: 255\.255\.255\.0 /],
    ["192.0.2.0/255.255.255.256", /no IPv4 mask/],
    ["2001:db8::/ffff:ffff::", /prefix length, not a mask/],
    ["2001:db8::;255.255.0.0", /only an IPv4 address takes a mask/],
    ["2001:db8::/129", /at most 128/],
    ["2001:db8::/-1", /prefix length/],
    // ranges
    ["192.0.2.20-192.0.2.10", /comes after/],
    ["192.0.2.10-20", /no IP address/],
    ["192.0.2.10-", /address is missing/],
    ["192.0.2.10-2001:db8::1", /both ends/],
    ["::-::ffff:0:5", /both ends/],
    ["192.0.2.1-192.0.2.2-192.0.2.3", /no IP address/],
    ["localhost", /no IP address/],
    ["*", /no IP address/],
    ["1".repeat(5000), /that length/],
  ];
  for (const [text, why] of refused) it(`refuses ${text.slice(0, 40)}`, () => assert.match(read(text), why));

  // O-24
  it("never covers IPv4 by an IPv6 block that holds the mapped range", () => {
    const entry = parseIpEntry("::/0");
    assert.ok(!("refused" in entry));
    for (const client of ["192.0.2.9", "::ffff:192.0.2.9"])
      assert.ok(!has(entry.set, parseIp(client) ?? assert.fail()));
  });
  it("is met by a client in either spelling", () => {
    const entry = parseIpEntry("192.0.2.0/255.255.255.0");
    assert.ok(!("refused" in entry));
    for (const client of ["192.0.2.9", "::ffff:192.0.2.9", "::ffff:c000:209"]) {
      assert.ok(has(entry.set, parseIp(client) ?? assert.fail()));
    }
  });

  it("is a set whose text reads back, or a refusal that quotes nothing", () => {
    const piece = fc.constantFrom(
      ..."0123456789./-,;=:% f".split(""),
      ...[
        "IP=",
        "MASK=",
        "192.0.2.0",
        "192.0.2.64",
        "255.255.255.0",
        "255.255.255.192",
        "2001:db8::",
        "::ffff:",
        "/24",
        "/120",
      ],
      ...["\0", "é", "<", "\u001b[31m"],
    );
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    let taken = 0;
    fc.assert(
      fc.property(text, (t) => {
        const entry = parseIpEntry(t);
        if ("refused" in entry) return assert.match(entry.refused, /^[ -;=?-~]+$/);
        taken++;
        assert.ok(!isEmpty(entry.set));
        const again = parseIpEntry(entry.text);
        assert.ok(!("refused" in again) && again.text === entry.text && equals(again.set, entry.set));
      }),
      { numRuns: 4000 },
    );
    assert.ok(taken > 40, `${taken} taken`);
  });
});
