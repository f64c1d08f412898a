import type { Ip } from "../address/address.ts";
import type { IpSet } from "../address/ip-set.ts";

/**
 * Which of many address sets hold an address: the intervals of all of them, sorted by their beginning, as an implicit
 * balanced tree that knows the furthest end below each node. O(log n) for a miss, O(log n + hits) for a hit.
 */
export type IntervalIndex = { readonly ipv4: Line<number>; readonly ipv6: Line<bigint> };

type Line<N> = {
  readonly firsts: readonly N[];
  readonly lasts: readonly N[];
  /** The greatest `last` in the part of the tree whose root stands here. */
  readonly furthest: readonly N[];
  /** The position of the set in the list that the index was made of. */
  readonly owners: readonly number[];
};

type Span<N> = { readonly first: N; readonly last: N; readonly owner: number };

export function indexOf(sets: readonly IpSet[]): IntervalIndex {
  return {
    ipv4: lineOf(sets.flatMap((set, owner) => set.ipv4.map(({ first, last }) => ({ first, last, owner })))),
    ipv6: lineOf(sets.flatMap((set, owner) => set.ipv6.map(({ first, last }) => ({ first, last, owner })))),
  };
}

/** The positions of the sets that hold `ip`, ascending. */
export function ownersAt(index: IntervalIndex, ip: Ip): readonly number[] {
  return ip.family === 4
    ? ownersBetween(index.ipv4, ip.value, ip.value)
    : ownersBetween(index.ipv6, ip.value, ip.value);
}

/** The positions of the sets that share an address with `set`, ascending. */
export function ownersMeeting(index: IntervalIndex, set: IpSet): readonly number[] {
  const owners = new Set<number>();
  for (const { first, last } of set.ipv4) for (const o of ownersBetween(index.ipv4, first, last)) owners.add(o);
  for (const { first, last } of set.ipv6) for (const o of ownersBetween(index.ipv6, first, last)) owners.add(o);
  return [...owners].toSorted((a, b) => a - b);
}

const nobody: readonly number[] = [];

function lineOf<N extends number | bigint>(spans: Span<N>[]): Line<N> {
  spans.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const lasts = spans.map((span) => span.last);
  const furthest = lasts.slice();
  spread(furthest, lasts, { from: 0, to: lasts.length });
  return { firsts: spans.map((span) => span.first), lasts, furthest, owners: spans.map((span) => span.owner) };
}

type Part = { readonly from: number; readonly to: number };

/** Fills `furthest` for the part of the tree between two positions; returns the greatest end there. */
function spread<N extends number | bigint>(furthest: N[], lasts: readonly N[], { from, to }: Part): N | undefined {
  if (from >= to) return undefined;
  const middle = (from + to) >>> 1;
  let greatest = lasts[middle];
  for (const below of [
    spread(furthest, lasts, { from, to: middle }),
    spread(furthest, lasts, { from: middle + 1, to }),
  ]) {
    if (below !== undefined && greatest !== undefined && below > greatest) greatest = below;
  }
  if (greatest !== undefined) furthest[middle] = greatest;
  return greatest;
}

function ownersBetween<N extends number | bigint>(line: Line<N>, first: N, last: N): readonly number[] {
  const size = line.firsts.length;
  if (size === 0) return nobody;
  const found: number[] = [];
  // Depth at most 2 log2(size): no deep recursion, no list of our own.
  search(line, { first, last, found }, { from: 0, to: size });
  if (found.length === 0) return nobody;
  if (found.length === 1) return found;
  // One set may have several intervals there.
  return found.sort((a, b) => a - b).filter((owner, at) => owner !== found[at - 1]);
}

type Search<N> = { readonly first: N; readonly last: N; readonly found: number[] };

function search<N extends number | bigint>(line: Line<N>, wanted: Search<N>, { from, to }: Part): void {
  while (from < to) {
    const middle = (from + to) >>> 1;
    const furthest = line.furthest[middle];
    if (furthest === undefined || furthest < wanted.first) return;
    search(line, wanted, { from, to: middle });
    const first = line.firsts[middle];
    const last = line.lasts[middle];
    const owner = line.owners[middle];
    if (first === undefined || last === undefined || owner === undefined || first > wanted.last) return;
    if (last >= wanted.first) wanted.found.push(owner);
    from = middle + 1;
  }
}
