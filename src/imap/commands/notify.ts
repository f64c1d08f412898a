import type { Notify, StatusItem } from "../command.ts";
import type { Answer, Context, Desk } from "../context.ts";
import type { MailboxStatus } from "../mail.ts";
import { mostWatched } from "../notifier.ts";
import { type EventName, flawOf, knownEvents, Wishes } from "../wishes.ts";
import { formatStatus } from "./status.ts";

/** NOTIFY (RFC 5465). What has happened in the selected mailbox is told by the session, as after every command. */
export async function* notify({ set }: Notify, context: Context, desk: Desk): Answer {
  const flaw = set === null ? null : flawOf(set);
  if (flaw === "unknown event") {
    return { status: "NO", code: `BADEVENT (${knownEvents.join(" ")})`, text: "Of such events nothing is known here" };
  }
  if (flaw !== null) return { status: "BAD", text: flawTexts[flaw] };
  const wishes = new Wishes(set);
  const watched = await watchedBy(wishes, context);
  if (watched === null) {
    return { status: "NO", code: "NOTIFICATIONOVERFLOW", text: `More than ${mostWatched} mailboxes cannot be watched` };
  }
  if (set?.status === true) {
    for (const { status, events } of watched) {
      if (status.id !== desk.selected?.mailbox.opened.id) yield formatStatus(itemsFor(events), status, context);
    }
  }
  desk.notify(
    wishes,
    watched.map(({ status }) => status),
  );
  return { status: "OK", text: set === null ? "Nothing is told any more" : "This is told from now on" };
}

const flawTexts = {
  "twice selected": "Only one group can be for the selected mailbox",
  "not of messages": "Of the selected mailbox only events of messages can be told",
} as const;

/** §3.1. Every server of ours has modification sequences. */
function itemsFor(events: ReadonlySet<EventName>): StatusItem[] {
  const items: StatusItem[] = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
  return events.has("FlagChange") ? [...items, "HIGHESTMODSEQ", "UNSEEN"] : items;
}

type Watched = { readonly status: MailboxStatus; readonly events: ReadonlySet<EventName> };

/** The mailboxes of whose messages something is told, as they are now; null: they are too many. */
async function watchedBy(wishes: Wishes, { mail }: Context): Promise<Watched[] | null> {
  if (!wishes.hasOthers) return [];
  const mailboxes = (await mail.list())
    .filter(({ isSelectable }) => isSelectable)
    .map(({ name, isSubscribed }) => ({ name, events: wishes.eventsOf(name, isSubscribed) }))
    .filter(({ events }) => events.has("MessageNew"));
  if (mailboxes.length > mostWatched) return null;
  const watched: Watched[] = [];
  for (const { name, events } of mailboxes) {
    const status = await mail.status(name);
    if (!("refused" in status)) watched.push({ status, events });
  }
  return watched;
}
