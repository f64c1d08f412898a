import { takeRecent } from "../store/mailboxes.ts";
import type { Store } from "../store/store.ts";

/**
 * Whose \Recent is whose (RFC 3501 §2.3.2): a session that has told of messages takes them, so that they are \Recent for no other. Whoever
 * asks waits for what is being taken; the session that takes does not: after a crash some messages are \Recent twice.
 */
export class RecentClaims {
  readonly #store: Pick<Store, "commit">;
  readonly #pending = new Map<number, Promise<unknown>>();

  constructor(store: Pick<Store, "commit">) {
    this.#store = store;
  }

  /** All UIDs below this one are told of. */
  take(mailboxId: number, uidNext: number): void {
    const done = this.#store.commit([takeRecent(mailboxId, uidNext)], "soon").catch(() => {});
    this.#pending.set(mailboxId, done);
    void done.then(() => {
      if (this.#pending.get(mailboxId) === done) this.#pending.delete(mailboxId);
    });
  }

  /** null: nothing is being taken. */
  settled(mailboxId: number): Promise<unknown> | null {
    return this.#pending.get(mailboxId) ?? null;
  }
}
