import type { ContentSource, QueuedRecipient, QueueEntry } from "../queue/entry.ts";
import type { Contents } from "../store/content.ts";
import { type ClaimedRecipient, entryOfRow, mostEntriesARead, readEntries } from "../store/queue.ts";
import { type Row, type Store, StoreUnavailable } from "../store/store.ts";

/** What a claim gave, with what it needs to be sent. */
export type Claimed = {
  readonly whole: readonly {
    readonly entry: QueueEntry;
    readonly recipients: readonly QueuedRecipient[];
    readonly content: ContentSource;
  }[];
  /** Field case O-33: one damaged entry holds nobody else up. `entry`: `null` when it cannot be read. */
  readonly damaged: readonly {
    readonly entry: QueueEntry | null;
    readonly recipients: readonly QueuedRecipient[];
    /** In words. */
    readonly reason: string;
  }[];
};

type Parts = { readonly store: Pick<Store, "read">; readonly contents: Pick<Contents, "open"> };

/** Reads the entries of claimed recipients. Rejects when the store does not answer, never for what is damaged. */
export async function readClaimed(
  recipients: readonly ClaimedRecipient[],
  { store, contents }: Parts,
): Promise<Claimed> {
  const byEntry = Map.groupBy(recipients, ({ entryId }) => entryId);
  const whole: Claimed["whole"][number][] = [];
  const damaged: Claimed["damaged"][number][] = [];
  const ids = [...byEntry.keys()];
  for (let at = 0; at < ids.length; at += mostEntriesARead) {
    const asked = ids.slice(at, at + mostEntriesARead);
    const rows = await readRows(asked, store);
    for (const id of asked) {
      const row = rows.get(id) ?? "its row in the table of entries is missing";
      const waiting = byEntry.get(id) ?? [];
      if (typeof row === "string") {
        damaged.push({ entry: null, recipients: waiting, reason: row });
        continue;
      }
      const { entry, content } = entryOfRow(row);
      if (content !== null) whole.push({ entry, recipients: waiting, content: contents.open(content) });
      else damaged.push({ entry, recipients: waiting, reason: "the bytes of the message are not in the database" });
    }
  }
  return { whole, damaged };
}

/** The rows by id, or why one cannot be read: when many cannot be read together, each is tried alone. */
async function readRows(ids: readonly number[], store: Parts["store"]): Promise<Map<number, Row | string>> {
  try {
    const rows = await store.read(readEntries(ids));
    return new Map(rows.map((row) => [Number(row["id"]), row]));
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || !error.isDamage) throw error;
    const [only, ...others] = ids;
    if (only !== undefined && others.length === 0) return new Map([[only, `it cannot be read: ${error.message}`]]);
  }
  const found = new Map<number, Row | string>();
  for (const id of ids) for (const [key, row] of await readRows([id], store)) found.set(key, row);
  return found;
}
