import type { Ip } from "./address.ts";
import { formatIp } from "./ip.ts";
import { indexAtOrBefore, isSame, join, overlap, without } from "./intervals.ts";
import type { Interval, Intervals, Neighbours } from "./intervals.ts";

/**
 * An exact, immutable set of IPv4 and IPv6 addresses. The families never meet: `::/0` holds no IPv4 host and
 * `0.0.0.0/0` no IPv6 host (relay-policy §2.2). Made and read only by the functions of this file.
 */
export type IpSet = { readonly ipv4: Intervals<number>; readonly ipv6: Intervals<bigint> };

const onIpv4: Neighbours<number> = { after: (n) => n + 1, before: (n) => n - 1 };
const onIpv6: Neighbours<bigint> = { after: (n) => n + 1n, before: (n) => n - 1n };

export const lastIpv4 = 0xffff_ffff;
export const lastIpv6 = (1n << 128n) - 1n;

export const emptySet: IpSet = { ipv4: [], ipv6: [] };
export const everyIpv4: IpSet = { ipv4: [{ first: 0, last: lastIpv4 }], ipv6: [] };
export const everyIpv6: IpSet = { ipv4: [], ipv6: [{ first: 0n, last: lastIpv6 }] };

/** Both ends included. Throws on ends of two families or in the wrong order: whoever reads text checks that first. */
export function setOfRange(first: Ip, last: Ip): IpSet {
  if (first.family === 4 && last.family === 4 && first.value <= last.value) {
    return { ipv4: [{ first: first.value, last: last.value }], ipv6: [] };
  }
  if (first.family === 6 && last.family === 6 && first.value <= last.value) {
    return { ipv4: [], ipv6: [{ first: first.value, last: last.value }] };
  }
  throw new RangeError("a range needs two addresses of one family in ascending order");
}

/** The block of `prefix` leading bits that holds `ip`; bits behind the prefix are ignored. Throws on a prefix outside the family's bits. */
export function setOfCidr(ip: Ip, prefix: number): IpSet {
  const bits = ip.family === 4 ? 32 : 128;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits) throw new RangeError("no such prefix length");
  if (ip.family === 4) {
    const size = 2 ** (32 - prefix);
    const first = ip.value - (ip.value % size);
    return { ipv4: [{ first, last: first + size - 1 }], ipv6: [] };
  }
  const hostBits = (1n << BigInt(128 - prefix)) - 1n;
  return { ipv4: [], ipv6: [{ first: ip.value & ~hostBits, last: ip.value | hostBits }] };
}

/** What is in any of them. */
export function union(...sets: readonly IpSet[]): IpSet {
  return unionOf(sets);
}

/** What is in any of a list of any length, in O(n log n) over all intervals. */
export function unionOf(sets: readonly IpSet[]): IpSet {
  return {
    ipv4: join(
      sets.flatMap((set) => set.ipv4),
      onIpv4,
    ),
    ipv6: join(
      sets.flatMap((set) => set.ipv6),
      onIpv6,
    ),
  };
}

/** What is in `a` and not in `b`. */
export function subtract(a: IpSet, b: IpSet): IpSet {
  return { ipv4: without(a.ipv4, b.ipv4, onIpv4), ipv6: without(a.ipv6, b.ipv6, onIpv6) };
}

/** What is in both. */
export function intersect(a: IpSet, b: IpSet): IpSet {
  return { ipv4: overlap(a.ipv4, b.ipv4), ipv6: overlap(a.ipv6, b.ipv6) };
}

/** Whether `ip` is in the set: a binary search. */
export function has(set: IpSet, ip: Ip): boolean {
  return ip.family === 4 ? holds(set.ipv4, ip.value) : holds(set.ipv6, ip.value);
}

function holds<N extends number | bigint>(intervals: Intervals<N>, n: N): boolean {
  const interval = intervals[indexAtOrBefore(intervals, n)];
  return interval !== undefined && n <= interval.last;
}

export function isEmpty(set: IpSet): boolean {
  return set.ipv4.length === 0 && set.ipv6.length === 0;
}

/** Whether every address of `a` is in `b`. */
export function isSubset(a: IpSet, b: IpSet): boolean {
  return isEmpty(subtract(a, b));
}

export function equals(a: IpSet, b: IpSet): boolean {
  return isSame(a.ipv4, b.ipv4) && isSame(a.ipv6, b.ipv6);
}

/** How many IPv4 addresses. */
export function countIpv4(set: IpSet): bigint {
  return BigInt(set.ipv4.reduce((sum, { first, last }) => sum + (last - first + 1), 0));
}

/** How many IPv6 addresses. */
export function countIpv6(set: IpSet): bigint {
  return set.ipv6.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
}

export type Nearest = {
  readonly first: Ip;
  readonly last: Ip;
  /** How many addresses away the nearer end is; 0 when the address is inside. */
  readonly distance: bigint;
};

/** The interval of the set that is nearest to `ip`; `null` when there is none of its family. */
export function nearest(set: IpSet, ip: Ip): Nearest | null {
  if (ip.family === 4) {
    const found = nearestOf(set.ipv4, ip.value);
    if (found === null) return null;
    return {
      first: { family: 4, value: found.first },
      last: { family: 4, value: found.last },
      distance: BigInt(distance(found, ip.value)),
    };
  }
  const found = nearestOf(set.ipv6, ip.value);
  if (found === null) return null;
  return {
    first: { family: 6, value: found.first },
    last: { family: 6, value: found.last },
    distance: BigInt(distance(found, ip.value)),
  };
}

function nearestOf<N extends number | bigint>(intervals: Intervals<N>, n: N): Interval<N> | null {
  const index = indexAtOrBefore(intervals, n);
  const below = intervals[index];
  const above = intervals[index + 1];
  if (below === undefined || above === undefined) return below ?? above ?? null;
  return distance(below, n) <= distance(above, n) ? below : above;
}

function distance<N extends number | bigint>({ first, last }: Interval<N>, n: N): number | bigint {
  if (n < first) return first - n;
  return n > last ? n - last : 0;
}

/** The fewest CIDR blocks that make up exactly this set, in ascending order; a single host is written with /32 or /128. */
export function toCidrs(set: IpSet): { readonly ipv4: string[]; readonly ipv6: string[] } {
  return {
    ipv4: set.ipv4.flatMap(({ first, last }) =>
      blocks({ first: BigInt(first), last: BigInt(last) }, 32).map(
        ({ base, prefix }) => `${formatIp({ family: 4, value: Number(base) })}/${prefix}`,
      ),
    ),
    ipv6: set.ipv6.flatMap((interval) =>
      blocks(interval, 128).map(({ base, prefix }) => `${formatIp({ family: 6, value: base })}/${prefix}`),
    ),
  };
}

/** Cuts an interval into aligned blocks: at each step the largest that begins here and does not pass the end; at most two a bit. */
function blocks({ first, last }: Interval<bigint>, bits: number): { base: bigint; prefix: number }[] {
  const found: { base: bigint; prefix: number }[] = [];
  for (let base = first; base <= last;) {
    let hostBits = 0;
    while (hostBits < bits) {
      const size = 1n << BigInt(hostBits + 1);
      if (base % size !== 0n || base + size - 1n > last) break;
      hostBits++;
    }
    found.push({ base, prefix: bits - hostBits });
    base += 1n << BigInt(hostBits);
  }
  return found;
}

/**
 * At most `n` different addresses of one family, always the same for the same set: one half edges of intervals, where
 * off-by-one errors live, the other half evenly spaced over the whole set.
 */
export function sample(set: IpSet, family: 4 | 6, n: number): Ip[] {
  if (family === 4) {
    const wide = set.ipv4.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last) }));
    return sampleOf(wide, n).map((value) => ({ family, value: Number(value) }));
  }
  return sampleOf(set.ipv6, n).map((value) => ({ family, value }));
}

function sampleOf(intervals: Intervals<bigint>, n: number): bigint[] {
  const chosen = new Set<bigint>();
  const pairs = Math.min(intervals.length, Math.max(1, Math.floor(n / 4)));
  for (let i = 0; i < pairs; i++) {
    const interval = intervals[Math.floor((i * intervals.length) / pairs)];
    if (interval !== undefined) chosen.add(interval.first).add(interval.last);
  }
  const total = intervals.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
  const middles = BigInt(Math.max(0, n - chosen.size));
  let base = 0n;
  let at = 0n;
  for (const { first, last } of intervals) {
    const size = last - first + 1n;
    for (; at < middles; at++) {
      const rank = (total * (2n * at + 1n)) / (2n * middles);
      if (rank >= base + size) break;
      chosen.add(first + rank - base);
    }
    base += size;
  }
  return [...chosen].slice(0, n).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
