import type { Numbers } from "../imap/number-set.ts";
import { deleteMailbox } from "../store/mailboxes.ts";
import { deleteUnneeded, expungeMessages, readContents } from "../store/messages.ts";
import type { Returned, Row, Statement, Unit } from "../store/store.ts";
import type { MailboxContext } from "./surroundings.ts";
import { spansOf } from "./uid-list.ts";

/** Messages that one unit takes out: the units of others wait only this long. */
const atOnce = 500;

export type Removed = { readonly uids: Numbers; /** null: nothing went. */ readonly modseq: number | null };

type From = { readonly accountId: number; readonly mailboxId: number; readonly uids: Numbers };

/** Takes messages out of a mailbox, with contents that nobody needs any more: those with \Deleted. */
export async function removeDeleted(context: Pick<MailboxContext, "store" | "contents">, from: From): Promise<Removed> {
  const gone: number[] = [];
  let modseq: number | null = null;
  for (const query of readContents(from.mailboxId, from.uids, "deleted")) {
    const rows = await context.store.read(query);
    for (let at = 0; at < rows.length; at += atOnce) {
      const removed = await removeRows(context, from, { rows: rows.slice(at, at + atOnce), which: "deleted" });
      gone.push(...removed.uids);
      modseq = removed.modseq;
    }
  }
  return { uids: spansOf(gone), modseq };
}

/**
 * A mailbox with all that is in it. The last messages go in one unit with it, so that a server that ends in the middle leaves all of a mailbox
 * or nothing, but for one with very many messages. Rejects with `UnitFailed` when another message came meanwhile, or when it is gone.
 */
export async function removeMailbox(context: Pick<MailboxContext, "store" | "contents">, from: From): Promise<void> {
  const rows = await rowsOf(context, from);
  let at = 0;
  for (; rows.length - at > atOnce; at += atOnce) {
    await removeRows(context, from, { rows: rows.slice(at, at + atOnce), which: "all" });
  }
  const last = [deleteMailbox(from.mailboxId)];
  await removeRows(context, from, { rows: rows.slice(at), which: "all", last });
}

/** All of them in one unit, whatever their flags. */
export async function removeTogether(
  context: Pick<MailboxContext, "store" | "contents">,
  from: From,
): Promise<Removed> {
  const rows = await rowsOf(context, from);
  if (rows.length === 0) return { uids: [], modseq: null };
  const { uids, modseq } = await removeRows(context, from, { rows, which: "all" });
  return { uids: spansOf(uids), modseq };
}

async function rowsOf(context: Pick<MailboxContext, "store">, { mailboxId, uids }: From): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const query of readContents(mailboxId, uids, "all")) rows.push(...(await context.store.read(query)));
  return rows;
}

type Removal = {
  readonly rows: readonly Row[];
  readonly which: "deleted" | "all";
  /** What else is in the unit. */
  readonly last?: Unit;
};

async function removeRows(
  context: Pick<MailboxContext, "store" | "contents">,
  { accountId, mailboxId }: From,
  { rows, which, last = [] }: Removal,
): Promise<{ readonly uids: readonly number[]; readonly modseq: number }> {
  const uids = spansOf(rows.map((row) => Number(row["uid"])));
  const contentIds = [...new Set(rows.map((row) => Number(row["content_id"])))];
  const removal = expungeMessages({ accountId, mailboxId }, uids, which);
  const returned = await context.store.commit([...removal, ...deleteUnneeded(contentIds), ...last]);
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
