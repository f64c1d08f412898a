import type { MailboxNews, MailRefusal } from "../imap/mail.ts";
import {
  deleteSubscription,
  insertMailbox,
  insertSubscription,
  type MailboxRow,
  readSubscriptions,
  renameMailbox,
} from "../store/mailboxes.ts";
import { type Statement, UnitFailed } from "../store/store.ts";
import { isBelow, parentsOf } from "./mailbox-name.ts";
import type { MailboxContext, Owner } from "./surroundings.ts";
import { transferMessages } from "../store/messages.ts";

export type Renaming = {
  readonly context: MailboxContext;
  readonly owner: Owner;
  /** All of the account's. */
  readonly mailboxes: readonly MailboxRow[];
  readonly from: string;
  /** Checked as a name. */
  readonly to: string;
};

type Renamed = { readonly news: readonly MailboxNews[] };

export const exists: MailRefusal = { refused: "exists", text: "there is a mailbox of that name" };
const changedMeanwhile: MailRefusal = { refused: "exists", text: "mailboxes were changed in this moment: try again" };

/** A mailbox with its children, or a name that only children have (RFC 9051 §6.3.6); subscriptions go along. */
export async function renameAll(renaming: Renaming): Promise<Renamed | MailRefusal> {
  const { context, owner, mailboxes, from, to } = renaming;
  const moved = mailboxes.filter(({ name }) => name === from || isBelow(name, from));
  if (moved.length === 0) return { refused: "no-such-mailbox", text: "there is no such mailbox" };
  if (isBelow(to, from)) return { refused: "invalid-name", text: "a mailbox cannot become a child of its own" };
  const names = new Set(mailboxes.map(({ name }) => name));
  if (names.has(to)) return exists;
  const renamed = (name: string) => to + name.slice(from.length);
  if (moved.some(({ name }) => names.has(renamed(name)))) {
    return { refused: "exists", text: "there is a mailbox of the name that one of its children would get" };
  }
  const parents = missingParents(renaming, names);
  const subscribed = await context.store.read(readSubscriptions(owner.accountId));
  const unit: Statement[] = [...parents.unit, ...moved.map((mailbox) => renameMailbox(mailbox, renamed(mailbox.name)))];
  for (const row of subscribed) {
    const name = String(row["name"]);
    if (name !== from && !isBelow(name, from)) continue;
    unit.push(deleteSubscription(owner.accountId, name), insertSubscription(owner.accountId, renamed(name)));
  }
  if (!(await isCommitted(context, unit))) return changedMeanwhile;
  const news = moved.map(({ id, name }): MailboxNews => ({
    mailboxId: id,
    what: "renamed",
    name: renamed(name),
    oldName: name,
  }));
  return { news: [...parents.news, ...news] };
}

/** INBOX stays, its messages go into a new mailbox; children of INBOX stay too (RFC 9051 §6.3.6). */
export async function renameInbox(renaming: Renaming): Promise<Renamed | MailRefusal> {
  const { context, owner, mailboxes, to } = renaming;
  const inbox = mailboxes.find(({ name }) => name === "INBOX");
  if (inbox === undefined) return { refused: "no-such-mailbox", text: "there is no INBOX" };
  const names = new Set(mailboxes.map(({ name }) => name));
  if (names.has(to)) return exists;
  const parents = missingParents(renaming, names);
  const id = context.store.nextId();
  const { accountId } = owner;
  const transferred = transferMessages({
    accountId,
    from: inbox.id,
    to: id,
    uids: inbox.uidNext > 1 ? [{ first: 1, last: inbox.uidNext - 1 }] : [],
    savedAt: context.now(),
    isMove: true,
  });
  const made = insertMailbox({ id, accountId, name: to, specialUse: null }, context.now());
  if (!(await isCommitted(context, [...parents.unit, ...made, ...transferred]))) return changedMeanwhile;
  return {
    news: [
      ...parents.news,
      { mailboxId: id, what: "created", name: to },
      { mailboxId: inbox.id, what: "messages", name: "INBOX" },
    ],
  };
}

function missingParents({ context, owner, to }: Renaming, names: ReadonlySet<string>) {
  const missing = parentsOf(to).filter((parent) => !names.has(parent));
  const made = missing.map((name) => ({
    id: context.store.nextId(),
    accountId: owner.accountId,
    name,
    specialUse: null,
  }));
  return {
    unit: made.flatMap((mailbox) => insertMailbox(mailbox, context.now())),
    news: made.map(({ id, name }): MailboxNews => ({ mailboxId: id, what: "created", name })),
  };
}

async function isCommitted({ store }: MailboxContext, unit: readonly Statement[]): Promise<boolean> {
  try {
    await store.commit(unit);
    return true;
  } catch (error) {
    if (error instanceof UnitFailed) return false;
    throw error;
  }
}
