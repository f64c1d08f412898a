import type { FetchItem, Notify, NotifyEvent, NotifyGroup } from "./command.ts";

export type EventName = NotifyEvent["event"];

/** Events that can be told of here (RFC 5465 §5); there are no annotations and no metadata. */
export const knownEvents: readonly EventName[] = [
  "MessageNew",
  "MessageExpunge",
  "FlagChange",
  "MailboxName",
  "SubscriptionChange",
];

/** What is told of the selected mailbox without being asked; null: nothing, it stands still for the client. */
export type SelectedWish = {
  /** "delayed": only where a command lets EXPUNGE be told. */
  readonly expunge: "at once" | "delayed";
  /** What to fetch of new messages. */
  readonly items: readonly FetchItem[];
  readonly flags: boolean;
} | null;

/** What a client asked for with NOTIFY (RFC 5465). */
export class Wishes {
  readonly selected: SelectedWish;
  readonly #groups: readonly NotifyGroup[];

  constructor(set: Notify["set"]) {
    this.#groups = (set?.groups ?? []).filter(({ where }) => !isSelected(where));
    this.selected = selectedWish(set?.groups.find(({ where }) => isSelected(where)));
  }

  /** Whether anything is asked for. */
  get isNone(): boolean {
    return this.selected === null && this.#groups.every(({ events }) => events === null);
  }

  /** Whether something is asked for of mailboxes that are not selected. */
  get hasOthers(): boolean {
    return this.#groups.some(({ events }) => events !== null);
  }

  /** Events of a mailbox that is not selected, of all groups that it is in (§6). */
  eventsOf(name: string, isSubscribed: boolean): ReadonlySet<EventName> {
    const groups = this.#groups.filter(({ where }) => isIn(name, isSubscribed, where));
    return new Set(groups.flatMap(({ events }) => (events ?? []).map(({ event }) => event)));
  }
}

/** Why a NOTIFY is refused: the flaw is the client's (BAD), or we cannot tell of such an event (NO). */
export function flawOf(set: NonNullable<Notify["set"]>): "twice selected" | "not of messages" | "unknown event" | null {
  const selected = set.groups.filter(({ where }) => isSelected(where));
  if (selected.length > 1) return "twice selected";
  const events = new Set(set.groups.flatMap((group) => (group.events ?? []).map(({ event }) => event)));
  if ([...events].some((event) => !knownEvents.includes(event))) return "unknown event";
  const isOfMessages = ({ event }: NotifyEvent) => event !== "MailboxName" && event !== "SubscriptionChange";
  return selected.every((group) => (group.events ?? []).every(isOfMessages)) ? null : "not of messages";
}

const isSelected = ({ is }: NotifyGroup["where"]): boolean => is === "selected" || is === "selected-delayed";

function selectedWish(group: NotifyGroup | undefined): SelectedWish {
  const events = group?.events ?? null;
  if (group === undefined || events === null) return null;
  const added = events.find(({ event }) => event === "MessageNew");
  if (added?.event !== "MessageNew") return null;
  return {
    expunge: group.where.is === "selected" ? "at once" : "delayed",
    items: added.items,
    flags: events.some(({ event }) => event === "FlagChange"),
  };
}

function isIn(name: string, isSubscribed: boolean, where: NotifyGroup["where"]): boolean {
  switch (where.is) {
    case "personal":
    // Plus-addressing delivers to any of them (§6.3: then it is as "personal").
    case "inboxes":
      return true;
    case "subscribed":
      return isSubscribed;
    case "mailboxes":
      return where.mailboxes.includes(name);
    case "subtree":
      return where.mailboxes.some((above) => name === above || name.startsWith(`${above}/`));
    default:
      return false;
  }
}
