import { overlap, without } from "../../address/intervals.ts";
import type { Qresync } from "../command.ts";
import type { Selected } from "../context.ts";
import { formatFlags } from "../flags.ts";
import type { MailboxChanges } from "../mail.ts";
import type { Numbers, NumberSet } from "../number-set.ts";
import { formatNumbers, type View, whole } from "../view.ts";

/** What a client missed since it was here last (RFC 7162 §3.2.5): first which messages went, then which came or have other flags. */
export async function* catchUp(
  { modseq, known, match }: Qresync,
  { mailbox, view }: Pick<Selected, "mailbox" | "view">,
): AsyncGenerator<string, void> {
  const { uidNext, vanishedKnownFrom } = mailbox.opened;
  const all: Numbers = uidNext > 1 ? [{ first: 1, last: uidNext - 1 }] : [];
  const theirs = known === null ? all : overlap(view.span(known), all);
  const changes = await mailbox.changesSince(modseq);
  const isRemembered = modseq >= vanishedKnownFrom;
  const suspects = isRemembered ? overlap(changes.vanished, theirs) : theirs;
  const agreed = isRemembered || match === null ? 0 : lastAgreement(match, view);
  // What is in the view and went since it was opened is told later, as any EXPUNGE is.
  const vanished = without(without(suspects, view.uids, whole), agreed > 0 ? [{ first: 1, last: agreed }] : [], whole);
  if (vanished.length > 0) yield `* VANISHED (EARLIER) ${formatNumbers(vanished)}\r\n`;
  const asked = overlap(theirs, view.uids);
  const changed = changes.changed.filter(({ uid }) => isIn(uid, asked));
  const withFlags = changed.map(({ uid }) => ({ first: uid, last: uid }));
  yield lines(changed, view);
  const others = without(overlap(changes.added, asked), withFlags, whole);
  if (others.length > 0) for await (const rows of mailbox.rows(others, {})) yield lines(rows, view);
}

function lines(rows: MailboxChanges["changed"], view: View): string {
  let text = "";
  for (const { uid, flags, modseq } of rows) {
    view.toldFlags(uid, modseq);
    const shown = formatFlags(flags, { isRecent: view.isRecent(uid) });
    text += `* ${view.numberOf(uid)} FETCH (UID ${uid} FLAGS ${shown} MODSEQ (${modseq}))\r\n`;
  }
  return text;
}

/**
 * The largest UID up to which the client has what we have, by the pairs it sent: where as many messages are before a UID here as there,
 * none of them went (RFC 7162 §3.2.5.2). 0: no pair agrees. Only the ends of ranges are looked at.
 */
function lastAgreement({ numbers, uids }: NonNullable<Qresync["match"]>, view: View): number {
  if (numbers === "$" || uids === "$") return 0;
  let agreed = 0;
  let [i, j, usedOfNumbers, usedOfUids] = [0, 0, 0, 0];
  for (;;) {
    const number = ends(numbers[i]);
    const uid = ends(uids[j]);
    if (number === null || uid === null) return agreed;
    const length = Math.min(number.last - number.first - usedOfNumbers, uid.last - uid.first - usedOfUids);
    usedOfNumbers += length;
    usedOfUids += length;
    if (view.uidAt(number.first + usedOfNumbers) === uid.first + usedOfUids)
      agreed = Math.max(agreed, uid.first + usedOfUids);
    if (number.first + usedOfNumbers++ === number.last) [i, usedOfNumbers] = [i + 1, 0];
    if (uid.first + usedOfUids++ === uid.last) [j, usedOfUids] = [j + 1, 0];
  }
}

function ends(
  range: Exclude<NumberSet, "$">[number] | undefined,
): { readonly first: number; readonly last: number } | null {
  if (range === undefined || range.from === "*" || range.to === "*") return null;
  return { first: Math.min(range.from, range.to), last: Math.max(range.from, range.to) };
}

const isIn = (uid: number, uids: Numbers): boolean => overlap(uids, [{ first: uid, last: uid }]).length > 0;
