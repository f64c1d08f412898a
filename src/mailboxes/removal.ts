import type { Numbers } from "../imap/number-set.ts";
import { deleteUnneeded, expungeMessages, readContents } from "../store/messages.ts";
import type { Returned, Row, Statement } from "../store/store.ts";
import type { MailboxContext } from "./surroundings.ts";
import { spansOf } from "./uid-list.ts";

/** Messages that one unit takes out: the units of others wait only this long. */
const atOnce = 500;

export type Removed = { readonly uids: Numbers; /** null: nothing went. */ readonly modseq: number | null };

type From = { readonly accountId: number; readonly mailboxId: number; readonly uids: Numbers };

/** Takes messages out of a mailbox, with contents that nobody needs any more: those with \Deleted, or all. */
export async function removeMessages(
  context: Pick<MailboxContext, "store" | "contents">,
  from: From,
  which: "deleted" | "all",
): Promise<Removed> {
  const gone: number[] = [];
  let modseq: number | null = null;
  for (const query of readContents(from.mailboxId, from.uids, which)) {
    const rows = await context.store.read(query);
    for (let at = 0; at < rows.length; at += atOnce) {
      const removed = await removeRows(context, from, { rows: rows.slice(at, at + atOnce), which });
      gone.push(...removed.uids);
      modseq = removed.modseq;
    }
  }
  return { uids: spansOf(gone), modseq };
}

/** All of them in one unit, whatever their flags. */
export async function removeTogether(
  context: Pick<MailboxContext, "store" | "contents">,
  from: From,
): Promise<Removed> {
  const rows: Row[] = [];
  for (const query of readContents(from.mailboxId, from.uids, "all")) rows.push(...(await context.store.read(query)));
  if (rows.length === 0) return { uids: [], modseq: null };
  const { uids, modseq } = await removeRows(context, from, { rows, which: "all" });
  return { uids: spansOf(uids), modseq };
}

async function removeRows(
  context: Pick<MailboxContext, "store" | "contents">,
  { accountId, mailboxId }: From,
  { rows, which }: { readonly rows: readonly Row[]; readonly which: "deleted" | "all" },
): Promise<{ readonly uids: readonly number[]; readonly modseq: number }> {
  const uids = spansOf(rows.map((row) => Number(row["uid"])));
  const contentIds = [...new Set(rows.map((row) => Number(row["content_id"])))];
  const removal = expungeMessages({ accountId, mailboxId }, uids, which);
  const returned = await context.store.commit([...removal, ...deleteUnneeded(contentIds)]);
  const results = resultsOf(removal);
  removeFiles(context, returned.slice(results));
  return {
    // One that lost \Deleted meanwhile stays.
    uids: returned.slice(1, results).flatMap((part) => part.map((row) => Number(row["uid"]))),
    modseq: Number(returned[0]?.[0]?.["modseq"]),
  };
}

/** Of contents that went, after the commit. */
export function removeFiles({ contents }: Pick<MailboxContext, "contents">, returned: Returned): void {
  for (const { file } of returned.flat()) if (typeof file === "string") void contents.remove(file);
}

function resultsOf(unit: readonly Statement[]): number {
  return unit.filter(({ returns }) => returns === true).length;
}
