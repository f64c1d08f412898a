import type { Command, StatusItem } from "../command.ts";
import type { Answer, Context } from "../context.ts";
import { hasUtf8Names } from "../enabled.ts";
import { formatMailboxName } from "../format.ts";
import type { MailboxStatus } from "../mail.ts";
import { mailboxId } from "./mailbox-id.ts";
import { refusalOf } from "./refusals.ts";

/** STATUS (RFC 9051 §6.3.11). */
export async function* status(command: Extract<Command, { name: "STATUS" }>, context: Context): Answer {
  const found = await context.mail.status(command.mailbox);
  if ("refused" in found) return refusalOf(found);
  yield formatStatus(command.items, found, context);
  return { status: "OK", text: "Told" };
}

/** One STATUS response with these items, in this order. */
export function formatStatus(
  items: readonly StatusItem[],
  found: MailboxStatus,
  { mail, enabled }: Pick<Context, "mail" | "enabled">,
): string {
  const told = items.map((item) => `${item} ${valueOf(item, found, mail.appendLimit)}`);
  return `* STATUS ${formatMailboxName(found.name, hasUtf8Names(enabled))} (${told.join(" ")})\r\n`;
}

function valueOf(item: StatusItem, status: MailboxStatus, appendLimit: number): string | number {
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "RECENT":
      return status.recent;
    case "UIDNEXT":
      return status.uidNext;
    case "UIDVALIDITY":
      return status.uidValidity;
    case "UNSEEN":
      return status.unseen;
    case "DELETED":
      return status.deleted;
    case "SIZE":
      return status.octets;
    case "HIGHESTMODSEQ":
      return status.highestModseq;
    case "APPENDLIMIT":
      return appendLimit;
    case "MAILBOXID":
      return `(${mailboxId(status.id)})`;
    case "DELETED-STORAGE":
      return status.deletedOctets;
    default:
      return item satisfies never;
  }
}
