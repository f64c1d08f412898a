import type { Account } from "../accounts/account.ts";
import type { Store } from "../store/store.ts";
import { quotaOf } from "./mail-of.ts";
import { usageOf } from "./quota.ts";

/** How long a look at what an account holds counts. */
const lookMs = 60_000;

type Look = { room: number; readonly at: number };

/**
 * Which accounts have room for another message, answered from memory while it is known that there is some: what is delivered is
 * taken off, what is removed only makes more. The last word has the unit that delivers.
 */
export class Quotas {
  readonly #store: Pick<Store, "read">;
  readonly #usual: number;
  readonly #now: () => number;
  readonly #looks = new Map<number, Look>();

  /** `usual`: octets for accounts that have no quota of their own; 0: no limit. */
  constructor({ store, usual, now }: { store: Pick<Store, "read">; usual: number; now: () => number }) {
    this.#store = store;
    this.#usual = usual;
    this.#now = now;
  }

  /** null: no limit is set. */
  limitOf(account: Pick<Account, "quota">): number | null {
    return quotaOf(account, this.#usual);
  }

  /** One message may overrun: there is room as long as the account holds less than its quota. */
  hasRoom(account: Pick<Account, "id" | "quota">): boolean | Promise<boolean> {
    const limit = this.limitOf(account);
    if (limit === null) return true;
    const look = this.#looks.get(account.id);
    if (look !== undefined && look.room > 0 && look.at + lookMs > this.#now()) return true;
    return this.#look(account.id, limit);
  }

  /** So many octets were delivered. */
  took(accountId: number, octets: number): void {
    const look = this.#looks.get(accountId);
    if (look !== undefined) look.room -= octets;
  }

  async #look(accountId: number, limit: number): Promise<boolean> {
    const room = limit - (await usageOf(this.#store, accountId)).octets;
    if (room > 0) this.#looks.set(accountId, { room, at: this.#now() });
    else this.#looks.delete(accountId);
    return room > 0;
  }
}
