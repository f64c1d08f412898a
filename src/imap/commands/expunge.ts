import type { NumberSet } from "../number-set.ts";
import type { Completion } from "../response.ts";
import type { SelectedContext } from "../context.ts";
import { noSuchNumber, readOnly } from "./refusals.ts";

/** EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, RFC 4315 §2.1); `set` null: everything. Which messages went the session tells. */
export async function expunge(set: NumberSet | null, { selected, enabled }: SelectedContext): Promise<Completion> {
  const { mailbox, view } = selected;
  if (mailbox.isReadOnly) return readOnly;
  const uids = set === null ? view.uids : view.resolve(set, { byUid: true });
  if (uids === null) return noSuchNumber;
  const { modseq } = await mailbox.expunge(uids);
  const code = enabled.condstore ? { code: `HIGHESTMODSEQ ${modseq}` } : {};
  return { status: "OK", ...code, text: "Expunged" };
}

/** CLOSE (RFC 9051 §6.4.1): expunges without telling. */
export async function expungeSilently({ selected: { mailbox, view } }: SelectedContext): Promise<void> {
  if (!mailbox.isReadOnly) await mailbox.expunge(view.uids);
}
