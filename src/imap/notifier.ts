import { formatStatus } from "./commands/status.ts";
import { listLine, namesOf, type Name, parentOf } from "./commands/list.ts";
import type { StatusItem } from "./command.ts";
import type { Context } from "./context.ts";
import type { MailboxNews, MailboxStatus } from "./mail.ts";
import type { EventName, Wishes } from "./wishes.ts";

/** What the client was told of a mailbox last. */
type Known = Pick<MailboxStatus, "uidNext" | "messages" | "unseen" | "highestModseq">;
type Port = Pick<Context, "mail" | "enabled">;

/** Mailboxes of which something is told: more would be a query each at every NOTIFY. */
export const mostWatched = 1_000;
/** News that wait to be told. */
const mostWaiting = 10_000;

/** Tells of mailboxes that are not selected what NOTIFY asked for (RFC 5465): STATUS of messages, LIST of names. */
export class Notifier {
  readonly wishes: Wishes;
  readonly #known: Map<string, Known>;
  #waiting: MailboxNews[] = [];
  #isOverflown = false;

  constructor(wishes: Wishes, known: readonly MailboxStatus[]) {
    this.wishes = wishes;
    this.#known = new Map(known.map((status) => [status.name, status]));
  }

  get hasNews(): boolean {
    return this.#waiting.length > 0 || this.#isOverflown;
  }

  /** More happened than can be remembered: all has to be told off (§5.8). */
  get isOverflown(): boolean {
    return this.#isOverflown;
  }

  hear(news: MailboxNews): void {
    // What a client causes itself is not told to it (§5).
    if (!this.wishes.hasOthers || news.isOwn === true) return;
    if (news.what === "messages" && this.#waiting.some((one) => one.what === "messages" && one.name === news.name))
      return;
    if (this.#waiting.length === mostWaiting) this.#isOverflown = true;
    else this.#waiting.push(news);
  }

  /** What happened since, as lines. `selectedId`: the selected mailbox, of whose messages nothing is told here. */
  async *tell(selectedId: number | null, port: Port): AsyncGenerator<string, void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const names = namesOf(await port.mail.list(), await port.mail.subscriptions());
    const eventsOf = (name: string): ReadonlySet<EventName> => {
      const isSubscribed = names.some((one) => one.name === name && one.isSubscribed);
      return this.wishes.eventsOf(name, isSubscribed);
    };
    const told = new Set<string>();
    for (const news of waiting) {
      if (news.what === "messages") {
        if (news.mailboxId !== selectedId) yield await this.#status(news.name, eventsOf(news.name), port);
        continue;
      }
      for (const [name, oldName] of affected(news, waiting)) {
        const events = eventsOf(name);
        const isAsked = events.has(news.what === "subscription" ? "SubscriptionChange" : "MailboxName");
        if (!isAsked || told.has(name)) continue;
        told.add(name);
        yield listLine(nameOf(name, names), { names, enabled: port.enabled, ...(oldName === null ? {} : { oldName }) });
      }
    }
  }

  async #status(name: string, events: ReadonlySet<EventName>, port: Port): Promise<string> {
    if (!events.has("MessageNew")) return "";
    const status = await port.mail.status(name);
    if ("refused" in status) return "";
    const items = itemsFor(status, this.#known.get(name), events.has("FlagChange"), port);
    this.#known.set(name, status);
    return items.length === 0 ? "" : formatStatus(items, status, port);
  }
}

/** §5.1 to §5.3: what tells the difference. */
function itemsFor(now: MailboxStatus, known: Known | undefined, tellsFlags: boolean, { enabled }: Port): StatusItem[] {
  const withModseq: StatusItem[] = enabled.condstore ? ["HIGHESTMODSEQ"] : [];
  if (known === undefined || known.uidNext !== now.uidNext || known.messages !== now.messages) {
    return ["MESSAGES", "UIDNEXT", "UIDVALIDITY", ...withModseq, ...(tellsFlags ? (["UNSEEN"] as const) : [])];
  }
  if (!tellsFlags || known.highestModseq === now.highestModseq) return [];
  if (!enabled.condstore && known.unseen === now.unseen) return [];
  return ["UIDVALIDITY", ...withModseq, "UNSEEN"];
}

/** The names that a change is told of, each with its old name (§5.4): children that were renamed with it are not. */
function affected(news: MailboxNews, all: readonly MailboxNews[]): (readonly [string, string | null])[] {
  const { what, name, oldName = null } = news;
  if (what === "subscription") return [[name, null]];
  if (what === "renamed" && oldName !== null) {
    const isWithParent = all.some((one) => {
      if (one.what !== "renamed" || one.oldName === undefined || one === news) return false;
      return oldName.startsWith(`${one.oldName}/`) && name === one.name + oldName.slice(one.oldName.length);
    });
    return isWithParent ? [] : [[name, oldName]];
  }
  const parent = parentOf(name);
  return parent === null
    ? [[name, null]]
    : [
        [name, null],
        [parent, null],
      ];
}

function nameOf(name: string, names: readonly Name[]): Name {
  return names.find((one) => one.name === name) ?? { name, mailbox: null, isSubscribed: false };
}
