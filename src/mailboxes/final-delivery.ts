import type { Account } from "../accounts/account.ts";
import type { Expansion } from "../accounts/expansion.ts";
import { deliverHere, noQuota } from "../store/local-delivery.ts";
import { insertMailbox, insertSubscription, readMailboxLike } from "../store/mailboxes.ts";
import { type Row, type Statement, type Store, UnitFailed } from "../store/store.ts";
import { checkName } from "./mailbox-name.ts";
import type { MailNews } from "./news.ts";
import type { Quotas } from "./quotas.ts";

/** A mailbox that a message goes into. */
export type Place = {
  readonly account: Account;
  readonly mailboxId: number;
  readonly name: string;
};

/** What is delivered: a content, and the field that goes on top of it (RFC 5321 §4.4). */
export type Delivered = {
  readonly contentId: number;
  readonly contentSize: number;
  readonly prefix: string;
  readonly at: number;
};

type Ends = Pick<Expansion, "mailboxes" | "tagged">;

export type FinalDeliveryParts = {
  readonly store: Store;
  readonly news: MailNews;
  readonly quotas: Quotas;
  readonly now: () => number;
};

/** Final delivery: which mailboxes a message goes into, and what puts it there. For all who deliver: reception, the queue, reports. */
export class FinalDelivery {
  readonly #parts: FinalDeliveryParts;

  constructor(parts: FinalDeliveryParts) {
    this.#parts = parts;
  }

  /** Where mail for these ends goes, each mailbox once; a promise only when a tag names one that has to be looked for. */
  placesFor(all: readonly Ends[]): readonly Place[] | Promise<readonly Place[]> {
    const inboxes = new Map<number, Place>();
    const tags: NonNullable<Ends["tagged"]>[] = [];
    for (const { mailboxes, tagged } of all) {
      for (const account of mailboxes) {
        if (tagged?.account.id === account.id) tags.push(tagged);
        else inboxes.set(account.mailboxId, inboxOf(account));
      }
    }
    if (tags.length === 0) return [...inboxes.values()];
    return this.#withTags(inboxes, tags);
  }

  async #withTags(places: Map<number, Place>, tags: readonly NonNullable<Ends["tagged"]>[]): Promise<readonly Place[]> {
    for (const tagged of tags) {
      const place = await this.#placeOf(tagged);
      places.set(place.mailboxId, place);
    }
    return [...places.values()];
  }

  /** name+lists goes to the mailbox Lists, whatever its case; local parts have none (RFC 5321 §2.4 leaves it to us). */
  async #placeOf({ account, tag }: NonNullable<Ends["tagged"]>): Promise<Place> {
    const name = checkName(tag);
    if (typeof name !== "string") return inboxOf(account);
    const found = await this.#find(account, name);
    if (found !== null || account.plusMailbox !== "made") return found ?? inboxOf(account);
    const { store, news, now } = this.#parts;
    // Only one level: a stranger who writes makes no tree.
    if (name.includes("/")) return inboxOf(account);
    const mailbox = { id: store.nextId(), accountId: account.id, name, specialUse: null };
    try {
      await store.commit([...insertMailbox(mailbox, now()), insertSubscription(account.id, name)]);
    } catch (error) {
      // Made by another message in this moment.
      if (error instanceof UnitFailed) return (await this.#find(account, name)) ?? inboxOf(account);
      throw error;
    }
    news.tell(account.id, { mailboxId: mailbox.id, what: "created", name });
    return { account, mailboxId: mailbox.id, name };
  }

  async #find(account: Account, name: string): Promise<Place | null> {
    const rows = await this.#parts.store.read(readMailboxLike(account.id, name));
    const nameOf = (row: Row) => String(row["name"]);
    const row = rows.find((one) => nameOf(one) === name) ?? rows[0];
    return row === undefined ? null : { account, mailboxId: Number(row["id"]), name: nameOf(row) };
  }

  /** Part of the unit that keeps the content. It fails when a mailbox is gone, or an account is over quota. */
  statements(places: readonly Place[], delivered: Delivered, hold?: "whatever the quota"): Statement[] {
    return places.flatMap(({ account, mailboxId }) => {
      const quota = (hold === undefined ? this.#parts.quotas.limitOf(account) : null) ?? noQuota;
      return deliverHere({ ...delivered, accountId: account.id, mailboxId, quota });
    });
  }

  /** After the commit. */
  told(places: readonly Place[], { contentSize, prefix }: Pick<Delivered, "contentSize" | "prefix">): void {
    for (const { account, mailboxId, name } of places) {
      this.#parts.quotas.took(account.id, contentSize + prefix.length);
      this.#parts.news.tell(account.id, { mailboxId, what: "messages", name });
    }
  }

  /** Whether one of the accounts holds all that it may already. */
  isFull(accounts: readonly Account[]): boolean | Promise<boolean> {
    for (const [index, account] of accounts.entries()) {
      const hasRoom = this.#parts.quotas.hasRoom(account);
      if (hasRoom === false) return true;
      if (hasRoom !== true) return hasRoom.then((has) => !has || this.isFull(accounts.slice(index + 1)));
    }
    return false;
  }
}

function inboxOf(account: Account): Place {
  return { account, mailboxId: account.mailboxId, name: "INBOX" };
}
