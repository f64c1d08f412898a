import type { NumberSet } from "../number-set.ts";
import type { Answer, SelectedContext } from "../context.ts";
import type { Copied } from "../mail.ts";
import { countOf, formatNumbers } from "../view.ts";
import type { Completion } from "../response.ts";
import { noSuchNumber, readOnly, someAreGone, targetRefusalOf } from "./refusals.ts";

type Copy = { readonly set: NumberSet; readonly byUid: boolean; readonly mailbox: string };

/** COPY and UID COPY (RFC 9051 §6.4.7). */
export async function copy(
  { set, byUid, mailbox: to }: Copy,
  { selected: { mailbox, view } }: SelectedContext,
): Promise<Completion> {
  const uids = view.resolve(set, { byUid });
  if (uids === null) return noSuchNumber;
  const copied = await mailbox.copy(uids, to);
  if ("refused" in copied) return targetRefusalOf(copied);
  const isComplete = countOf(copied.from) === countOf(uids);
  if (copied.from.length > 0)
    return { status: "OK", code: copyUid(copied), text: isComplete ? "Copied" : "Some were gone" };
  return isComplete
    ? { status: "OK", text: "Nothing to copy" }
    : { status: "NO", code: someAreGone, text: "They are gone" };
}

/** MOVE and UID MOVE (RFC 6851): COPYUID comes before the EXPUNGE that the session tells. */
export async function* move({ set, byUid, mailbox: to }: Copy, context: SelectedContext): Answer {
  const { mailbox, view } = context.selected;
  const uids = view.resolve(set, { byUid });
  if (uids === null) return noSuchNumber;
  if (mailbox.isReadOnly) return readOnly;
  const moved = await mailbox.move(uids, to);
  if ("refused" in moved) return targetRefusalOf(moved);
  if (moved.from.length === 0) {
    if (uids.length === 0) return { status: "OK", text: "Nothing to move" };
    return { status: "NO", code: someAreGone, text: "They are gone" };
  }
  yield `* OK [${copyUid(moved)}] Moved\r\n`;
  // RFC 7162 §3.2.9 for EXPUNGE; RFC 6851 §4.4 says that MOVE does the same.
  return {
    status: "OK",
    ...(context.enabled.condstore ? { code: `HIGHESTMODSEQ ${moved.modseq}` } : {}),
    text: "Moved",
  };
}

/** RFC 4315 §3: the target's UIDVALIDITY, then as many UIDs here as there, in the same order (field case O-42). */
function copyUid({ uidValidity, from, to }: Copied): string {
  return `COPYUID ${uidValidity} ${formatNumbers(from)} ${formatNumbers(to)}`;
}
