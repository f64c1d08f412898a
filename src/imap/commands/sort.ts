import type { Sort } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { numbersOf } from "../number-set.ts";
import { find } from "../search/find.ts";
import { questionOf } from "../search/question.ts";
import { formatEsearch, formatPlain, itemsOf } from "../search/results.ts";
import { needsEnvelope, type Sortable, sortableOf, sorted } from "../search/sort-order.ts";
import { asksForModseq, namingOf, savedOf } from "./search.ts";
import type { Completion } from "../response.ts";

/** SORT and UID SORT (RFC 5256, RFC 5957; RETURN: RFC 5267). */
export async function* sort(command: Sort, context: SelectedContext): Answer {
  const { tag, selected, now } = context;
  const { view, mailbox } = selected;
  const { by, byUid, returns, key } = command;
  if (returns !== null && (returns.update !== null || returns.context)) return noContext;
  const found = await find(mailbox, questionOf(key, { view, now }), view.uids);
  const messages: Sortable[] = [];
  const uids = numbersOf(found.map(({ uid }) => uid));
  for await (const rows of mailbox.rows(uids, { envelope: needsEnvelope(by) })) {
    for (const row of rows) if (view.numberOf(row.uid) > 0) messages.push(sortableOf(row, by));
  }
  const results = sorted(messages, by);
  const name = namingOf(byUid, context);
  const withModseq = asksForModseq(key);
  if (returns === null) {
    yield formatPlain("SORT", results, { name, withModseq });
    return done;
  }
  if (returns.save) view.saved = savedOf(results, returns);
  const isSaidAtAll = itemsOf(returns).length > 0 || returns.partial !== null;
  if (isSaidAtAll) yield formatEsearch(results, name, { tag, byUid, returns, withModseq });
  return done;
}

const done: Completion = { status: "OK", text: "Sorted" };
/** CONTEXT=SORT is not offered. */
const noContext: Completion = { status: "BAD", text: "A SORT cannot be kept up to date here" };
