import { overlap, without } from "../../address/intervals.ts";
import type { Fetch } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { Fetcher } from "../fetch/fetcher.ts";
import type { Numbers } from "../number-set.ts";
import { countOf, formatNumbers, whole } from "../view.ts";
import { noSuchNumber, someAreGone } from "./refusals.ts";

/** FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4, §3.2.6). */
export async function* fetch(command: Fetch, context: SelectedContext): Answer {
  const { view } = context.selected;
  const uids = view.resolve(command.set, command);
  if (uids === null) return noSuchNumber;
  if (command.vanished && !context.enabled.qresync) return { status: "BAD", text: "VANISHED needs ENABLE QRESYNC" };
  if (command.vanished && command.changedSince !== null) {
    const vanished = await vanishedSince(command.changedSince, command, context);
    if (vanished.length > 0) yield `* VANISHED (EARLIER) ${formatNumbers(vanished)}\r\n`;
  }
  const fetcher = new Fetcher(command, context);
  yield* fetcher.responses(uids);
  if (fetcher.hasUnknownEncoding)
    return { status: "NO", code: "UNKNOWN-CTE", text: "A part has an encoding that cannot be undone" };
  if (fetcher.found < countOf(uids)) return { status: "OK", code: someAreGone, text: "Some are gone" };
  return { status: "OK", text: "Fetched" };
}

/** UIDs of the set that went after a modification sequence, and of which the client may still think. */
async function vanishedSince(
  modseq: number,
  { set }: Fetch,
  { selected: { mailbox, view } }: SelectedContext,
): Promise<Numbers> {
  const { uidNext, vanishedKnownFrom } = mailbox.opened;
  const all: Numbers = uidNext > 1 ? [{ first: 1, last: uidNext - 1 }] : [];
  const asked = overlap(view.span(set), all);
  // What was forgotten when it went may have gone after it: all that is not there is told (RFC 7162 §3.2.6).
  const gone = modseq >= vanishedKnownFrom ? overlap((await mailbox.changesSince(modseq)).vanished, asked) : asked;
  // What is in the view and went since is told later, as any EXPUNGE is.
  return without(gone, view.uids, whole);
}
