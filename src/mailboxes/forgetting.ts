import { forgetExpunged, readForgettable } from "../store/messages.ts";
import type { Store } from "../store/store.ts";

/** UIDs that went and are remembered for each mailbox: clients that come back after more than so many read all UIDs instead. */
const usuallyKept = 10_000;
/** A look is taken at about each so many changes of a mailbox, or after many went at once. */
const looksEvery = 64;
const many = 500;

/** Keeps the record of what went bounded (RFC 7162 §5 leaves to us how far it goes back). Never rejects: the next look comes. */
export async function forgetOld(
  store: Pick<Store, "commit" | "read">,
  { mailboxId, modseq, gone }: { readonly mailboxId: number; readonly modseq: number; readonly gone: number },
  kept = usuallyKept,
): Promise<void> {
  if (gone < many && modseq % looksEvery !== 0) return;
  try {
    const [row] = await store.read(readForgettable(mailboxId, kept));
    if (row !== undefined) await store.commit(forgetExpunged(mailboxId, Number(row["modseq"])), "soon");
  } catch {
    // What is remembered for longer does no harm.
  }
}
