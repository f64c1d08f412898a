import type { Flags } from "../imap/flags.ts";
import { insertKeyword, readKeywords } from "../store/mailboxes.ts";
import type { Store } from "../store/store.ts";

/** Keywords of one account; what comes beyond is not kept (RFC 9051 §2.3.2 leaves it to the server). */
const mostKeywords = 1_000;

/**
 * How an account spells its keywords: each as it was first written. Spelling is settled before a unit uses it, so that no two
 * messages spell one keyword in two ways.
 */
export class Keywords {
  readonly #store: Pick<Store, "commit" | "read">;
  readonly #accountId: number;
  #names: ReadonlyMap<string, string> | null = null;

  constructor(store: Pick<Store, "commit" | "read">, accountId: number) {
    this.#store = store;
    this.#accountId = accountId;
  }

  /** As they are to be written; a promise only for those that are new here. */
  spell({ keywords }: Flags, isNeeded: boolean): readonly string[] | Promise<readonly string[]> {
    if (keywords.length === 0) return keywords;
    const known = this.#names;
    if (known !== null && keywords.every((keyword) => known.has(keyword.toLowerCase()))) return spelt(keywords, known);
    return this.#learn(keywords, isNeeded);
  }

  async #learn(keywords: readonly string[], isNeeded: boolean): Promise<readonly string[]> {
    let known = await this.#read();
    const fresh = keywords.filter((keyword) => !known.has(keyword.toLowerCase()));
    // A keyword that nobody has cannot be taken away.
    if (isNeeded && fresh.length > 0 && known.size + fresh.length <= mostKeywords) {
      await this.#store.commit(fresh.map((keyword) => insertKeyword(this.#accountId, keyword)));
      known = await this.#read();
    }
    return spelt(keywords, known);
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#store.read(readKeywords(this.#accountId));
    return (this.#names = new Map(rows.map((row) => [String(row["folded"]), String(row["name"])])));
  }
}

/** Sorted, each once. */
function spelt(keywords: readonly string[], known: ReadonlyMap<string, string>): readonly string[] {
  const names = keywords.flatMap((keyword) => known.get(keyword.toLowerCase()) ?? []);
  return [...new Set(names)].sort();
}
