import type { FlagChange, Stored } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { splitKeywords, systemBitsOf } from "../store/message-flags.ts";
import { changeFlags } from "../store/messages.ts";
import type { Row, Store } from "../store/store.ts";
import { byUid } from "./changes.ts";
import { spansOf } from "./uid-list.ts";

/** Changes flags in one unit; keywords as the account spells them. */
export async function storeFlags(
  store: Pick<Store, "commit">,
  { mailboxId, uids }: { readonly mailboxId: number; readonly uids: Numbers },
  { change, flags, unchangedSince }: FlagChange,
): Promise<Stored> {
  const statements = { change, system: flags.system, keywords: flags.keywords, unchangedSince };
  const [first, ...parts] = await store.commit(changeFlags(mailboxId, uids, statements));
  const modseq = Number(first?.[0]?.["modseq"]);
  const changed: Stored["changed"][number][] = [];
  const modified: number[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const before = modseqsOf(parts[at]?.[0]?.["before"]);
    for (const row of parts[at + 1] ?? []) changed.push(changedOf(row, modseq, before));
    if (unchangedSince === null) continue;
    for (const [uid, was] of before) if (was > unchangedSince) modified.push(uid);
  }
  return { changed: changed.sort(byUid), modified: spansOf(modified), highestModseq: modseq };
}

function modseqsOf(lines: Row[string] | undefined): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  if (lines === null || lines === undefined) return found;
  for (const line of String(lines).split("\n")) {
    const blank = line.indexOf(" ");
    found.set(Number(line.slice(0, blank)), Number(line.slice(blank + 1)));
  }
  return found;
}

function changedOf(row: Row, modseq: number, before: ReadonlyMap<number, number>): Stored["changed"][number] {
  const uid = Number(row["uid"]);
  const flags = { system: systemBitsOf(Number(row["flags"])), keywords: splitKeywords(String(row["keywords"])) };
  return { uid, flags, modseq, previousModseq: before.get(uid) ?? 0 };
}
