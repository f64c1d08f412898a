import type { Command } from "../command.ts";
import type { Answer, Context, Desk } from "../context.ts";
import type { Completion } from "../response.ts";
import { mailboxId } from "./mailbox-id.ts";
import { refusalOf } from "./refusals.ts";

type Create = Extract<Command, { readonly name: "CREATE" }>;
type Rename = Extract<Command, { readonly name: "RENAME" }>;
type Named = { readonly mailbox: string };

/** CREATE (RFC 9051 §6.3.4): a hierarchy delimiter at the end says that names below are to come, and is no part of the name. */
export async function create({ mailbox, specialUse }: Create, { mail }: Context): Promise<Completion> {
  const made = await mail.create(mailbox.replace(/\/$/, ""), specialUse);
  if ("refused" in made) return refusalOf(made);
  return { status: "OK", code: `MAILBOXID (${mailboxId(made.id)})`, text: "Made" };
}

/** DELETE (RFC 9051 §6.3.5). Who deletes the mailbox that is selected has selected none. */
export async function* remove({ mailbox }: Named, { mail }: Context, desk: Desk): Answer {
  const refusal = await mail.delete(mailbox);
  if (refusal !== null) return refusalOf(refusal);
  if (desk.selected?.name === mailbox) {
    desk.select(null);
    yield "* OK [CLOSED] The selected mailbox is deleted\r\n";
  }
  return { status: "OK", text: "Deleted" };
}

export async function rename({ from, to }: Rename, { mail }: Context): Promise<Completion> {
  return outcome(await mail.rename(from, to.replace(/\/$/, "")), "Renamed");
}

export async function subscribe({ mailbox }: Named, { mail }: Context): Promise<Completion> {
  return outcome(await mail.subscribe(mailbox.replace(/\/$/, "")), "Subscribed");
}

export async function unsubscribe({ mailbox }: Named, { mail }: Context): Promise<Completion> {
  return outcome(await mail.unsubscribe(mailbox.replace(/\/$/, "")), "Unsubscribed");
}

function outcome(refusal: Parameters<typeof refusalOf>[0] | null, text: string): Completion {
  return refusal === null ? { status: "OK", text } : refusalOf(refusal);
}
