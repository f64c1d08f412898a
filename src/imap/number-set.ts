import { indexAtOrBefore, type Interval, type Intervals, join, type Neighbours } from "../address/intervals.ts";

/** UIDs or message numbers that are known: ascending, neither overlapping nor touching. */
export type Numbers = Intervals<number>;

/**
 * A set as the client wrote it (RFC 9051 §9 `sequence-set`). "*" is the largest number in use; the ends of a range come in any
 * order. "$" is the result of the last SEARCH with SAVE (§6.4.4.1).
 */
export type NumberSet = "$" | readonly { readonly from: number | "*"; readonly to: number | "*" }[];

const largestNumber = 0xffff_ffff;

/** `sequence-set` of RFC 9051 §9; null: it is none. Each range costs at least two characters of a bounded line. */
export function parseNumberSet(text: string): NumberSet | null {
  if (text === "$") return "$";
  const ranges: { from: number | "*"; to: number | "*" }[] = [];
  for (const part of text.split(",")) {
    const colon = part.indexOf(":");
    const from = parseEnd(colon < 0 ? part : part.slice(0, colon));
    const to = colon < 0 ? from : parseEnd(part.slice(colon + 1));
    if (from === null || to === null) return null;
    ranges.push({ from, to });
  }
  return ranges;
}

function parseEnd(text: string): number | "*" | null {
  if (text === "*") return "*";
  if (!/^[1-9][0-9]{0,9}$/.test(text)) return null;
  const number = Number(text);
  return number <= largestNumber ? number : null;
}

/** Numbers without "*" or "$" (RFC 7162 §7 `known-uids`); null: one of them is in it. */
export function parseNumbers(text: string): NumberSet | null {
  return /[*$]/.test(text) ? null : parseNumberSet(text);
}

export function largestOf(numbers: Numbers): number {
  return numbers.at(-1)?.last ?? 0;
}

/** Of ascending numbers without repetition. */
export function numbersOf(ascending: Iterable<number>): Numbers {
  const numbers: { first: number; last: number }[] = [];
  let current: { first: number; last: number } | undefined;
  for (const number of ascending) {
    if (current !== undefined && number === current.last + 1) current.last = number;
    else numbers.push((current = { first: number, last: number }));
  }
  return numbers;
}

export function* each(numbers: Numbers): Generator<number> {
  for (const { first, last } of numbers) for (let number = first; number <= last; number++) yield number;
}

export function formatNumberSet(set: NumberSet): string {
  if (set === "$") return set;
  return set.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(",");
}

/** One up, one down: for the algebra of `address/intervals.ts`. */
export const step: Neighbours<number> = { after: (n) => n + 1, before: (n) => n - 1 };

/** Runs in any order as they ought to be. */
export function joinNumbers(runs: Interval<number>[]): Numbers {
  return join(runs, step);
}

/** Whether it is among them: a binary search. */
export function holds(numbers: Numbers, number: number): boolean {
  const run = numbers[indexAtOrBefore(numbers, number)];
  return run !== undefined && number <= run.last;
}
