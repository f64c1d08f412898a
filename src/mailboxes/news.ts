import type { MailboxNews } from "../imap/mail.ts";

/** `modseq`: up to which it came about, when that is known; the next look then needs no read to find nothing more. */
export type News = MailboxNews & {
  readonly modseq?: number;
  /** Whose doing it was. */
  readonly by?: object;
};

/**
 * Who changes a mailbox says so after the commit; who looks at one hears of it. Where several processes share a store, the
 * database's own notices stand behind it.
 */
export interface MailNews {
  tell(accountId: number, news: News): void;
  /** Returns how to end it. */
  watch(accountId: number, told: (news: News) => void): () => void;
}

/** For one process. */
export class NewsDesk implements MailNews {
  readonly #watchers = new Map<number, Set<(news: News) => void>>();
  readonly #watchersOfAll = new Set<(news: News) => void>();

  tell(accountId: number, news: News): void {
    for (const told of this.#watchersOfAll) told(news);
    const watchers = this.#watchers.get(accountId);
    if (watchers === undefined) return;
    for (const told of [...watchers]) told(news);
  }

  /** Of all accounts. Returns how to end it. */
  watchAll(told: (news: News) => void): () => void {
    this.#watchersOfAll.add(told);
    return () => void this.#watchersOfAll.delete(told);
  }

  watch(accountId: number, told: (news: News) => void): () => void {
    let watchers = this.#watchers.get(accountId);
    if (watchers === undefined) this.#watchers.set(accountId, (watchers = new Set()));
    // One of its own: the same function may watch twice.
    const one = (news: News): void => told(news);
    watchers.add(one);
    return () => {
      watchers.delete(one);
      if (watchers.size === 0 && this.#watchers.get(accountId) === watchers) this.#watchers.delete(accountId);
    };
  }
}
