/**
 * Sets of whole numbers as sorted intervals that neither overlap nor touch, so that equal sets are equal lists.
 * IPv4 counts in numbers, IPv6 in bigints; the algebra is the same.
 */
export type Interval<N> = { readonly first: N; readonly last: N };

export type Intervals<N> = readonly Interval<N>[];

/** One step up or down: the only arithmetic that the algebra needs. Never called beyond the ends of the line. */
export type Neighbours<N> = { readonly after: (n: N) => N; readonly before: (n: N) => N };

/** Sorts and joins any intervals: O(n log n). */
export function join<N extends number | bigint>(parts: Interval<N>[], { after }: Neighbours<N>): Intervals<N> {
  parts.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const joined: Interval<N>[] = [];
  let current: Interval<N> | undefined;
  for (const next of parts) {
    if (current === undefined) current = next;
    else if (next.first <= current.last) {
      if (next.last > current.last) current = { first: current.first, last: next.last };
    } else if (after(current.last) === next.first) current = { first: current.first, last: next.last };
    else {
      joined.push(current);
      current = next;
    }
  }
  if (current !== undefined) joined.push(current);
  return joined;
}

/** What is in both: one pass over both lists. */
export function overlap<N extends number | bigint>(as: Intervals<N>, bs: Intervals<N>): Intervals<N> {
  const both: Interval<N>[] = [];
  for (let i = 0, j = 0; ;) {
    const a = as[i];
    const b = bs[j];
    if (a === undefined || b === undefined) return both;
    const first = a.first > b.first ? a.first : b.first;
    const last = a.last < b.last ? a.last : b.last;
    if (first <= last) both.push({ first, last });
    if (a.last < b.last) i++;
    else j++;
  }
}

/** What is in `as` and not in `bs`: one pass over both lists. */
export function without<N extends number | bigint>(
  as: Intervals<N>,
  bs: Intervals<N>,
  { after, before }: Neighbours<N>,
): Intervals<N> {
  const left: Interval<N>[] = [];
  let j = 0;
  for (const a of as) {
    let first = a.first;
    let isDone = false;
    for (; ; j++) {
      const b = bs[j];
      if (b === undefined || b.first > a.last) break;
      if (b.last < first) continue;
      if (b.first > first) left.push({ first, last: before(b.first) });
      // The same b may reach into the next interval: it is not passed over.
      if (b.last >= a.last) {
        isDone = true;
        break;
      }
      first = after(b.last);
    }
    if (!isDone) left.push({ first, last: a.last });
  }
  return left;
}

/** The index of the last interval that begins at or before `n`; -1 when there is none. Binary search. */
export function indexAtOrBefore<N extends number | bigint>(intervals: Intervals<N>, n: N): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const interval = intervals[middle];
    if (interval !== undefined && interval.first <= n) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether both hold the same numbers. */
export function isSame<N extends number | bigint>(as: Intervals<N>, bs: Intervals<N>): boolean {
  return as.length === bs.length && as.every((a, i) => a.first === bs[i]?.first && a.last === bs[i]?.last);
}
