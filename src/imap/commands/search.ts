import type { Search, SearchKey, SearchReturn } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { answersByEsearch } from "../enabled.ts";
import { each, numbersOf } from "../number-set.ts";
import type { Completion } from "../response.ts";
import { narrowed } from "../search/evaluate.ts";
import { type Found, find } from "../search/find.ts";
import { UpdatedSearch } from "../search/live-search.ts";
import { questionOf } from "../search/question.ts";
import { allOfThem, formatEsearch, formatPlain, itemsOf, namedOf, type Naming } from "../search/results.ts";

/** SEARCH and UID SEARCH (RFC 9051 §6.4.4; RFC 4731, RFC 5182, RFC 5267, RFC 9394). */
export async function* search(command: Search, context: SelectedContext): Answer {
  const { tag, selected, enabled, now } = context;
  const { view, mailbox } = selected;
  const returns = command.returns ?? (answersByEsearch(enabled) ? allOfThem : null);
  if (returns !== null && returns.update !== null && selected.searches.has(tag)) return tagInUse;
  const question = questionOf(command.key, { view, now });
  const { uids: named, isAll } = narrowed(question, view.uids);
  // Where only numbers are asked for, they are known.
  const found = isAll ? Array.from(each(named), (uid) => ({ uid, modseq: 0 })) : await find(mailbox, question, named);
  // Only messages that the client knows of have a number.
  const results = found.filter(({ uid }) => view.numberOf(uid) > 0);
  const name = namingOf(command.byUid, context);
  const withModseq = asksForModseq(command.key);
  if (returns === null) {
    yield formatPlain("SEARCH", results, { name, withModseq });
    return done;
  }
  if (returns.save) view.saved = savedOf(results, returns);
  const isSaidAtAll = itemsOf(returns).length > 0 || returns.partial !== null || returns.update !== null;
  if (isSaidAtAll) yield formatEsearch(results, name, { tag, byUid: command.byUid, returns, withModseq });
  if (returns.update !== null && selected.searches.size >= mostSearches) {
    yield `* NO [NOUPDATE "${tag}"] There are ${mostSearches} such searches already\r\n`;
  } else if (returns.update !== null) {
    const uids = numbersOf(results.map(({ uid }) => uid));
    const how = { tag, byUid: command.byUid, question, results: uids, items: returns.update };
    selected.searches.set(tag, new UpdatedSearch(selected, how));
  }
  return done;
}

export const done: Completion = { status: "OK", text: "Searched" };
const tagInUse: Completion = { status: "BAD", text: "A search with that tag is kept up to date" };

/** Each is asked about every message that comes or changes (RFC 5267 §4.3: a server may have a limit). */
const mostSearches = 16;

export function namingOf(byUid: boolean, { selected: { view } }: SelectedContext): Naming {
  return byUid ? ({ uid }) => uid : ({ uid }) => view.numberOf(uid);
}

/** RFC 5182 §2.1: MIN and MAX alone keep what they name, everything else all. */
export function savedOf(results: readonly Found[], returns: SearchReturn) {
  const isAll = returns.partial !== null || returns.items.some((item) => item === "ALL" || item === "COUNT");
  const kept = isAll || returns.items.length === 0 ? results : namedOf(results, returns.items);
  return numbersOf([...new Set(kept.map(({ uid }) => uid))].sort((a, b) => a - b));
}

/** Anywhere in it: then the answer tells one, too (RFC 7162 §3.1.5). */
export function asksForModseq(key: SearchKey): boolean {
  switch (key.is) {
    case "and":
    case "or":
      return key.keys.some(asksForModseq);
    case "not":
      return asksForModseq(key.key);
    default:
      return key.is === "modseq";
  }
}
