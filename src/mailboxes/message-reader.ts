import type { MessageRow, Wanted } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { splitKeywords, systemBitsOf } from "../store/message-flags.ts";
import { readFlagLines, readMessageRows, type WantedColumns } from "../store/message-rows.ts";
import type { Row, Store } from "../store/store.ts";
import { changedOfLine } from "./changes.ts";
import { contentOf } from "./message-content.ts";
import { completed } from "./structures.ts";
import type { MailboxContext } from "./surroundings.ts";

/** Messages of one portion: what memory holds is bounded, and the first of them is there soon. */
const portions = { flags: 2_000, plain: 1_000, withContent: 100 };

/** Rows in portions. */
export async function* readRows(
  { store, contents }: Pick<MailboxContext, "store" | "contents">,
  from: { readonly mailboxId: number; readonly uids: Numbers },
  want: Wanted,
): AsyncGenerator<readonly MessageRow[]> {
  if (want.flagsOnly === true) {
    return yield* inPortions(from.uids, portions.flags, (uids) => readFlags(store, from.mailboxId, uids));
  }
  const wanted: WantedColumns = {
    envelope: want.envelope === true,
    structure: want.structure === true,
    parts: want.parts === true,
    preview: want.preview !== undefined,
    contentUpTo: want.contentUpTo ?? 0,
  };
  const most = wanted.contentUpTo > 0 ? portions.withContent : portions.plain;
  const read = async (uids: Numbers): Promise<readonly MessageRow[]> => {
    const rows: MessageRow[] = [];
    for (const query of readMessageRows(from.mailboxId, uids, wanted)) {
      for (const row of await store.read(query)) rows.push(messageRowOf(row, wanted, contents));
    }
    return completed(rows, { ...wanted, preview: want.preview === "made" }, { store, contents });
  };
  yield* inPortions(from.uids, most, read);
}

async function readFlags(store: Store, mailboxId: number, uids: Numbers): Promise<readonly MessageRow[]> {
  const rows: MessageRow[] = [];
  for (const query of readFlagLines(mailboxId, uids)) {
    const lines = (await store.read(query))[0]?.["lines"];
    if (typeof lines !== "string") continue;
    for (const line of lines.split("\n")) rows.push({ ...nothingMore, ...changedOfLine(line) });
  }
  return rows;
}

const nothingMore = {
  size: 0,
  textSize: 0,
  internalDate: 0,
  savedAt: 0,
  contentId: 0,
  envelope: null,
  structure: null,
  parts: null,
  preview: null,
  content: null,
} as const;

/** The next portion is read while the last one is in use. */
async function* inPortions(
  all: Numbers,
  most: number,
  read: (uids: Numbers) => Promise<readonly MessageRow[]>,
): AsyncGenerator<readonly MessageRow[]> {
  let ahead: Promise<readonly MessageRow[]> | null = null;
  try {
    for (const uids of portionsOf(all, most)) {
      const last: Promise<readonly MessageRow[]> | null = ahead;
      ahead = read(uids);
      // It is waited for a portion later: until then nobody looks at how it ends.
      ahead.catch(() => {});
      if (last === null) continue;
      const rows = await last;
      if (rows.length > 0) yield rows;
    }
    const rows = (await ahead) ?? [];
    if (rows.length > 0) yield rows;
  } finally {
    await ahead?.catch(() => {});
  }
}

export function messageRowOf(row: Row, wanted: WantedColumns, contents: MailboxContext["contents"]): MessageRow {
  const size = Number(row["size"]);
  return {
    uid: Number(row["uid"]),
    flags: { system: systemBitsOf(Number(row["flags"])), keywords: splitKeywords(String(row["keywords"])) },
    modseq: Number(row["modseq"]),
    size,
    textSize: size + Number(row["text_extra"]),
    internalDate: Number(row["internal_date"]),
    savedAt: Number(row["saved_at"]),
    contentId: Number(row["content_id"]),
    envelope: bytesOf(row["envelope"]),
    structure: bytesOf(row["structure"]),
    parts: textOf(row["parts"]),
    preview: textOf(row["preview"]),
    content: wanted.contentUpTo >= size ? contentOf(row, contents) : null,
  };
}

function bytesOf(value: Row[string] | undefined): Uint8Array | null {
  return value instanceof Uint8Array ? value : null;
}

function textOf(value: Row[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Parts of the set with at most so many numbers each. */
function* portionsOf(uids: Numbers, most: number): Generator<Numbers> {
  let portion: { first: number; last: number }[] = [];
  let room = most;
  for (const span of uids) {
    for (let { first } = span; first <= span.last;) {
      const last = Math.min(span.last, first + room - 1);
      portion.push({ first, last });
      room -= last - first + 1;
      first = last + 1;
      if (room > 0) continue;
      yield portion;
      portion = [];
      room = most;
    }
  }
  if (portion.length > 0) yield portion;
}
