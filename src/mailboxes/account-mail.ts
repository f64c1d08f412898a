import type {
  Appended,
  AppendedMessage,
  ListedMailbox,
  Mail,
  MailboxNews,
  MailboxStatus,
  MailRefusal,
  MessageWriter,
  OpenMailbox,
} from "../imap/mail.ts";
import {
  deleteSubscription,
  insertMailbox,
  insertSubscription,
  mailboxOf,
  type MailboxRow,
  readMailbox,
  readMailboxes,
  readSubscriptions,
} from "../store/mailboxes.ts";
import { readToOpen } from "../store/messages.ts";
import { type Row, UnitFailed } from "../store/store.ts";
import { appendedOf, keepAll, prepareAppending, whyNot } from "./appending.ts";
import { Keywords } from "./keywords.ts";
import { checkName, compareNames, isBelow, parentsOf } from "./mailbox-name.ts";
import { writeMessage } from "./message-writer.ts";
import { OpenedMailbox } from "./opened-mailbox.ts";
import { usageOf } from "./quota.ts";
import { removeMailbox } from "./removal.ts";
import { exists, renameAll, renameInbox } from "./renaming.ts";
import type { MailboxContext, Owner } from "./surroundings.ts";
import { spansOf } from "./uid-list.ts";

/** More than people have; each costs every LIST. */
const mostMailboxes = 10_000;

/** What CREATE may ask for (RFC 6154 §2): those that stand for all messages, or for some wherever they are, are none of ours. */
const specialUses: ReadonlySet<string> = new Set(["\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"]);

const noSuchMailbox: MailRefusal = { refused: "no-such-mailbox", text: "there is no such mailbox" };

/** The mail of one account in the store. */
export class AccountMail implements Mail {
  readonly appendLimit: number;
  readonly #context: MailboxContext;
  readonly #owner: Owner;
  readonly #keywords: Keywords;

  constructor(context: MailboxContext, owner: Owner) {
    this.#context = context;
    this.#owner = owner;
    this.#keywords = new Keywords(context.store, owner.accountId);
    this.appendLimit = context.appendLimit;
  }

  async list(): Promise<readonly ListedMailbox[]> {
    const [mailboxes, subscribed] = await Promise.all([this.#mailboxes(), this.subscriptions()]);
    const isSubscribed = (name: string) => subscribed.includes(name);
    const listed = new Map<string, ListedMailbox>();
    for (const { id, name, specialUse } of mailboxes) {
      listed.set(name, { id, name, isSelectable: true, isSubscribed: isSubscribed(name), specialUse });
    }
    // What was deleted and has children is a name that cannot be selected (RFC 9051 §6.3.5).
    for (const name of new Set(mailboxes.flatMap(({ name: child }) => parentsOf(child)))) {
      if (listed.has(name)) continue;
      listed.set(name, { id: 0, name, isSelectable: false, isSubscribed: isSubscribed(name), specialUse: null });
    }
    return [...listed.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  async subscriptions(): Promise<readonly string[]> {
    const rows = await this.#context.store.read(readSubscriptions(this.#owner.accountId));
    return rows.map(({ name }) => String(name)).sort(compareNames);
  }

  async subscribe(name: string): Promise<MailRefusal | null> {
    const checked = checkName(name);
    if (typeof checked !== "string") return checked;
    await this.#context.store.commit([insertSubscription(this.#owner.accountId, checked)]);
    this.#tell({ mailboxId: 0, what: "subscription", name: checked });
    return null;
  }

  async unsubscribe(name: string): Promise<MailRefusal | null> {
    await this.#context.store.commit([deleteSubscription(this.#owner.accountId, name)]);
    this.#tell({ mailboxId: 0, what: "subscription", name });
    return null;
  }

  async create(name: string, specialUse: readonly string[] = []): Promise<{ readonly id: number } | MailRefusal> {
    const checked = checkName(name);
    if (typeof checked !== "string") return checked;
    const mailboxes = await this.#mailboxes();
    const refusal = this.#mayCreate(checked, specialUse, mailboxes);
    if (refusal !== null) return refusal;
    const names = new Set(mailboxes.map((mailbox) => mailbox.name));
    const made = [...parentsOf(checked).filter((parent) => !names.has(parent)), checked].map((one) => ({
      id: this.#context.store.nextId(),
      accountId: this.#owner.accountId,
      name: one,
      specialUse: one === checked ? (specialUse[0] ?? null) : null,
    }));
    try {
      await this.#context.store.commit(made.flatMap((mailbox) => insertMailbox(mailbox, this.#context.now())));
    } catch (error) {
      // Somebody else made it, or one of its parents, in this moment.
      if (error instanceof UnitFailed) return exists;
      throw error;
    }
    for (const { id, name: one } of made) this.#tell({ mailboxId: id, what: "created", name: one });
    return { id: made.at(-1)?.id ?? 0 };
  }

  #mayCreate(name: string, specialUse: readonly string[], mailboxes: readonly MailboxRow[]): MailRefusal | null {
    if (mailboxes.some((mailbox) => mailbox.name === name)) return exists;
    if (mailboxes.length + parentsOf(name).length >= mostMailboxes) {
      return { refused: "too-many", text: `an account has ${mostMailboxes} mailboxes at most` };
    }
    const [use, second] = specialUse;
    if (use === undefined) return null;
    if (second !== undefined) return { refused: "special-use", text: "a mailbox has one special use at most" };
    if (!specialUses.has(use)) return { refused: "special-use", text: "mailboxes cannot be used for that here" };
    const other = mailboxes.find((mailbox) => mailbox.specialUse === use);
    return other === undefined ? null : { refused: "special-use", text: "another mailbox is used for that" };
  }

  async delete(name: string): Promise<MailRefusal | null> {
    if (name === "INBOX") return { refused: "is-inbox", text: "INBOX cannot be deleted" };
    for (;;) {
      const mailbox = await this.#mailboxCalled(name);
      if (mailbox === null) {
        const hasChildren = (await this.#mailboxes()).some((one) => isBelow(one.name, name));
        return hasChildren
          ? { refused: "has-children", text: "it is only the name that its children need" }
          : noSuchMailbox;
      }
      const all = [{ first: 1, last: mailbox.uidNext - 1 }];
      try {
        await removeMailbox(this.#context, { ...this.#owner, mailboxId: mailbox.id, uids: all });
      } catch (error) {
        // Another message came meanwhile, or the mailbox is gone.
        if (error instanceof UnitFailed) continue;
        throw error;
      }
      this.#tell({ mailboxId: mailbox.id, what: "deleted", name });
      return null;
    }
  }

  async rename(from: string, to: string): Promise<MailRefusal | null> {
    const checked = checkName(to);
    if (typeof checked !== "string") return checked;
    const mailboxes = await this.#mailboxes();
    const renaming = { context: this.#context, owner: this.#owner, mailboxes, from, to: checked };
    const done = from === "INBOX" ? await renameInbox(renaming) : await renameAll(renaming);
    if ("refused" in done) return done;
    for (const news of done.news) this.#tell(news);
    return null;
  }

  async status(name: string): Promise<MailboxStatus | MailRefusal> {
    let mailbox = await this.#mailboxCalled(name);
    const pending = mailbox === null ? null : this.#context.recents.settled(mailbox.id);
    if (pending !== null) {
      await pending;
      mailbox = await this.#mailboxCalled(name);
    }
    return mailbox === null ? noSuchMailbox : statusOf(mailbox);
  }

  async open(name: string, how: "read-write" | "read-only"): Promise<OpenMailbox | MailRefusal> {
    const { store } = this.#context;
    const [row] = await store.read(readToOpen(this.#owner.accountId, name));
    if (row === undefined) return noSuchMailbox;
    const mailbox = mailboxOf(row);
    const isReadOnly = how === "read-only";
    if (!isReadOnly && mailbox.recentFrom < mailbox.uidNext) {
      this.#context.recents.take(mailbox.id, mailbox.uidNext);
    }
    const account = { owner: this.#owner, keywords: this.#keywords, by: this };
    return new OpenedMailbox(this.#context, account, { opened: openedOf(mailbox, row), isReadOnly });
  }

  write(): MessageWriter {
    return writeMessage(this.#context.contents);
  }

  async append(name: string, messages: readonly AppendedMessage[]): Promise<Appended | MailRefusal> {
    const mailbox = await this.#mailboxCalled(name);
    if (mailbox === null) return noSuchMailbox;
    const into = { mailboxId: mailbox.id, owner: this.#owner, keywords: this.#keywords };
    const appending = await prepareAppending(this.#context, into, messages);
    try {
      const returned = await this.#context.store.commit(appending.unit);
      keepAll(messages);
      this.#tell({ mailboxId: mailbox.id, what: "messages", name });
      return appendedOf(returned.map(([row]) => row));
    } catch (error) {
      return whyNot(error, this.#context, { octets: appending.octets, owner: this.#owner });
    }
  }

  async quota(): Promise<{ readonly octets: number; readonly messages: number; readonly limit: number | null }> {
    const usage = await usageOf(this.#context.store, this.#owner.accountId);
    return { ...usage, limit: this.#owner.quota() };
  }

  watch(told: (news: MailboxNews) => void): () => void {
    return this.#context.news.watch(this.#owner.accountId, (news) => told({ ...news, isOwn: news.by === this }));
  }

  async #mailboxes(): Promise<readonly MailboxRow[]> {
    const rows = await this.#context.store.read(readMailboxes(this.#owner.accountId));
    return rows.map(mailboxOf);
  }

  async #mailboxCalled(name: string): Promise<MailboxRow | null> {
    const [row] = await this.#context.store.read(readMailbox(this.#owner.accountId, name));
    return row === undefined ? null : mailboxOf(row);
  }

  #tell(news: MailboxNews): void {
    this.#context.news.tell(this.#owner.accountId, { ...news, by: this });
  }
}

function statusOf(mailbox: MailboxRow): MailboxStatus {
  const { modseq, specialUse: _, vanishedKnownFrom: __, ...counters } = mailbox;
  return { ...counters, highestModseq: modseq };
}

function openedOf(mailbox: MailboxRow, row: Row): OpenMailbox["opened"] {
  const uids = row["uids"] ?? null;
  const [first, last] = [row["first_uid"] ?? null, row["last_uid"] ?? null];
  const firstUnseen = row["first_unseen"] ?? null;
  const keywords = row["keywords"] ?? null;
  return {
    ...statusOf(mailbox),
    uids:
      uids !== null
        ? spansOf(String(uids))
        : first === null || last === null
          ? []
          : [{ first: Number(first), last: Number(last) }],
    firstUnseen: firstUnseen === null ? null : Number(firstUnseen),
    keywords: keywords === null ? [] : String(keywords).split(" ").sort(),
    specialUse: mailbox.specialUse,
    vanishedKnownFrom: mailbox.vanishedKnownFrom,
  };
}
