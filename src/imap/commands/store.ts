import { without } from "../../address/intervals.ts";
import type { Store } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { tellsRecent, tellsUidOfStored } from "../enabled.ts";
import { type Flags, flagsOf, formatFlags } from "../flags.ts";
import type { Stored } from "../mail.ts";
import { formatNumbers, whole } from "../view.ts";
import { noSuchNumber, readOnly, someAreGone } from "./refusals.ts";

/** STORE and UID STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3). */
export async function* store(command: Store, context: SelectedContext): Answer {
  const { mailbox, view, keywords } = context.selected;
  const uids = view.resolve(command.set, command);
  if (uids === null) return noSuchNumber;
  if (mailbox.isReadOnly) return readOnly;
  const { change, unchangedSince, byUid, isSilent } = command;
  const stored = await mailbox.store(uids, { change, flags: flagsOf(command.flags), unchangedSince });
  const tell = telling(command, context);
  let found = stored.changed.map(({ uid }) => ({ first: uid, last: uid }));
  yield keywords.learn(stored.changed);
  yield stored.changed.map((one) => tell(one, { withFlags: !isSilent || !isOwn(one, context) })).join("");
  const others = without(without(uids, found, whole), stored.modified, whole);
  if (others.length > 0) {
    // They had those flags before: nothing was changed, and the client still wants to hear.
    for await (const rows of mailbox.rows(others, {})) {
      found = [...found, ...rows.map(({ uid }) => ({ first: uid, last: uid }))];
      yield keywords.learn(rows);
      yield rows.map((row) => tell(row, { withFlags: !isSilent || !view.knowsFlags(row.uid, row.modseq) })).join("");
    }
  }
  const modified = byUid ? stored.modified : view.numbersOf(stored.modified);
  if (modified.length > 0) {
    const code = `MODIFIED ${formatNumbers(modified)}`;
    return { status: "OK", code, text: "Some had been changed meanwhile" };
  }
  if (
    without(
      uids,
      found.sort((a, b) => a.first - b.first),
      whole,
    ).length > 0
  ) {
    return { status: "OK", code: someAreGone, text: "Some are gone" };
  }
  return { status: "OK", text: "Stored" };
}

type Told = { readonly uid: number; readonly flags: Flags; readonly modseq: number };

/** Whether nobody but this client can have changed the flags since it heard of them. */
function isOwn({ uid, previousModseq }: Stored["changed"][number], { selected: { view } }: SelectedContext): boolean {
  return view.knowsFlags(uid, previousModseq);
}

/** The FETCH response that tells what became of a message; "": nothing is to be told (`.SILENT`). */
function telling({ byUid }: Store, { selected: { view }, enabled }: SelectedContext) {
  return ({ uid, flags, modseq }: Told, { withFlags }: { readonly withFlags: boolean }): string => {
    const number = view.numberOf(uid);
    if (number === 0) return "";
    view.toldFlags(uid, modseq);
    const withUid = byUid || tellsUidOfStored(enabled);
    const items: string[] = withUid ? [`UID ${uid}`] : [];
    if (withFlags) items.push(`FLAGS ${formatFlags(flags, { isRecent: tellsRecent(enabled) && view.isRecent(uid) })}`);
    // RFC 7162 §3.1.3: also a silent STORE tells the new modification sequence.
    if (enabled.condstore) items.push(`MODSEQ (${modseq})`);
    return items.length === (withUid ? 1 : 0) ? "" : `* ${number} FETCH (${items.join(" ")})\r\n`;
  };
}
