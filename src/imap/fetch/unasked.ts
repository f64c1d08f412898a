import { overlap, without } from "../../address/intervals.ts";
import type { FetchItem } from "../command.ts";
import { type Numbers, step } from "../number-set.ts";

/** What is to be fetched of messages without being asked anew. */
export type Unasked = { readonly uids: Numbers; readonly items: readonly FetchItem[] };

/** So that no message is told twice: what several want of it comes in one response (RFC 5465 §5.2). */
export function together(wanted: readonly Unasked[]): readonly Unasked[] {
  let groups: readonly Unasked[] = [];
  for (const { uids, items } of wanted) {
    let rest = uids;
    const next: Unasked[] = [];
    for (const group of groups) {
      next.push({
        uids: overlap(group.uids, uids),
        items: [...group.items, ...items.filter(isMissingIn(group.items))],
      });
      next.push({ uids: without(group.uids, uids, step), items: group.items });
      rest = without(rest, group.uids, step);
    }
    groups = [...next, { uids: rest, items }].filter((group) => group.uids.length > 0 && group.items.length > 0);
  }
  return groups;
}

function isMissingIn(items: readonly FetchItem[]): (item: FetchItem) => boolean {
  const known = new Set(items.map((item) => JSON.stringify(item)));
  return (item) => !known.has(JSON.stringify(item));
}
