import type { Numbers } from "../imap/number-set.ts";

/** UIDs as the store lists them ("1 2 7", in any order) or as numbers, as spans. */
export function spansOf(list: string | null | readonly number[]): Numbers {
  if (list === null || list.length === 0) return [];
  const numbers = typeof list === "string" ? list.split(" ").map(Number) : [...list];
  numbers.sort((a, b) => a - b);
  const spans: { first: number; last: number }[] = [];
  let current: { first: number; last: number } | undefined;
  for (const number of numbers) {
    if (current !== undefined && number <= current.last + 1) current.last = number;
    else spans.push((current = { first: number, last: number }));
  }
  return spans;
}

/** Each of them, ascending. */
export function* each(numbers: Numbers): Generator<number> {
  for (const { first, last } of numbers) for (let number = first; number <= last; number++) yield number;
}

export function count(numbers: Numbers): number {
  return numbers.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** Without what lies beyond `last`: a client may ask for UIDs up to the end of numbers. */
export function upTo(numbers: Numbers, last: number): Numbers {
  if ((numbers.at(-1)?.last ?? 0) <= last) return numbers;
  return numbers
    .filter(({ first }) => first <= last)
    .map((span) => (span.last <= last ? span : { first: span.first, last }));
}
