import type { Value } from "./store.ts";

/** From … to: both ends belong to it. */
export type Span = { readonly first: number; readonly last: number };

/** A condition for WHERE on `message`, with its parameters in their order. */
export type Condition = { readonly sql: string; readonly parameters: readonly Value[] };

/** UIDs that one condition spans at most: so many rows one statement may return. */
const mostUids = 10_000;
/** Three texts serve every number of spans: what is missing is filled up with a span of nothing. */
const widths = [1, 8, 64] as const;
const widest = 64;

/** Conditions that a message of the mailbox has one of the UIDs, each for a part of them; ascending. Found by the key, never by a scan. */
export function inSpans(mailboxId: number, uids: readonly Span[]): Condition[] {
  return portionsOf(uids).map((spans) => {
    const width = widths.find((one) => one >= spans.length) ?? widest;
    const ends = spans.flatMap(({ first, last }) => [first, last]);
    if (width === 1) return { sql: texts[1], parameters: [mailboxId, ...ends] };
    while (ends.length < 2 * width) ends.push(0, -1);
    return { sql: texts[width], parameters: [mailboxId, ...ends, mailboxId] };
  });
}

const texts = {
  1: "mailbox_id = ? AND uid BETWEEN ? AND ?",
  8: manySpans(8),
  64: manySpans(64),
} as const satisfies Record<(typeof widths)[number], string>;

function manySpans(width: number): string {
  return (
    `mailbox_id = ? AND uid IN (WITH span (first, last) AS (VALUES (CAST(? AS BIGINT), CAST(? AS BIGINT))${", (?, ?)".repeat(width - 1)}) ` +
    // CROSS: the spans lead, each finds its messages by the key.
    "SELECT s.uid FROM span CROSS JOIN message s WHERE s.mailbox_id = ? AND s.uid BETWEEN span.first AND span.last)"
  );
}

function portionsOf(uids: readonly Span[]): Span[][] {
  const portions: Span[][] = [];
  let portion: Span[] = [];
  let room = mostUids;
  for (const { first: begin, last } of uids) {
    for (let first = begin; first <= last;) {
      if (room === 0 || portion.length === widest) {
        portions.push(portion);
        portion = [];
        room = mostUids;
      }
      const end = Math.min(last, first + room - 1);
      portion.push({ first, last: end });
      room -= end - first + 1;
      first = end + 1;
    }
  }
  if (portion.length > 0) portions.push(portion);
  return portions;
}
