import type { Appended, AppendedMessage, MailRefusal } from "../imap/mail.ts";
import { insertImported } from "../store/imports.ts";
import { appendMessage, charge } from "../store/messages.ts";
import { type Row, type Statement, UnitFailed } from "../store/store.ts";
import type { Keywords } from "./keywords.ts";
import { UnsavedMessage } from "./message-writer.ts";
import { overQuota, roomFor } from "./quota.ts";
import type { MailboxContext, Owner } from "./surroundings.ts";
import { spansOf } from "./uid-list.ts";

/** The part of a unit that puts messages into a mailbox. */
export type Appending = { readonly unit: readonly Statement[]; readonly octets: number };

export async function prepareAppending(
  { now }: Pick<MailboxContext, "now">,
  into: { readonly mailboxId: number; readonly owner: Owner; readonly keywords: Keywords },
  messages: readonly AppendedMessage[],
): Promise<Appending> {
  const unit: Statement[] = [];
  let octets = 0;
  const { accountId } = into.owner;
  for (const { flags, internalDate, content, importedAs } of messages) {
    if (!(content instanceof UnsavedMessage)) throw new Error("a message that was not written here");
    const { content: stored, textExtra } = content;
    unit.push(...content.inserts);
    if (importedAs !== undefined) unit.push(insertImported(accountId, importedAs));
    const spelt = await into.keywords.spell(flags, true);
    octets += stored.size;
    unit.push(
      ...appendMessage(into.mailboxId, {
        contentId: stored.id,
        size: stored.size,
        textExtra,
        system: flags.system,
        keywords: spelt,
        internalDate,
        savedAt: now(),
      }),
    );
  }
  unit.push(charge(accountId, octets, roomFor(octets, into.owner)));
  return { unit, octets };
}

/** Of the rows that the unit returned, one for each message. */
export function appendedOf(rows: readonly (Row | undefined)[]): Appended {
  return {
    uidValidity: Number(rows[0]?.["uid_validity"]),
    uids: spansOf(rows.map((row) => Number(row?.["uid"]))),
  };
}

/** They are in a mailbox: what is discarded later is not theirs. */
export function keepAll(messages: readonly AppendedMessage[]): void {
  for (const { content } of messages) if (content instanceof UnsavedMessage) content.keep();
}

/** Why a unit that appends failed: the account is full, or else the mailbox went meanwhile. */
export async function whyNot(
  error: unknown,
  { store }: Pick<MailboxContext, "store">,
  { octets, owner }: { readonly octets: number; readonly owner: Owner },
): Promise<MailRefusal> {
  if (!(error instanceof UnitFailed)) throw error;
  return (await overQuota(store, octets, owner)) ?? { refused: "no-such-mailbox", text: "the mailbox is gone" };
}
