import { overlap } from "../address/intervals.ts";
import { capabilitiesOf, type Offer } from "./capabilities.ts";
import type { Command, Fetch } from "./command.ts";
import { append } from "./commands/append.ts";
import { copy, move } from "./commands/copy.ts";
import { expunge, expungeSilently } from "./commands/expunge.ts";
import { fetch } from "./commands/fetch.ts";
import { list } from "./commands/list.ts";
import { lsub } from "./commands/lsub.ts";
import * as mailboxes from "./commands/mailboxes.ts";
import { notify } from "./commands/notify.ts";
import { getQuota, getQuotaRoot, setQuota } from "./commands/quota.ts";
import { replace } from "./commands/replace.ts";
import { search } from "./commands/search.ts";
import { select } from "./commands/select.ts";
import { sort } from "./commands/sort.ts";
import { status } from "./commands/status.ts";
import { store } from "./commands/store.ts";
import { thread } from "./commands/thread.ts";
import { impliesCondstore } from "./condstore.ts";
import type { Answer, Context, Desk, Selected, SelectedContext } from "./context.ts";
import { type Enabled, enabledBy, tellsUidUnasked } from "./enabled.ts";
import { together, type Unasked } from "./fetch/unasked.ts";
import type { Mail, MailboxChanges, MailboxNews, MailboxStatus } from "./mail.ts";
import { Notifier } from "./notifier.ts";
import type { Chunk, Completion } from "./response.ts";
import { Wishes } from "./wishes.ts";

type Phase = "not authenticated" | "authenticated" | "selected";

const everywhere: readonly Phase[] = ["not authenticated", "authenticated", "selected"];
const before: readonly Phase[] = ["not authenticated"];
const after: readonly Phase[] = ["authenticated", "selected"];
const inMailbox: readonly Phase[] = ["selected"];

/** Which command may come in which state (RFC 9051 §3, §6). */
const mayCome = {
  CAPABILITY: everywhere,
  NOOP: everywhere,
  LOGOUT: everywhere,
  ID: everywhere,
  STARTTLS: before,
  AUTHENTICATE: before,
  LOGIN: before,
  // RFC 5161 §3.1: before a mailbox is selected, so that nothing changes under it.
  ENABLE: ["authenticated"],
  SELECT: after,
  EXAMINE: after,
  CREATE: after,
  DELETE: after,
  RENAME: after,
  SUBSCRIBE: after,
  UNSUBSCRIBE: after,
  LIST: after,
  LSUB: after,
  NAMESPACE: after,
  STATUS: after,
  APPEND: after,
  IDLE: after,
  NOTIFY: after,
  GETQUOTA: after,
  GETQUOTAROOT: after,
  SETQUOTA: after,
  CHECK: inMailbox,
  CLOSE: inMailbox,
  UNSELECT: inMailbox,
  EXPUNGE: inMailbox,
  "UID EXPUNGE": inMailbox,
  SEARCH: inMailbox,
  SORT: inMailbox,
  THREAD: inMailbox,
  CANCELUPDATE: inMailbox,
  FETCH: inMailbox,
  STORE: inMailbox,
  COPY: inMailbox,
  MOVE: inMailbox,
  REPLACE: inMailbox,
} as const satisfies Record<Command["name"], readonly Phase[]>;

const untimely: Readonly<Record<Phase, string>> = {
  "not authenticated": "Log in first",
  authenticated: "Select a mailbox first",
  selected: "A mailbox is selected: too late for this",
};

/** What the driver has to do now. */
export type Step =
  | {
      readonly do: "say";
      readonly text: string;
      /** A password crossed the wire in clear although it could not be used here: say so aloud. */
      readonly isSecretExposed?: true;
    }
  /** Send what it yields, the tagged line included. It throws when we, or the store, cannot go on: then `failed`. */
  | { readonly do: "answer"; readonly chunks: AsyncGenerator<Chunk, void> }
  /** Find out, then `loggedIn` or `refuse`. */
  | { readonly do: "login"; readonly login: string; readonly password: string }
  | { readonly do: "authenticate"; readonly mechanism: string; readonly initial: Buffer | null }
  /** Send the text, drop what came behind it, shake hands. */
  | { readonly do: "startTls"; readonly text: string }
  /** Send the text, tell the `news` while there are any, until a line comes; then `idled`. */
  | { readonly do: "idle"; readonly text: string }
  | { readonly do: "logout"; readonly text: string };

export type SessionOptions = {
  /** What may be offered now: TLS may have come in between. */
  readonly offer: () => Offer;
  readonly now: () => number;
};

/** One IMAP session without its socket: states, what is enabled, which mailbox is selected. */
export class Session implements Desk {
  readonly enabled: Enabled = { condstore: false, qresync: false, utf8: false, rev2: false };
  readonly #options: SessionOptions;
  #mail: Mail | null = null;
  #selected: Selected | null = null;
  /** null: NOTIFY has not been used. */
  #notifier: Notifier | null = null;
  #faults = 0;
  #isOver = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Commands that were BAD so far. */
  get faults(): number {
    return this.#faults;
  }

  /** BYE was said: the connection ends. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get mail(): Mail | null {
    return this.#mail;
  }

  get selected(): Selected | null {
    return this.#selected;
  }

  greeting(hostname: string): string {
    return `* OK [${this.#capability}] ${hostname} is ready\r\n`;
  }

  /** What a command leads to. Only one at a time: a command is looked at when the one before is answered (RFC 9051 §5.5). */
  next(tag: string, command: Command): Step {
    const allowed: readonly Phase[] = mayCome[command.name];
    const phase = this.#phase;
    if (!allowed.includes(phase)) {
      const isLoggedIn =
        phase !== "not authenticated" && !allowed.includes("authenticated") && allowed.includes("not authenticated");
      const text = isLoggedIn ? "You are logged in already" : untimely[phase];
      return { do: "say", text: this.complete(tag, { status: "BAD", text }) };
    }
    switch (command.name) {
      case "CAPABILITY":
        return this.#say(tag, { status: "OK", text: "That is all" }, `* ${this.#capability}\r\n`);
      case "ID":
        return this.#say(tag, { status: "OK", text: "And you?" }, '* ID ("name" "Gatepost")\r\n');
      case "LOGOUT":
        return { do: "logout", text: `* BYE Until next time\r\n${this.complete(tag, { status: "OK", text: "Bye" })}` };
      case "STARTTLS":
        if (this.#options.offer().mayStartTls) return { do: "startTls", text: `${tag} OK Begin TLS now\r\n` };
        return this.#say(tag, { status: "BAD", text: "TLS cannot begin here" });
      case "LOGIN":
        if (this.#options.offer().mechanisms.length > 0)
          return { do: "login", login: command.login, password: command.password };
        return {
          do: "say",
          text: this.complete(tag, { status: "NO", code: "PRIVACYREQUIRED", text: "Begin TLS first" }),
          isSecretExposed: true,
        };
      case "AUTHENTICATE":
        return { do: "authenticate", mechanism: command.mechanism, initial: command.initial };
      case "ENABLE": {
        const { on, told } = enabledBy(command.capabilities);
        this.enable(on);
        return this.#say(tag, { status: "OK", text: "Enabled" }, `* ENABLED${told}\r\n`);
      }
      case "NAMESPACE":
        return this.#say(tag, { status: "OK", text: "Told" }, '* NAMESPACE (("" "/")) NIL NIL\r\n');
      case "UNSELECT":
        this.select(null);
        return this.#say(tag, { status: "OK", text: "Left" });
      case "CANCELUPDATE":
        for (const one of command.tags) this.#selected?.searches.delete(one);
        return { do: "answer", chunks: this.#answer(tag, command) };
      case "NOOP":
      case "CHECK":
        if (!this.#hasNews(true)) return this.#say(tag, { status: "OK", text: "Done" });
        return { do: "answer", chunks: this.#answer(tag, command) };
      case "IDLE":
        return { do: "idle", text: "+ idling\r\n" };
      default:
        return { do: "answer", chunks: this.#answer(tag, command) };
    }
  }

  /** The tagged line of a command. */
  complete(tag: string | null, { status: how, code, text }: Completion): string {
    if (how === "BAD") this.#faults++;
    return `${tag ?? "*"} ${how} ${code === undefined ? "" : `[${code}] `}${text}\r\n`;
  }

  /** After LOGIN or AUTHENTICATE: the tagged line. `data` of SASL that is still to be told was sent before. */
  loggedIn(tag: string, mail: Mail): string {
    this.#mail = mail;
    return this.complete(tag, { status: "OK", code: this.#capability, text: "Logged in" });
  }

  /** The client has ended IDLE with this line. */
  idled(tag: string, line: string): string {
    const isDone = line.toUpperCase() === "DONE";
    return this.complete(
      tag,
      isDone ? { status: "OK", text: "Idled" } : { status: "BAD", text: "IDLE ends with DONE" },
    );
  }

  /** Something happened in the mail; `hasNews` says whether the client is told. */
  hear(news: MailboxNews): void {
    this.#notifier?.hear(news);
  }

  /** The client listens all the time, not only while it idles (RFC 5465 §3.1). */
  get isNotified(): boolean {
    return this.#notifier !== null && !this.#notifier.wishes.isNone;
  }

  /** Whether there is something to tell outside a command, or while the client idles. */
  hasNews({ isIdle }: { readonly isIdle: boolean }): boolean {
    return this.#hasNews(isIdle || this.#expungesAtOnce) || this.#notifier?.hasNews === true;
  }

  /** What happened since it was told last, outside a command. */
  async *news({ isIdle }: { readonly isIdle: boolean }): AsyncGenerator<Chunk, void> {
    yield* this.#newsOfSelected({ mayExpunge: isIdle || this.#expungesAtOnce });
    yield* this.#newsOfOthers();
  }

  /** What happened in the selected mailbox since it was told last (RFC 9051 §7.4, §7.5). */
  async *#newsOfSelected({ mayExpunge, isOwn = false, isAll = false }: NewsOptions): AsyncGenerator<Chunk, void> {
    const current = this.#selected;
    if (current === null || !(isAll || this.#hasNews(mayExpunge, isOwn))) return;
    const { view, mailbox, searches } = current;
    const since = await mailbox.changesSince(view.modseq);
    const changes = isAll ? await withUntold(since, current) : since;
    if (changes.isGone) {
      this.#isOver = true;
      yield "* BYE The selected mailbox was deleted\r\n";
      return;
    }
    const left = view.leaving(changes, mayExpunge);
    if (left.length > 0) yield [...searches.values()].map((search) => search.left(left)).join("");
    const wish = this.#notifier?.wishes.selected;
    const tellsFlags = isAll || (wish?.flags ?? true);
    const isKnown = ({ uid }: { readonly uid: number }): boolean => view.numberOf(uid) > 0;
    if (tellsFlags) yield current.keywords.learn(changes.changed.filter(isKnown));
    const news = view.news(changes, {
      mayExpunge,
      enabled: this.enabled,
      tellsFlags,
      // RFC 5465 §5.1.
      tellsUid: this.#notifier !== null || tellsUidUnasked(this.enabled),
    });
    const { added, came } = news;
    if (news.lines !== "") yield news.lines;
    const updates = [];
    if (came.length > 0)
      for (const search of searches.values()) updates.push({ items: search.items, ...(await search.came(came)) });
    // RFC 5465 §5.2, §7: of new messages, and not of those that the client put there itself.
    const fresh = isOwn ? [] : added;
    const bySearches = updates
      .map((update) => ({ uids: overlap(update.added, fresh), items: update.items }))
      .filter(({ uids, items }) => uids.length > 0 && items.length > 0);
    // §7 wants FETCH before ESEARCH, §5.2 after it (erratum 4833): each is obeyed where it speaks of what was asked for.
    const isBefore = bySearches.length > 0;
    const lines = updates.map((update) => update.lines).join("");
    if (!isBefore && lines !== "") yield lines;
    yield* this.#fetchUnasked([...bySearches, { uids: fresh, items: wish?.items ?? [] }], current);
    if (isBefore && lines !== "") yield lines;
  }

  async *#fetchUnasked(wanted: readonly Unasked[], selected: Selected): AsyncGenerator<Chunk, void> {
    for (const { uids, items } of together(wanted)) {
      const set = uids.map(({ first, last }) => ({ from: first, to: last }));
      const command: Fetch = { name: "FETCH", byUid: true, set, items, changedSince: null, vanished: false };
      yield* fetch(command, { ...this.#context(""), selected });
    }
  }

  async *#newsOfOthers(): AsyncGenerator<Chunk, void> {
    const [notifier, mail] = [this.#notifier, this.#mail];
    if (notifier === null || mail === null || !notifier.hasNews) return;
    if (notifier.isOverflown) {
      this.#notifier = new Notifier(new Wishes(null), []);
      yield "* OK [NOTIFICATIONOVERFLOW] Too much has happened: ask for it\r\n";
    } else yield* notifier.tell(this.#selected?.mailbox.opened.id ?? null, { mail, enabled: this.enabled });
  }

  select(selected: Selected | null): void {
    this.#selected?.mailbox.close();
    this.#selected = selected;
  }

  enable(capabilities: readonly (keyof Enabled)[]): void {
    for (const one of capabilities) this.enabled[one] = true;
  }

  notify(wishes: Wishes, known: readonly MailboxStatus[]): void {
    this.#notifier = new Notifier(wishes, known);
  }

  /** The connection is over: nothing is held any more. */
  close(): void {
    this.select(null);
    this.#mail = null;
    this.#notifier = null;
    this.#isOver = true;
  }

  get #phase(): Phase {
    if (this.#mail === null) return "not authenticated";
    return this.#selected === null ? "authenticated" : "selected";
  }

  get #capability(): string {
    return `CAPABILITY ${capabilitiesOf(this.#options.offer(), { isLoggedIn: this.#mail !== null })}`;
  }

  /** After NOTIFY that does not name the selected mailbox this stands still for the client, but for what it does itself. */
  #hasNews(mayExpunge: boolean, isOwn = false): boolean {
    if (this.#selected === null || (this.#notifier?.wishes.selected === null && !isOwn)) return false;
    const { mailbox, view } = this.#selected;
    return (mayExpunge && view.hasGone) || mailbox.hasChangedSince(view.modseq);
  }

  get #expungesAtOnce(): boolean {
    return this.#notifier?.wishes.selected?.expunge === "at once";
  }

  #say(tag: string, completion: Completion, untagged = ""): Step {
    return { do: "say", text: untagged + this.complete(tag, completion) };
  }

  async *#answer(tag: string, command: Command): AsyncGenerator<Chunk, void> {
    if (!this.enabled.condstore && impliesCondstore(command)) {
      this.enable(["condstore"]);
      // RFC 7162 §3.1.1: where a mailbox is selected already.
      if (this.#selected !== null) yield `* OK [HIGHESTMODSEQ ${this.#selected.view.modseq}] The newest change\r\n`;
    }
    const completion = yield* this.#handle(tag, command);
    // What a command did itself is told before its tagged line, with everything else that happened meanwhile.
    const how = { mayExpunge: mayExpungeDuring(command), isOwn: changesSelected(command) };
    yield* this.#newsOfSelected({
      ...how,
      isAll: command.name === "NOTIFY" && command.set !== null && completion.status === "OK",
    });
    if (!this.#isOver) yield this.complete(tag, completion);
  }

  #context(tag: string): Context {
    if (this.#mail === null) throw new Error("a command before the login");
    return { tag, mail: this.#mail, enabled: this.enabled, now: this.#options.now() };
  }

  async *#handle(tag: string, command: Command): Answer {
    const context = this.#context(tag);
    switch (command.name) {
      case "SELECT":
      case "EXAMINE":
        return yield* select(command, context, this);
      case "CREATE":
        return await mailboxes.create(command, context);
      case "DELETE":
        return yield* mailboxes.remove(command, context, this);
      case "RENAME":
        return await mailboxes.rename(command, context);
      case "SUBSCRIBE":
        return await mailboxes.subscribe(command, context);
      case "UNSUBSCRIBE":
        return await mailboxes.unsubscribe(command, context);
      case "LIST":
        return yield* list(command, context);
      case "LSUB":
        return yield* lsub(command, context);
      case "STATUS":
        return yield* status(command, context);
      case "APPEND":
        return await append(command, context);
      case "NOTIFY":
        return yield* notify(command, context, this);
      case "GETQUOTA":
        return yield* getQuota(command, context);
      case "GETQUOTAROOT":
        return yield* getQuotaRoot(command, context);
      case "SETQUOTA":
        return setQuota();
      default:
        if (this.#selected === null) return { status: "OK", text: "Done" };
        return yield* this.#handleSelected(command, { ...context, selected: this.#selected });
    }
  }

  async *#handleSelected(command: Command, context: SelectedContext): Answer {
    switch (command.name) {
      case "CLOSE":
        await expungeSilently(context);
        this.select(null);
        return { status: "OK", text: "Closed" };
      case "EXPUNGE":
        return await expunge(null, context);
      case "UID EXPUNGE":
        return await expunge(command.set, context);
      case "FETCH":
        return yield* fetch(command, context);
      case "STORE":
        return yield* store(command, context);
      case "COPY":
        return await copy(command, context);
      case "MOVE":
        return yield* move(command, context);
      case "REPLACE":
        return yield* replace(command, context);
      case "SEARCH":
        return yield* search(command, context);
      case "SORT":
        return yield* sort(command, context);
      case "THREAD":
        return yield* thread(command, context);
      default:
        return { status: "OK", text: "Done" };
    }
  }
}

type NewsOptions = {
  readonly mayExpunge: boolean;
  /** The client's own command made them. */
  readonly isOwn?: boolean;
  /** Whatever is not told otherwise: what NOTIFY SET begins with (RFC 5465 §3.1). */
  readonly isAll?: boolean;
};

/** And the flags, as they are now, that changed while the client did not want to hear of it. */
async function withUntold(changes: MailboxChanges, { view, mailbox }: Selected): Promise<MailboxChanges> {
  const untold = view.untold;
  if (untold.length === 0 || changes.isGone) return changes;
  const changed = new Map(changes.changed.map((one) => [one.uid, one]));
  for await (const rows of mailbox.rows(untold, {})) for (const row of rows) changed.set(row.uid, row);
  return { ...changes, changed: [...changed.values()].sort((a, b) => a.uid - b.uid) };
}

/** Whether a command puts messages into the selected mailbox, or takes them away. */
function changesSelected({ name }: Command): boolean {
  return ["APPEND", "COPY", "MOVE", "REPLACE", "EXPUNGE", "UID EXPUNGE"].includes(name);
}

/** Never while a command runs that names messages by number and leaves them where they are (RFC 9051 §7.5.1, RFC 5256 §3). */
function mayExpungeDuring(command: Command): boolean {
  switch (command.name) {
    case "FETCH":
    case "STORE":
    case "SEARCH":
    case "SORT":
    case "THREAD":
      return command.byUid;
    default:
      return true;
  }
}
