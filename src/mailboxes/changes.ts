import type { MailboxChanges } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { splitKeywords, systemBitsOf } from "../store/message-flags.ts";
import { readChanges } from "../store/messages.ts";
import type { Row, Store } from "../store/store.ts";
import { spansOf } from "./uid-list.ts";

export type ChangedFlags = MailboxChanges["changed"][number];

/** What came about in a mailbox after a modification sequence. `uidNext`: what it was then, null when that is not known. */
export async function changesIn(
  store: Pick<Store, "read">,
  mailboxId: number,
  since: { readonly modseq: number; readonly uidNext: number | null },
): Promise<MailboxChanges> {
  const [row] = await store.read(readChanges(mailboxId, since));
  if (row === undefined) {
    return {
      isGone: true,
      highestModseq: since.modseq,
      uidNext: since.uidNext ?? 1,
      added: [],
      changed: [],
      vanished: [],
    };
  }
  const uidNext = Number(row["uid_next"]);
  const uids = textOf(row["uids"]);
  return {
    isGone: false,
    highestModseq: Number(row["modseq"]),
    uidNext,
    added: spansOf(textOf(row["added"])),
    changed: textOf(row["changed"])?.split("\n").map(changedOfLine).sort(byUid) ?? [],
    // What went so long ago that it is not on record: all that is not there.
    vanished: uids === null ? spansOf(textOf(row["vanished"])) : gapsIn(spansOf(uids), uidNext - 1),
  };
}

/** UID, flags, modification sequence and keywords, as `store/` puts them into a line. */
export function changedOfLine(line: string): ChangedFlags {
  const flagsAt = line.indexOf(" ") + 1;
  const modseqAt = line.indexOf(" ", flagsAt) + 1;
  const keywordsAt = line.indexOf(" ", modseqAt);
  return {
    uid: Number(line.slice(0, flagsAt - 1)),
    flags: {
      system: systemBitsOf(Number(line.slice(flagsAt, modseqAt - 1))),
      keywords: splitKeywords(line.slice(keywordsAt)),
    },
    modseq: Number(line.slice(modseqAt, keywordsAt)),
  };
}

function gapsIn(uids: Numbers, last: number): Numbers {
  const gaps: { first: number; last: number }[] = [];
  let next = 1;
  for (const span of uids) {
    if (span.first > next) gaps.push({ first: next, last: span.first - 1 });
    next = span.last + 1;
  }
  if (next <= last) gaps.push({ first: next, last });
  return gaps;
}

export function byUid(a: { readonly uid: number }, b: { readonly uid: number }): number {
  return a.uid - b.uid;
}

/** "" is nothing too: a mailbox that is empty. */
function textOf(value: Row[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
