import { overlap } from "../address/intervals.ts";
import type {
  Appended,
  AppendedMessage,
  Copied,
  FlagChange,
  MailboxChanges,
  MailboxNews,
  MailRefusal,
  MessageContent,
  MessageRow,
  OpenMailbox,
  SearchText,
  Stored,
  Wanted,
} from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { mailboxOf, readMailbox } from "../store/mailboxes.ts";
import { readContentOf } from "../store/message-rows.ts";
import { deleteUnneeded, expungeMessages, readContents } from "../store/messages.ts";
import { appendedOf, keepAll, prepareAppending, whyNot } from "./appending.ts";
import { changesIn } from "./changes.ts";
import { storeFlags } from "./flag-change.ts";
import { forgetOld } from "./forgetting.ts";
import type { Keywords } from "./keywords.ts";
import { contentOf } from "./message-content.ts";
import { readRows } from "./message-reader.ts";
import type { News } from "./news.ts";
import { removeFiles, removeDeleted, removeTogether } from "./removal.ts";
import type { MailboxContext, Owner } from "./surroundings.ts";
import { transfer, type Transferred } from "./transfer.ts";
import { count, upTo } from "./uid-list.ts";

/** Moments of the past of which it is known what the next UID was. */
const mostMoments = 8;

/** One mailbox as one session has it open. */
export class OpenedMailbox implements OpenMailbox {
  readonly isReadOnly: boolean;
  readonly opened: OpenMailbox["opened"];
  readonly #context: MailboxContext;
  readonly #owner: Owner;
  readonly #keywords: Keywords;
  readonly #by: object;
  readonly #endWatch: () => void;
  /** The highest modification sequence that is known of, and whether there may be higher ones. */
  #highest: number;
  #isStale = false;
  /** Modification sequence → the next UID then. */
  readonly #moments = new Map<number, number>();
  #uidNext: number;

  constructor(
    context: MailboxContext,
    account: { readonly owner: Owner; readonly keywords: Keywords; readonly by: object },
    { opened, isReadOnly }: { readonly opened: OpenMailbox["opened"]; readonly isReadOnly: boolean },
  ) {
    this.#context = context;
    this.#owner = account.owner;
    this.#keywords = account.keywords;
    this.#by = account.by;
    this.opened = opened;
    this.isReadOnly = isReadOnly;
    this.#highest = opened.highestModseq;
    this.#uidNext = opened.uidNext;
    this.#moments.set(opened.highestModseq, opened.uidNext);
    this.#endWatch = context.news.watch(account.owner.accountId, (news) => this.#hear(news));
  }

  close(): void {
    this.#endWatch();
  }

  hasChangedSince(modseq: number): boolean {
    return this.#isStale || this.#highest > modseq;
  }

  async changesSince(modseq: number): Promise<MailboxChanges> {
    // Before the read: what is committed while it runs is news again.
    this.#isStale = false;
    let changes: MailboxChanges;
    try {
      changes = await changesIn(this.#context.store, this.opened.id, {
        modseq,
        uidNext: this.#moments.get(modseq) ?? null,
      });
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
    this.#note(changes.highestModseq, changes.uidNext);
    // This session has told of them: they are \Recent for no other (RFC 3501 §2.3.2).
    if (!this.isReadOnly && changes.added.length > 0) this.#context.recents.take(this.opened.id, changes.uidNext);
    return changes;
  }

  rows(uids: Numbers, want: Wanted): AsyncIterable<readonly MessageRow[]> {
    return readRows(this.#context, { mailboxId: this.opened.id, uids: this.#possible(uids) }, want);
  }

  async content(uid: number): Promise<MessageContent | null> {
    const [row] = await this.#context.store.read(readContentOf(this.opened.id, uid));
    return row === undefined ? null : contentOf(row, this.#context.contents);
  }

  async candidates(texts: readonly SearchText[], within: Numbers): Promise<Numbers | null> {
    const found = await this.#context.search?.candidates(this.opened.id, texts);
    return found === undefined || found === null ? null : overlap(found, within);
  }

  async store(uids: Numbers, change: FlagChange): Promise<Stored> {
    const keywords = await this.#keywords.spell(change.flags, change.change !== "remove");
    const flags = { system: change.flags.system, keywords };
    const where = { mailboxId: this.opened.id, uids: this.#possible(uids) };
    const stored = await storeFlags(this.#context.store, where, { ...change, flags });
    this.#tell({ modseq: stored.highestModseq });
    return stored;
  }

  async expunge(uids: Numbers): Promise<{ readonly uids: Numbers; readonly modseq: number }> {
    const { accountId } = this.#owner;
    const from = { accountId, mailboxId: this.opened.id, uids: this.#possible(uids) };
    const removed = await removeDeleted(this.#context, from);
    if (removed.modseq !== null) this.#gone(removed.modseq, count(removed.uids));
    return { uids: removed.uids, modseq: removed.modseq ?? this.#highest };
  }

  async remove(uids: Numbers): Promise<{ readonly uids: Numbers; readonly modseq: number }> {
    const { accountId } = this.#owner;
    const from = { accountId, mailboxId: this.opened.id, uids: this.#possible(uids) };
    const removed = await removeTogether(this.#context, from);
    if (removed.modseq !== null) this.#gone(removed.modseq, count(removed.uids));
    return { uids: removed.uids, modseq: removed.modseq ?? this.#highest };
  }

  async copy(uids: Numbers, to: string): Promise<Copied | MailRefusal> {
    return this.#transfer(uids, { to, isMove: false });
  }

  async move(uids: Numbers, to: string): Promise<(Copied & { readonly modseq: number }) | MailRefusal> {
    const moved = await this.#transfer(uids, { to, isMove: true });
    return "refused" in moved ? moved : { ...moved, modseq: moved.modseq ?? this.#highest };
  }

  async replace(uid: number, to: string, message: AppendedMessage): Promise<Appended | MailRefusal> {
    const { store } = this.#context;
    const target = await this.#mailboxCalled(to);
    if ("refused" in target) return target;
    const from = { accountId: this.#owner.accountId, mailboxId: this.opened.id };
    const uids = [{ first: uid, last: uid }];
    const contentIds: number[] = [];
    for (const query of readContents(this.opened.id, uids, "all")) {
      for (const row of await store.read(query)) contentIds.push(Number(row["content_id"]));
    }
    const into = { mailboxId: target.id, owner: this.#owner, keywords: this.#keywords };
    const appending = await prepareAppending(this.#context, into, [message]);
    try {
      const returned = await store.commit([
        // What is replaced makes room first.
        ...expungeMessages(from, uids, "all"),
        ...appending.unit,
        ...deleteUnneeded(contentIds),
      ]);
      keepAll([message]);
      this.#tell({});
      if (target.id !== this.opened.id) this.#tellOf(target);
      removeFiles(this.#context, returned.slice(3));
      return appendedOf([returned[2]?.[0]]);
    } catch (error) {
      return whyNot(error, this.#context, { octets: appending.octets, owner: this.#owner });
    }
  }

  async #transfer(
    uids: Numbers,
    { to, isMove }: { readonly to: string; readonly isMove: boolean },
  ): Promise<Transferred | MailRefusal> {
    const target = await this.#mailboxCalled(to);
    if ("refused" in target) return target;
    const asked = { owner: this.#owner, from: this.opened.id, to: target.id, uids: this.#possible(uids), isMove };
    const done = await transfer(this.#context, asked);
    if ("refused" in done || count(done.from) === 0) return done;
    if (isMove) this.#tell(done.modseq === null || target.id === this.opened.id ? {} : { modseq: done.modseq });
    this.#tellOf(target);
    const { modseq } = done;
    if (modseq !== null) {
      void forgetOld(this.#context.store, { mailboxId: this.opened.id, modseq, gone: count(done.from) });
    }
    return done;
  }

  async #mailboxCalled(name: string): Promise<{ readonly id: number; readonly name: string } | MailRefusal> {
    const [row] = await this.#context.store.read(readMailbox(this.#owner.accountId, name));
    return row === undefined ? { refused: "no-such-mailbox", text: "there is no such mailbox" } : mailboxOf(row);
  }

  #gone(modseq: number, gone: number): void {
    this.#tell({ modseq });
    void forgetOld(this.#context.store, { mailboxId: this.opened.id, modseq, gone });
  }

  /** Among the UIDs that were given out so far, as far as is known here. */
  #possible(uids: Numbers): Numbers {
    return upTo(uids, this.#uidNext - 1);
  }

  #tell(known: { readonly modseq?: number }): void {
    const { id, name } = this.opened;
    const news: News = { mailboxId: id, what: "messages", name, by: this.#by, ...known };
    this.#context.news.tell(this.#owner.accountId, news);
  }

  #tellOf({ id, name }: Pick<MailboxNews, "name"> & { readonly id: number }): void {
    this.#context.news.tell(this.#owner.accountId, { mailboxId: id, what: "messages", name, by: this.#by });
  }

  #hear({ mailboxId, what, modseq }: News): void {
    if (mailboxId !== this.opened.id) return;
    if (what === "messages" && modseq !== undefined) this.#highest = Math.max(this.#highest, modseq);
    else if (what === "messages" || what === "deleted") this.#isStale = true;
  }

  #note(modseq: number, uidNext: number): void {
    this.#highest = Math.max(this.#highest, modseq);
    this.#uidNext = Math.max(this.#uidNext, uidNext);
    this.#moments.delete(modseq);
    this.#moments.set(modseq, uidNext);
    const [oldest] = this.#moments.keys();
    if (this.#moments.size > mostMoments && oldest !== undefined) this.#moments.delete(oldest);
  }
}
