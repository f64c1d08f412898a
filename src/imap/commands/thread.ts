import type { Thread } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { numbersOf } from "../number-set.ts";
import { find } from "../search/find.ts";
import { questionOf } from "../search/question.ts";
import { threadableOf } from "../search/threadable.ts";
import { formatThreads, type Threadable } from "../search/thread-tree.ts";
import { threadByReferences, threadBySubject } from "../search/threads.ts";

/** What is read of a message at once: of a larger one the header comes by itself. */
const wholeUpTo = 16 * 1024;

/** THREAD and UID THREAD (RFC 5256). */
export async function* thread({ algorithm, byUid, key }: Thread, { selected, now }: SelectedContext): Answer {
  const { view, mailbox } = selected;
  const found = await find(mailbox, questionOf(key, { view, now }), view.uids);
  const withReferences = algorithm === "REFERENCES";
  const messages: Threadable[] = [];
  const want = withReferences ? { envelope: true, parts: true, contentUpTo: wholeUpTo } : { envelope: true };
  for await (const rows of mailbox.rows(numbersOf(found.map(({ uid }) => uid)), want)) {
    for (const row of rows) {
      if (view.numberOf(row.uid) > 0) messages.push(await threadableOf(mailbox, row, { withReferences }));
    }
  }
  const roots = withReferences ? threadByReferences(messages) : threadBySubject(messages);
  const threads = formatThreads(roots, byUid ? (uid) => uid : (uid) => view.numberOf(uid));
  yield `* THREAD${threads === "" ? "" : ` ${threads}`}\r\n`;
  return { status: "OK", text: "Threaded" };
}
