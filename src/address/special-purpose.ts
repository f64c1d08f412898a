/**
 * Named sets of addresses, from the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190) as of
 * 2025, and what the policy makes of them.
 */
import type { Ip } from "./address.ts";
import { parseIp } from "./ip.ts";
import { everyIpv4, everyIpv6, has, setOfCidr, setOfRange, subtract, union, unionOf } from "./ip-set.ts";
import type { IpSet } from "./ip-set.ts";

const loopback = blocks("127.0.0.0/8", "::1/128");
const linkLocal = blocks("169.254.0.0/16", "fe80::/10");
const privateUse = blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16");
const uniqueLocal = blocks("fc00::/7");
const carrierNat = blocks("100.64.0.0/10");
/** RFC 1112 §4, RFC 4291 §2.7. The registries above do not list it. */
export const multicast: IpSet = blocks("224.0.0.0/4", "ff00::/8");

/** ::ffff:0:0/96. `parseIp` never makes an IPv6 address in it; sets of everything still count it. */
const mapped = setOfRange({ family: 6, value: 0xffffn << 32n }, { family: 6, value: (0x1_0000n << 32n) - 1n });

/** Blocks inside 192.0.0.0/24 and 2001::/23 that the registries except, as globally reachable, from those. */
const exceptedFromProtocolBlocks = blocks(
  "192.0.0.9/32", // Port Control Protocol anycast, RFC 7723
  "192.0.0.10/32", // TURN anycast, RFC 8155
  "2001:1::1/128", // the same two for IPv6
  "2001:1::2/128",
  "2001:1::3/128", // DNS-SD service registration anycast, RFC 9665
  "2001:3::/32", // AMT, RFC 7450
  "2001:4:112::/48", // AS112, RFC 7535
  "2001:20::/28", // ORCHIDv2, RFC 7343
  "2001:30::/28", // drone identities, RFC 9374
);

/** What the registries mark as not globally reachable; "N/A" (6to4, the deprecated relay anycast) is not so marked. */
export const notGloballyReachable: IpSet = union(
  subtract(blocks("192.0.0.0/24", "2001::/23"), exceptedFromProtocolBlocks),
  union(loopback, linkLocal, privateUse, uniqueLocal, carrierNat, mapped),
  blocks(
    "0.0.0.0/8", // this network, RFC 791 §3.2
    "192.0.2.0/24", // documentation, RFC 5737
    "198.51.100.0/24",
    "203.0.113.0/24",
    "192.88.99.2/32", // 6a44 relay anycast, RFC 6751
    "198.18.0.0/15", // benchmarking, RFC 2544
    "240.0.0.0/4", // reserved, RFC 1112 §4, with the limited broadcast of RFC 8190
    "::/128", // unspecified
    "64:ff9b:1::/48", // local-use translation, RFC 8215
    "100::/64", // discard-only, RFC 6666
    "100:0:0:1::/64", // dummy prefix, RFC 9780
    "2001:db8::/32", // documentation, RFC 3849
    "3fff::/20", // documentation, RFC 9637
    "5f00::/16", // SRv6 SIDs, RFC 9602
  ),
);

/** "Public" in the open-relay test (relay-policy §2.2). */
export const publicIps: IpSet = subtract(union(everyIpv4, everyIpv6), union(notGloballyReachable, multicast));

/** `clients: private` of a local-address entry (relay-policy §2.2): RFC 1918, loopback, link-local, RFC 4193. */
export const privateClients: IpSet = union(privateUse, loopback, linkLocal, uniqueLocal);

/** Prefixes behind which somebody else's IPv4 host stands: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380). */
export const translationPrefixes: IpSet = blocks("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32");

const wellKnownPrefix = blocks("64:ff9b::/96");

/** IPv4 that is never dialled because DNS said so: 0.0.0.0/8 reaches this very host on common systems. */
const neverDialledIpv4 = ipv4Of(
  union(loopback, linkLocal, privateUse, carrierNat, multicast, blocks("0.0.0.0/8", "255.255.255.255/32")),
);

/**
 * Addresses that DNS may not send us to (relay-policy §2.5), with the IPv6 that translates to such IPv4. Of NAT64's local
 * prefix and of Teredo everything: the first stands for a network's own inside, the second hides its IPv4 in bits that
 * no interval can name. Behind /96 prefixes of a boot file: ask for `embeddedIpv4`.
 */
export const neverDialled: IpSet = union(
  neverDialledIpv4,
  union(loopback, linkLocal, uniqueLocal, multicast, mapped),
  // ::/96 holds the unspecified address and the deprecated IPv4-compatible ones; fec0::/10 was site-local (RFC 3879).
  blocks("::/96", "fec0::/10", "64:ff9b:1::/48", "2001::/32"),
  embedded(neverDialledIpv4, { prefix: 0x0064_ff9bn << 96n, hostBits: 0n }),
  embedded(neverDialledIpv4, { prefix: 0x2002n << 112n, hostBits: 80n }),
);

/**
 * The IPv4 host that a client in 64:ff9b::/96 or in one of the further /96 prefixes (their union, from the boot file)
 * stands for (RFC 6052 §2.2); `null` for any other.
 */
export function embeddedIpv4(ip: Ip, prefixes: IpSet): Ip | null {
  if (ip.family === 4) return null;
  if (!has(wellKnownPrefix, ip) && !has(prefixes, ip)) return null;
  return { family: 4, value: Number(ip.value & 0xffff_ffffn) };
}

/** The IPv6 addresses that carry one of these IPv4 addresses behind a prefix, with any `hostBits` after it. */
function embedded({ ipv4 }: IpSet, { prefix, hostBits }: { prefix: bigint; hostBits: bigint }): IpSet {
  return {
    ipv4: [],
    ipv6: ipv4.map(({ first, last }) => ({
      first: prefix | (BigInt(first) << hostBits),
      last: prefix | (((BigInt(last) + 1n) << hostBits) - 1n),
    })),
  };
}

function ipv4Of({ ipv4 }: IpSet): IpSet {
  return { ipv4, ipv6: [] };
}

/** The tables of this file only: a mistake in them is ours and throws at start. */
function blocks(...texts: readonly string[]): IpSet {
  return unionOf(
    texts.map((text) => {
      const [address = "", prefix] = text.split("/");
      const ip = parseIp(address);
      if (ip === null) throw new TypeError(`no address: ${text}`);
      return setOfCidr(ip, Number(prefix));
    }),
  );
}
