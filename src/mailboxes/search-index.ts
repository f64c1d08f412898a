import { join } from "../address/intervals.ts";
import type { SearchText } from "../imap/mail.ts";
import { step, type Numbers } from "../imap/number-set.ts";
import { structureOf } from "../imap/search/message-texts.ts";
import { textUnits } from "../imap/search/text-units.ts";
import { decodeParts } from "../message/parts.ts";
import type { Contents } from "../store/content.ts";
import {
  countHits,
  readContentsAfter,
  forgetTexts,
  insertText,
  readHits,
  readLarge,
  readLastUid,
  readPrefixHits,
  readSource,
  readUnknown,
  type TextOfContent,
} from "../store/search-text.ts";
import type { Row, Statement, Store } from "../store/store.ts";
import { contentOf } from "./message-content.ts";
import { matchOf, usable } from "./trigrams.ts";
import { spansOf } from "./uid-list.ts";

/** Characters of one content's text that are indexed: to put them in keeps the database from others for some 50 ms. */
const longestText = 200_000;
/** Of one unit: more would keep deliveries waiting. */
const unitText = 32_000;
/** So many contents that are not known are put in before a search; of more the messages are read, as without an index. */
const mostBefore = 100;
/** Beyond so many contents of all accounts it is cheaper to read a mailbox. */
const leastHits = 20_000;

type Surroundings = { readonly store: Store; readonly contents: Pick<Contents, "open"> };

/**
 * Which messages may hold a text, without reading them: one row of trigrams for each content, shared by all that have it. It says too much
 * rather than too little; what it names is read and compared by the same folding (`imap/search/`).
 */
export class SearchIndex {
  readonly #surroundings: Surroundings;
  /** Up to which UID all messages of a mailbox are known. */
  readonly #known = new Map<number, number>();
  /** One after the other: the second would do the same again. */
  #filling: Promise<void> = Promise.resolve();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** UIDs among which are all messages of the mailbox that hold all the texts; null: it cannot tell. */
  async candidates(mailboxId: number, texts: readonly SearchText[]): Promise<Numbers | null> {
    const { store } = this.#surroundings;
    const match = matchOf(texts);
    if (match === null) return null;
    const unknown = await this.#unknown(mailboxId);
    const [counted] = await store.read(countHits(match, leastHits + 1));
    if (Number(counted?.["hits"]) > leastHits) return null;
    // Fields that delivery put on top of a content belong to one message only, and are not in the index.
    const onTop = texts.filter((text) => text.in === "text" && usable(text.text));
    const queries = [
      readHits(mailboxId, match),
      readLarge(mailboxId),
      ...onTop.map(({ text }) => readPrefixHits(mailboxId, text)),
    ];
    const runs = await Promise.all(
      queries.map(async (query) => spansOf((await store.read(query))[0]?.["uids"] as string | null)),
    );
    return join([...unknown, ...runs.flat()], step);
  }

  /** Puts in everything of a mailbox that is missing. */
  async fill(mailboxId: number): Promise<void> {
    for (;;) {
      const rows = await this.#surroundings.store.read(readUnknown(mailboxId, 0, mostBefore));
      if (rows.length === 0) return;
      await this.add(rows.map((row) => Number(row["content_id"])));
    }
  }

  /** Puts contents in, in units that keep nobody waiting for long. */
  add(contentIds: readonly number[]): Promise<void> {
    const after = this.#filling.then(() => this.#add(contentIds));
    this.#filling = after.catch(() => {});
    return after;
  }

  /** Makes the index anew; tells now and then how many contents are in it. */
  async rebuild(told: (count: number) => void = () => {}): Promise<number> {
    const { store } = this.#surroundings;
    await store.commit(forgetTexts());
    this.#known.clear();
    let after = 0;
    for (let count = 0; ; told(count)) {
      const rows = await store.read(readContentsAfter(after, mostBefore));
      const contentIds = rows.map((row) => Number(row["content_id"]));
      if (contentIds.length === 0) return count;
      await this.add(contentIds);
      after = contentIds.at(-1) ?? after;
      count += contentIds.length;
    }
  }

  /** Messages that are not in the index, after as many as fit in were put in. */
  async #unknown(mailboxId: number): Promise<Numbers> {
    const { store } = this.#surroundings;
    const after = this.#known.get(mailboxId) ?? 0;
    // Before: what is delivered in between counts as not known.
    const [last] = await store.read(readLastUid(mailboxId));
    if (Number(last?.["uid"] ?? 0) <= after) return [];
    const rows = await store.read(readUnknown(mailboxId, after, mostBefore + 1));
    if (rows.length <= mostBefore) {
      await this.add(rows.map((row) => Number(row["content_id"])));
      this.#know(mailboxId, Number(last?.["uid"] ?? 0));
      return [];
    }
    const first = Number(rows[0]?.["uid"]);
    return [{ first, last: 0xffff_ffff }];
  }

  #know(mailboxId: number, uid: number): void {
    if (this.#known.size >= 10_000) this.#known.clear();
    this.#known.set(mailboxId, uid);
  }

  async #add(contentIds: readonly number[]): Promise<void> {
    let unit: Statement[] = [];
    let length = 0;
    for (const contentId of new Set(contentIds)) {
      const text = await this.#textOf(contentId);
      unit.push(...insertText(text));
      length += text.text?.length ?? 0;
      if (length < unitText) continue;
      await this.#surroundings.store.commit(unit, "soon");
      unit = [];
      length = 0;
    }
    if (unit.length > 0) await this.#surroundings.store.commit(unit, "soon");
  }

  async #textOf(contentId: number): Promise<TextOfContent> {
    const [row] = await this.#surroundings.store.read(readSource(contentId));
    try {
      return { contentId, text: row === undefined ? null : await this.#read(row) };
    } catch {
      // One that cannot be read must not keep the others out: whoever searches reads it, and hears why not.
      return { contentId, text: null };
    }
  }

  /** null: there is more than belongs into the index. */
  async #read(row: Row): Promise<string | null> {
    const content = contentOf(row, this.#surroundings.contents);
    if (content === null) return null;
    const parts = row["parts"];
    const message = typeof parts === "string" ? decodeParts(parts, content.size) : await structureOf(content);
    let text = "";
    for await (const unit of textUnits(content, message, { withBody: true, overlap: 2 })) {
      text += `${unit.text}\n`;
      if (text.length > longestText) return null;
    }
    return text.replaceAll("\0", " ").toWellFormed();
  }
}
