import type { Select } from "../command.ts";
import type { Answer, Context, Desk } from "../context.ts";
import { hasUtf8Names, tellsRecent } from "../enabled.ts";
import { formatMailboxName } from "../format.ts";
import { KnownKeywords } from "../known-keywords.ts";
import type { OpenMailbox } from "../mail.ts";
import { View } from "../view.ts";
import { mailboxId } from "./mailbox-id.ts";
import { refusalOf } from "./refusals.ts";
import { catchUp } from "./resync.ts";

/** SELECT and EXAMINE (RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5). */
export async function* select(command: Select, context: Context, desk: Desk): Answer {
  const { mail, enabled } = context;
  const { qresync } = command;
  if (qresync !== null && !enabled.qresync) return { status: "BAD", text: "QRESYNC has to be enabled first" };
  // RFC 9051 §6.3.2: whatever becomes of it, the mailbox from before is left.
  if (desk.selected !== null) {
    desk.select(null);
    yield "* OK [CLOSED] The mailbox from before is closed\r\n";
  }
  const mailbox = await mail.open(command.mailbox, command.name === "SELECT" ? "read-write" : "read-only");
  if ("refused" in mailbox) return refusalOf(mailbox);
  if (command.condstore) desk.enable(["condstore"]);
  const { opened } = mailbox;
  const view = new View(opened);
  const keywords = new KnownKeywords({ isReadOnly: mailbox.isReadOnly, keywords: opened.keywords });
  desk.select({ name: opened.name, mailbox, view, keywords, searches: new Map() });
  const lines = [`* ${view.count} EXISTS`];
  if (tellsRecent(enabled)) {
    lines.push(`* ${view.recent} RECENT`);
    if (opened.firstUnseen !== null)
      lines.push(`* OK [UNSEEN ${view.numberOf(opened.firstUnseen)}] First unread message`);
  } else lines.push(`* LIST () "/" ${formatMailboxName(opened.name, hasUtf8Names(enabled))}`);
  yield [keywords.lines, ...lines, ...numberLines(mailbox), ""].join("\r\n");
  if (qresync !== null && qresync.uidValidity === opened.uidValidity) yield* catchUp(qresync, { mailbox, view });
  return mailbox.isReadOnly
    ? { status: "OK", code: "READ-ONLY", text: "Open for reading" }
    : { status: "OK", code: "READ-WRITE", text: "Open" };
}

function numberLines({ opened }: OpenMailbox): string[] {
  return [
    `* OK [UIDVALIDITY ${opened.uidValidity}] UIDs are valid`,
    `* OK [UIDNEXT ${opened.uidNext}] The next UID`,
    `* OK [HIGHESTMODSEQ ${opened.highestModseq}] The newest change`,
    `* OK [MAILBOXID (${mailboxId(opened.id)})] The mailbox whatever its name`,
  ];
}

/** What a client has missed since it was here (RFC 7162 §3.2.5): first who went, then who came or changed. */
