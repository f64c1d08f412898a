import type { Command, FetchItem, NotifyEvent, NotifyGroup } from "./command.ts";
import { readItemList } from "./parse-fetch.ts";
import type { Scanner } from "./scanner.ts";
import { readMailbox, type Syntax } from "./syntax.ts";

const openBracket = "(".charCodeAt(0);

/** RFC 5465 §8. */
export function parseNotify(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("SET or NONE");
  if (scanner.oneOf("SET or NONE", ["SET", "NONE"]) === "NONE") return { name: "NOTIFY", set: null };
  const groups: NotifyGroup[] = [];
  scanner.space("groups of events");
  const status = scanner.peekWord() === "STATUS";
  if (status) {
    scanner.word();
    scanner.space("groups of events");
  }
  do groups.push(readGroup(scanner, syntax));
  while (scanner.more());
  return { name: "NOTIFY", set: { status, groups } };
}

const filters = {
  SELECTED: "selected",
  "SELECTED-DELAYED": "selected-delayed",
  INBOXES: "inboxes",
  PERSONAL: "personal",
  SUBSCRIBED: "subscribed",
  SUBTREE: "subtree",
  MAILBOXES: "mailboxes",
} as const;

const filterNames = Object.keys(filters) as (keyof typeof filters)[];

function readGroup(scanner: Scanner, syntax: Syntax): NotifyGroup {
  scanner.expect("(");
  const where = readWhere(scanner, syntax);
  scanner.space("events");
  let events: NotifyEvent[] | null = null;
  if (scanner.peek() === openBracket)
    events = readEvents(scanner, where.is === "selected" || where.is === "selected-delayed");
  else scanner.oneOf("events or NONE", ["NONE"]);
  scanner.blanks();
  scanner.expect(")");
  return { where, events };
}

function readWhere(scanner: Scanner, syntax: Syntax): NotifyGroup["where"] {
  const name = scanner.oneOf("which mailboxes", filterNames);
  const is = filters[name ?? "SELECTED"];
  if (is !== "subtree" && is !== "mailboxes") return { is };
  const mailboxes: string[] = [];
  scanner.space("mailbox names");
  if (scanner.peek() === openBracket) {
    scanner.list("mailbox names", () => mailboxes.push(readMailbox(scanner, syntax)));
  } else mailboxes.push(readMailbox(scanner, syntax));
  return { is, mailboxes };
}

const eventNames = [
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
  "AnnotationChange",
  "MailboxName",
  "SubscriptionChange",
  "MailboxMetadataChange",
  "ServerMetadataChange",
] as const satisfies readonly NotifyEvent["event"][];

function readEvents(scanner: Scanner, isSelected: boolean): NotifyEvent[] {
  const events: NotifyEvent[] = [];
  scanner.list("events", () => {
    const word = scanner.word();
    const event = eventNames.find((name) => name.toUpperCase() === word);
    if (event === undefined) refuseEvent(scanner, word);
    else if (event === "MessageNew") events.push({ event, items: readNewItems(scanner, isSelected) });
    else events.push({ event });
  });
  refuseHalves(scanner, new Set(events.map(({ event }) => event)));
  return events;
}

function refuseEvent(scanner: Scanner, word: string): void {
  if (word === "") scanner.expected("an event");
  else scanner.refuse(`${word} is no event that is known here`, "NO", `BADEVENT (${eventNames.join(" ")})`);
}

/** Only for the selected mailbox is there somebody to whom messages could be shown (RFC 5465 §5.2). */
function readNewItems(scanner: Scanner, isSelected: boolean): readonly FetchItem[] {
  if (!scanner.startsWith(" (")) return [];
  scanner.blanks();
  if (!isSelected) scanner.refuse("Only SELECTED mailboxes can say what to fetch of new messages");
  return readItemList(scanner);
}

/** RFC 5465 §5.1 to §5.3: who is told of one of them needs the others to stay right. */
function refuseHalves(scanner: Scanner, events: ReadonlySet<NotifyEvent["event"]>): void {
  const hasNew = events.has("MessageNew");
  if (hasNew !== events.has("MessageExpunge")) {
    scanner.refuse("MessageNew and MessageExpunge need each other");
  } else if (!hasNew && (events.has("FlagChange") || events.has("AnnotationChange"))) {
    scanner.refuse("FlagChange and AnnotationChange need MessageNew and MessageExpunge");
  }
}
