import { withoutExtensions } from "../bare-structure.ts";
import type { Fetch, FetchItem } from "../command.ts";
import type { SelectedContext } from "../context.ts";
import { formatDateTime } from "../date-time.ts";
import { tellsRecent } from "../enabled.ts";
import { formatFlags, seen } from "../flags.ts";
import { formatString } from "../format.ts";
import type { MessageRow, Wanted } from "../mail.ts";
import { type Numbers, numbersOf } from "../number-set.ts";
import { emailId } from "../object-id.ts";
import type { Chunk } from "../response.ts";
import { Batch } from "./batch.ts";
import { binaryBody, type ContentItem, contentItem, labelOf, marksSeen, octetsFor } from "./body-items.ts";
import { FetchedMessage, suitsEveryClient } from "./message.ts";

/** Contents up to this size come with their rows. */
const withRow = 64 * 1024;
/** Octets that are copied into a batch rather than sent by themselves. */
const copied = 32 * 1024;

type Row = MessageRow & {
  /** This command has made it \Seen. */
  readonly hasNewFlags?: boolean;
};

/** Writes the FETCH responses of one command. */
export class Fetcher {
  /** Messages that were still there. */
  found = 0;
  hasUnknownEncoding = false;
  readonly #context: SelectedContext;
  readonly #items: readonly FetchItem[];
  readonly #wanted: Wanted;
  readonly #changedSince: number | null;
  readonly #marksSeen: boolean;
  readonly #needsContent: boolean;
  readonly #needsPreview: boolean;
  readonly #tellsFlags: boolean;
  readonly #tellsModseq: boolean;
  /** Of such clients every envelope and structure is looked at, whether it is for them. */
  readonly #isLegacy: boolean;
  readonly #out = new Batch();
  /** What comes before the next item: there is no response without one. */
  #before = "";

  constructor(command: Fetch, context: SelectedContext) {
    this.#context = context;
    this.#changedSince = command.changedSince;
    this.#items = itemsOf(command);
    this.#marksSeen = !context.selected.mailbox.isReadOnly && this.#items.some(marksSeen);
    this.#needsContent = this.#items.some(needsContent);
    this.#needsPreview = this.#items.some((item) => item.item === "PREVIEW" && !item.isLazy);
    this.#tellsFlags = this.#items.some(({ item }) => item === "FLAGS");
    this.#tellsModseq = this.#items.some(({ item }) => item === "MODSEQ");
    this.#isLegacy = !context.enabled.utf8;
    this.#wanted = wantedFor(this.#items, { isLegacy: this.#isLegacy });
  }

  async *responses(uids: Numbers): AsyncGenerator<Chunk, void> {
    const { mailbox, keywords } = this.#context.selected;
    for await (const portion of mailbox.rows(uids, this.#wanted)) {
      this.found += portion.length;
      const since = this.#changedSince;
      const rows: readonly Row[] = since === null ? portion : portion.filter(({ modseq }) => modseq > since);
      if (this.#tellsFlags || this.#marksSeen) this.#out.put(keywords.learn(rows));
      for (const row of this.#marksSeen ? await this.#markSeen(rows) : rows) {
        const number = this.#context.selected.view.numberOf(row.uid);
        if (number === 0) continue;
        if (this.#needsMessage(row)) yield* this.#whole(number, row);
        else this.#plain(number, row);
        if (this.#out.isFull) yield this.#out.take();
      }
      if (!this.#out.isEmpty) yield this.#out.take();
    }
  }

  /** Before their octets are sent: so their flags can be told with them. */
  async #markSeen(rows: readonly Row[]): Promise<readonly Row[]> {
    const unseen = rows.filter(({ flags }) => (flags.system & seen) === 0).map(({ uid }) => uid);
    if (unseen.length === 0) return rows;
    const change = { change: "add", flags: { system: seen, keywords: [] }, unchangedSince: null } as const;
    const { changed } = await this.#context.selected.mailbox.store(numbersOf(unseen), change);
    const news = new Map(changed.map((one) => [one.uid, one]));
    return rows.map((row) => {
      const one = news.get(row.uid);
      return one === undefined ? row : { ...row, flags: one.flags, modseq: one.modseq, hasNewFlags: true };
    });
  }

  #needsMessage(row: Row): boolean {
    const { envelope, structure } = this.#wanted;
    if (this.#needsContent || (envelope && row.envelope === null) || (structure && row.structure === null)) return true;
    if (this.#needsPreview && row.preview === null) return true;
    return this.#isLegacy && !suitsEveryClient(row);
  }

  /** A response that the row alone answers. */
  #plain(number: number, row: Row): void {
    this.#begin(number);
    for (const item of this.#items) this.#putPlain(item, row);
    this.#end(row);
  }

  /** One that needs the message. */
  async *#whole(number: number, row: Row): AsyncGenerator<Chunk, void> {
    const { selected } = this.#context;
    const content = row.content ?? (await selected.mailbox.content(row.uid));
    // It went since its row was read.
    if (content === null) return void this.found--;
    // Where the parts of a large message are is kept, so that it is not read twice.
    const parts = this.#isLegacy && row.content === null ? (row.parts ?? (await this.#partsOf(row.uid))) : row.parts;
    const message = await FetchedMessage.of({ ...row, parts }, content, {
      needsSurrogate: this.#isLegacy,
      needsDigest: this.#wanted.envelope === true || this.#wanted.structure === true,
    });
    this.#begin(number);
    for (const item of this.#items) {
      const octets = contentItem(item);
      if (octets !== null) yield* this.#putContent(octets, message);
      else if (item.item === "BINARY.SIZE[]") await this.#putBinarySize(item.part, message);
      else if (item.item === "PREVIEW") this.#putPreview(item.isLazy ? row.preview : await message.preview());
      else this.#putPlain(item, message.row);
    }
    this.#end(row);
  }

  async #partsOf(uid: number): Promise<string | null> {
    const wanted = [{ first: uid, last: uid }];
    for await (const [row] of this.#context.selected.mailbox.rows(wanted, { parts: true })) return row?.parts ?? null;
    return null;
  }

  #begin(number: number): void {
    this.#before = `* ${number} FETCH (`;
  }

  #put(text: string): void {
    this.#out.put(this.#before + text);
    this.#before = " ";
  }

  #putPlain(item: FetchItem, row: Row): void {
    switch (item.item) {
      case "UID":
        return this.#put(`UID ${row.uid}`);
      case "FLAGS":
        return this.#putFlags(row);
      case "MODSEQ":
        return this.#put(`MODSEQ (${row.modseq})`);
      case "RFC822.SIZE":
        return this.#put(`RFC822.SIZE ${row.size}`);
      case "INTERNALDATE":
        return this.#put(`INTERNALDATE ${formatDateTime(row.internalDate)}`);
      case "SAVEDATE":
        return this.#put(`SAVEDATE ${formatDateTime(row.savedAt)}`);
      case "EMAILID":
        return this.#put(`EMAILID (${emailId(row.contentId)})`);
      case "THREADID":
        // RFC 8474 §5.2: of a server that keeps no threads.
        return this.#put("THREADID NIL");
      case "ENVELOPE":
        return this.#putOctets("ENVELOPE ", row.envelope ?? missing(row));
      case "BODYSTRUCTURE":
        return this.#putOctets("BODYSTRUCTURE ", row.structure ?? missing(row));
      case "BODY":
        return this.#putOctets("BODY ", withoutExtensions(row.structure ?? missing(row)));
      case "PREVIEW":
        return this.#putPreview(row.preview);
      default:
        throw new Error(`${item.item} needs the message`);
    }
  }

  #putFlags({ uid, flags }: Row): void {
    const { enabled, selected } = this.#context;
    this.#put(`FLAGS ${formatFlags(flags, { isRecent: tellsRecent(enabled) && selected.view.isRecent(uid) })}`);
  }

  #putOctets(label: string, octets: Uint8Array): void {
    this.#put(label);
    this.#out.putOctets(octets);
  }

  #putPreview(preview: string | null): void {
    this.#put(`PREVIEW ${preview === null ? "NIL" : formatString(preview, this.#context.enabled.utf8)}`);
  }

  async *#putContent(item: ContentItem, message: FetchedMessage): AsyncGenerator<Chunk, void> {
    const octets = await octetsFor(item, message);
    if (octets === "unknown encoding") {
      this.hasUnknownEncoding = true;
      return;
    }
    const label = labelOf(item);
    if (octets === null) return this.#put(`${label} NIL`);
    const { of, range } = octets;
    const size = range.to - range.from;
    if (size === 0) return this.#put(`${label} ""`);
    this.#put(`${label} ${octets.isBinary ? "~" : ""}{${size}}\r\n`);
    const bytes = of.bytes?.subarray(range.from, range.to);
    if (bytes !== undefined && size <= copied) return this.#out.putOctets(bytes);
    yield this.#out.take();
    yield bytes ?? { content: of, ...range };
  }

  async #putBinarySize(part: readonly number[], message: FetchedMessage): Promise<void> {
    const body = await binaryBody(part, message);
    if (body === "unknown encoding") this.hasUnknownEncoding = true;
    else this.#put(`BINARY.SIZE[${part.join(".")}] ${body?.size ?? 0}`);
  }

  #end(row: Row): void {
    const { condstore } = this.#context.enabled;
    const hasNewFlags = row.hasNewFlags === true;
    if (hasNewFlags && !this.#tellsFlags) this.#putFlags(row);
    // RFC 7162 §3.2: flags that changed come with their modification sequence.
    if (hasNewFlags && condstore && !this.#tellsModseq) this.#put(`MODSEQ (${row.modseq})`);
    if (this.#before === " ") this.#out.put(")\r\n");
    const tellsFlags = hasNewFlags || this.#tellsFlags;
    if (tellsFlags && (!condstore || hasNewFlags || this.#tellsModseq))
      this.#context.selected.view.toldFlags(row.uid, row.modseq);
  }
}

/** UID where the command names messages by it, MODSEQ where it asks for changes (RFC 9051 §6.4.9, RFC 7162 §3.1.4.1). */
function itemsOf({ items, byUid, changedSince }: Fetch): readonly FetchItem[] {
  const all = items.filter((item, at) => !isAmong(items.slice(0, at), item));
  const has = (name: FetchItem["item"]) => all.some(({ item }) => item === name);
  if (byUid && !has("UID")) all.unshift({ item: "UID" });
  if (changedSince !== null && !has("MODSEQ")) all.push({ item: "MODSEQ" });
  return all;
}

/** What is asked for twice is answered once, but for sections: they may differ in what they say. */
function isAmong(items: readonly FetchItem[], { item }: FetchItem): boolean {
  return !item.endsWith("]") && items.some((one) => one.item === item);
}

function needsContent(item: FetchItem): boolean {
  return contentItem(item) !== null || item.item === "BINARY.SIZE[]";
}

function wantedFor(items: readonly FetchItem[], { isLegacy }: { readonly isLegacy: boolean }): Wanted {
  const has = (...names: readonly FetchItem["item"][]) => items.some(({ item }) => names.includes(item));
  const structure = has("BODY", "BODYSTRUCTURE");
  if (items.every(({ item }) => item === "UID" || item === "FLAGS" || item === "MODSEQ")) return { flagsOnly: true };
  const wanted: { -readonly [Key in keyof Wanted]: Wanted[Key] } = {
    envelope: has("ENVELOPE"),
    structure,
    parts: items.some(needsPlaces) || (isLegacy && structure),
  };
  if (items.some(needsContent)) wanted.contentUpTo = withRow;
  const previews = items.filter((item) => item.item === "PREVIEW");
  if (previews.length > 0) wanted.preview = previews.some(({ isLazy }) => !isLazy) ? "made" : "kept";
  return wanted;
}

/** Of the whole message nobody needs to know where its parts are. */
function needsPlaces(item: FetchItem): boolean {
  if (!needsContent(item) || item.item === "RFC822") return false;
  return item.item !== "BODY[]" || item.section.part.length > 0 || item.section.text !== "all";
}

function missing({ uid }: Row): never {
  throw new Error(`the structure of message ${uid} was not read`);
}
