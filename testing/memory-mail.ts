import { AsyncLocalStorage } from "node:async_hooks";
import { join, type Neighbours } from "../src/address/intervals.ts";
import { digestOf } from "../src/imap/digest.ts";
import type { Flags } from "../src/imap/flags.ts";
import { deleted, seen } from "../src/imap/flags.ts";
import type {
  AppendedMessage,
  FlagChange,
  Mail,
  MailboxChanges,
  MailboxNews,
  MailboxStatus,
  MailRefusal,
  MessageContent,
  MessageRow,
  MessageWriter,
  OpenMailbox,
  Wanted,
  WrittenMessage,
} from "../src/imap/mail.ts";
import type { Numbers } from "../src/imap/number-set.ts";
import type { Part } from "../src/message/structure.ts";
import { StructureReader } from "../src/message/structure-reader.ts";
import { textSizeOf } from "../src/message/line-ends.ts";

const step: Neighbours<number> = { after: (n) => n + 1, before: (n) => n - 1 };
const numbers = (uids: readonly number[]): Numbers =>
  join(
    uids.map((uid) => ({ first: uid, last: uid })),
    step,
  );
const has = (uids: Numbers, uid: number): boolean => uids.some(({ first, last }) => first <= uid && uid <= last);

type Message = {
  readonly uid: number;
  readonly content: Buffer;
  readonly internalDate: number;
  readonly savedAt: number;
  readonly bornModseq: number;
  flags: Flags;
  modseq: number;
};

type Box = {
  readonly id: number;
  readonly uidValidity: number;
  name: string;
  specialUse: string | null;
  isSelectable: boolean;
  messages: Message[];
  vanished: { readonly uid: number; readonly modseq: number }[];
  uidNext: number;
  modseq: number;
  recentFrom: number;
};

const refuse = (refused: MailRefusal["refused"], text: string): MailRefusal => ({ refused, text });

/** The mail of one account in memory: what handlers and dialogues run against without a store. Shared by all sessions of the account. */
export class MemoryMail implements Mail {
  readonly appendLimit: number;
  readonly #limit: number | null;
  readonly #boxes: Box[] = [];
  readonly #subscriptions = new Set<string>();
  readonly #watchers = new Set<(news: MailboxNews, by: object | undefined) => void>();
  readonly #by = new AsyncLocalStorage<object>();
  readonly now: () => number;
  #ids = 1;
  /** What is forgotten of messages that went: see `OpenMailbox`. */
  vanishedKnownFrom = 0;
  /** Messages that were written and neither appended nor discarded: leaks. */
  pending = 0;

  constructor({ now = () => 0, appendLimit = 1_000_000, limit = null }: MemoryMailOptions = {}) {
    this.now = now;
    this.appendLimit = appendLimit;
    this.#limit = limit;
    this.#make("INBOX");
  }

  /** Puts a message in as a delivery would. */
  deliver(
    name: string,
    content: string | Buffer,
    flags: Flags = { system: 0, keywords: [] },
    internalDate = this.now(),
  ): number {
    const box = this.#find(name) ?? this.#make(name);
    const uid = this.#insert(box, { content: Buffer.from(content), flags, internalDate, at: ++box.modseq });
    this.#tell(box);
    return uid;
  }

  /** Messages below this UID were told to somebody. */
  setRecentFrom(name: string, uid: number): void {
    const box = this.#find(name);
    if (box !== undefined) box.recentFrom = uid;
  }

  async list() {
    const names = this.#boxes.toSorted((a, b) => rank(a.name, b.name));
    return names.map(({ id, name, isSelectable, specialUse }) => ({
      id,
      name,
      isSelectable,
      isSubscribed: this.#subscriptions.has(name),
      specialUse,
    }));
  }

  async subscriptions() {
    return [...this.#subscriptions].sort(rank);
  }

  async subscribe(name: string) {
    this.#subscriptions.add(name);
    this.#say({ mailboxId: 0, what: "subscription", name });
    return null;
  }

  async unsubscribe(name: string) {
    this.#subscriptions.delete(name);
    this.#say({ mailboxId: 0, what: "subscription", name });
    return null;
  }

  async create(name: string, specialUse: readonly string[] = []) {
    const found = this.#find(name);
    if (found?.isSelectable === true) return refuse("exists", "There is such a mailbox");
    const taken = this.#boxes.some((box) => box.specialUse !== null && specialUse.includes(box.specialUse));
    if (taken || specialUse.length > 1) return refuse("special-use", "Another mailbox is that");
    const parent = parents(name).filter((one) => this.#find(one) === undefined);
    for (const one of parent) this.#tell(this.#make(one), "created");
    for (const one of parents(name)) this.#find(one)!.isSelectable = true;
    const box = found ?? this.#make(name);
    box.isSelectable = true;
    box.specialUse = specialUse[0] ?? null;
    this.#tell(box, "created");
    return { id: box.id };
  }

  async delete(name: string) {
    const box = this.#find(name);
    if (name === "INBOX") return refuse("is-inbox", "INBOX stays");
    if (box === undefined) return refuse("no-such-mailbox", "There is no such mailbox");
    const hasChildren = this.#boxes.some((other) => other.name.startsWith(`${name}/`));
    if (!box.isSelectable && hasChildren) return refuse("has-children", "It has mailboxes below");
    this.#boxes.splice(this.#boxes.indexOf(box), 1);
    if (hasChildren) this.#make(name).isSelectable = false;
    this.#forgetNames();
    this.#tell(box, "deleted");
    return null;
  }

  async rename(from: string, to: string) {
    const box = this.#find(from);
    if (box === undefined) return refuse("no-such-mailbox", "There is no such mailbox");
    if (to.startsWith(`${from}/`) && from !== "INBOX") return refuse("invalid-name", "It cannot be below itself");
    if (this.#find(to)?.isSelectable === true) return refuse("exists", "There is such a mailbox");
    const isMoved = ({ name }: Box) => name === from || name.startsWith(`${from}/`);
    const wouldBe = (name: string) => to + name.slice(from.length);
    const isTaken = this.#boxes.some(
      (one) => from !== "INBOX" && isMoved(one) && this.#find(wouldBe(one.name))?.isSelectable === true,
    );
    if (isTaken) return refuse("exists", "There is such a mailbox");
    const taken = this.#find(to);
    if (taken !== undefined) this.#boxes.splice(this.#boxes.indexOf(taken), 1);
    for (const one of parents(to)) if (this.#find(one) === undefined) this.#tell(this.#make(one), "created");
    for (const one of parents(to)) this.#find(one)!.isSelectable = true;
    if (from === "INBOX") {
      const target = this.#make(to);
      for (const message of box.messages.splice(0)) {
        box.vanished.push({ uid: message.uid, modseq: ++box.modseq });
        this.#insert(target, { ...message, at: ++target.modseq });
      }
      this.#tell(box);
      return null;
    }
    for (const other of this.#boxes) {
      if (other !== box && !other.name.startsWith(`${from}/`)) continue;
      const oldName = other.name;
      other.name = to + other.name.slice(from.length);
      this.#tell(other, "renamed", oldName);
    }
    this.#forgetNames();
    return null;
  }

  async status(name: string): Promise<MailboxStatus | MailRefusal> {
    const box = this.#find(name);
    if (box === undefined) return refuse("no-such-mailbox", "There is no such mailbox");
    return box.isSelectable ? statusOf(box) : refuse("not-selectable", "It is only a name");
  }

  async open(name: string, how: "read-write" | "read-only"): Promise<OpenMailbox | MailRefusal> {
    const status = await this.status(name);
    if ("refused" in status) return status;
    const box = this.#find(name)!;
    const opened = {
      ...status,
      uids: numbers(box.messages.map(({ uid }) => uid)),
      firstUnseen: box.messages.find(({ flags }) => (flags.system & seen) === 0)?.uid ?? null,
      keywords: [...new Set(box.messages.flatMap(({ flags }) => flags.keywords))].sort(),
      specialUse: box.specialUse,
      vanishedKnownFrom: this.vanishedKnownFrom,
    };
    if (how === "read-write") box.recentFrom = box.uidNext;
    return this.#opened(box, opened, how === "read-only");
  }

  write(): MessageWriter {
    const chunks: Uint8Array[] = [];
    let isOpen = true;
    this.pending++;
    const end = (): void => {
      if (isOpen) this.pending--;
      isOpen = false;
    };
    return {
      write: (chunk) => void chunks.push(Uint8Array.from(chunk)),
      isFull: false,
      drained: async () => {},
      finish: async () => ({ ...contentOf(Buffer.concat(chunks)), discard: end }),
      discard: end,
    };
  }

  async append(name: string, messages: readonly AppendedMessage[]) {
    const status = await this.status(name);
    if ("refused" in status) return status;
    const octets = messages.reduce((sum, { content }) => sum + content.size, 0);
    if (this.#limit !== null && this.#octets() + octets > this.#limit) return refuse("over-quota", "Nothing more fits");
    const box = this.#find(name)!;
    const at = ++box.modseq;
    const uids = messages.map((message) => this.#append(box, message, at));
    this.#tell(box);
    return { uidValidity: box.uidValidity, uids: numbers(uids) };
  }

  async quota() {
    return {
      octets: this.#octets(),
      messages: this.#boxes.reduce((sum, { messages }) => sum + messages.length, 0),
      limit: this.#limit,
    };
  }

  /** The same mail as one session has it: it can tell what it did itself. */
  session(): Mail {
    const by = {};
    const as = <T extends object>(target: T, own: Partial<T>): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return (...given: unknown[]): unknown => this.#by.run(by, () => Reflect.apply(value, target, given));
        },
      });
    return as<Mail>(this, {
      open: async (name, how) => {
        const opened = await this.open(name, how);
        return "refused" in opened ? opened : as(opened, {});
      },
      watch: (told) => this.#watch((news, whose) => told({ ...news, isOwn: whose === by })),
    });
  }

  watch(told: (news: MailboxNews) => void): () => void {
    return this.#watch(told);
  }

  #watch(told: (news: MailboxNews, by: object | undefined) => void): () => void {
    this.#watchers.add(told);
    return () => void this.#watchers.delete(told);
  }

  #opened(box: Box, opened: OpenMailbox["opened"], isReadOnly: boolean): OpenMailbox {
    const pick = (uids: Numbers) => box.messages.filter(({ uid }) => has(uids, uid));
    const remove = (going: readonly Message[]) => {
      if (going.length > 0) box.modseq++;
      box.messages = box.messages.filter((message) => !going.includes(message));
      box.vanished.push(...going.map(({ uid }) => ({ uid, modseq: box.modseq })));
      if (going.length > 0) this.#tell(box);
      return numbers(going.map(({ uid }) => uid));
    };
    const copy = async (uids: Numbers, to: string) => {
      const status = await this.status(to);
      if ("refused" in status) return status;
      const target = this.#find(to)!;
      const from = pick(uids);
      const at = from.length === 0 ? target.modseq : ++target.modseq;
      const copies = from.map((message) => this.#insert(target, { ...message, at }));
      if (from.length > 0) this.#tell(target);
      return {
        from,
        copied: { uidValidity: target.uidValidity, from: numbers(from.map(({ uid }) => uid)), to: numbers(copies) },
      };
    };
    return {
      isReadOnly,
      opened,
      hasChangedSince: (modseq) => box.modseq > modseq || !this.#boxes.includes(box),
      changesSince: async (modseq): Promise<MailboxChanges> => {
        if (!isReadOnly) box.recentFrom = box.uidNext;
        return {
          isGone: !this.#boxes.includes(box),
          highestModseq: box.modseq,
          uidNext: box.uidNext,
          added: numbers(box.messages.filter(({ bornModseq }) => bornModseq > modseq).map(({ uid }) => uid)),
          changed: box.messages
            .filter((message) => message.modseq > modseq)
            .map(({ uid, flags, modseq: at }) => ({ uid, flags, modseq: at })),
          vanished: numbers(box.vanished.filter((one) => one.modseq > modseq).map(({ uid }) => uid)),
        };
      },
      async *rows(uids, want) {
        const found = pick(uids);
        for (let at = 0; at < found.length; at += 100)
          yield found.slice(at, at + 100).map((message) => rowOf(message, want));
      },
      content: async (uid) => {
        const found = box.messages.find((message) => message.uid === uid);
        return found === undefined ? null : contentOf(found.content);
      },
      candidates: async () => null,
      store: async (uids, change) => {
        const all = pick(uids);
        const isOld = ({ modseq }: Message) => change.unchangedSince !== null && modseq > change.unchangedSince;
        const modified = numbers(all.filter(isOld).map(({ uid }) => uid));
        const touched = all
          .filter((message) => !isOld(message))
          .map((message) => ({ message, flags: changed(message.flags, change) }));
        const real = touched.filter(({ message, flags }) => !isSame(message.flags, flags));
        if (real.length > 0) box.modseq++;
        const rows = real.map(({ message, flags }) => {
          const previousModseq = message.modseq;
          Object.assign(message, { flags, modseq: box.modseq });
          return { uid: message.uid, flags, modseq: box.modseq, previousModseq };
        });
        if (real.length > 0) this.#tell(box);
        return { changed: rows, modified, highestModseq: box.modseq };
      },
      expunge: async (uids) => {
        const gone = remove(pick(uids).filter(({ flags }) => (flags.system & deleted) !== 0));
        return { uids: gone, modseq: box.modseq };
      },
      remove: async (uids) => {
        const gone = remove(pick(uids));
        return { uids: gone, modseq: box.modseq };
      },
      copy: async (uids, to) => {
        const done = await copy(uids, to);
        return "refused" in done ? done : done.copied;
      },
      move: async (uids, to) => {
        const done = await copy(uids, to);
        if ("refused" in done) return done;
        remove(done.from);
        return { ...done.copied, modseq: box.modseq };
      },
      replace: async (uid, to, message) => {
        const appended = await this.append(to, [message]);
        if (!("refused" in appended)) remove(pick([{ first: uid, last: uid }]));
        return appended;
      },
      close: () => {},
    };
  }

  #append(box: Box, { flags, internalDate, content }: AppendedMessage, at: number): number {
    content.discard();
    return this.#insert(box, { content: content.bytes ?? Buffer.alloc(0), flags, internalDate, at });
  }

  #insert(box: Box, message: Pick<Message, "content" | "flags" | "internalDate"> & { readonly at: number }): number {
    const { content, flags, internalDate, at } = message;
    const uid = box.uidNext++;
    box.messages.push({ uid, content, flags, internalDate, savedAt: this.now(), bornModseq: at, modseq: at });
    return uid;
  }

  #octets(): number {
    return this.#boxes.reduce((sum, box) => sum + statusOf(box).octets, 0);
  }

  /** A name that cannot be selected is there for those below it. */
  #forgetNames(): void {
    for (const box of [...this.#boxes].reverse()) {
      if (box.isSelectable || this.#boxes.some((other) => other.name.startsWith(`${box.name}/`))) continue;
      this.#boxes.splice(this.#boxes.indexOf(box), 1);
    }
  }

  #find(name: string): Box | undefined {
    return this.#boxes.find((box) => box.name === name);
  }

  #make(name: string): Box {
    const id = this.#ids++;
    const box: Box = {
      id,
      uidValidity: 1_000 + id,
      name,
      specialUse: null,
      isSelectable: true,
      messages: [],
      vanished: [],
      uidNext: 1,
      modseq: 1,
      recentFrom: 1,
    };
    this.#boxes.push(box);
    return box;
  }

  #tell({ id, name }: Box, what: MailboxNews["what"] = "messages", oldName?: string): void {
    this.#say({ mailboxId: id, what, name, ...(oldName === undefined ? {} : { oldName }) });
  }

  #say(news: MailboxNews): void {
    for (const told of this.#watchers) told(news, this.#by.getStore());
  }
}

export type MemoryMailOptions = {
  readonly now?: () => number;
  readonly appendLimit?: number;
  readonly limit?: number | null;
};

function statusOf(box: Box): MailboxStatus {
  const octets = (messages: readonly Message[]) => messages.reduce((sum, { content }) => sum + content.length, 0);
  const going = box.messages.filter(({ flags }) => (flags.system & deleted) !== 0);
  return {
    id: box.id,
    name: box.name,
    uidValidity: box.uidValidity,
    uidNext: box.uidNext,
    highestModseq: box.modseq,
    messages: box.messages.length,
    unseen: box.messages.filter(({ flags }) => (flags.system & seen) === 0).length,
    octets: octets(box.messages),
    deleted: going.length,
    deletedOctets: octets(going),
    recentFrom: box.recentFrom,
    recent: box.messages.filter(({ uid }) => uid >= box.recentFrom).length,
  };
}

function contentOf(bytes: Buffer): MessageContent & Pick<WrittenMessage, "size"> {
  return {
    size: bytes.length,
    bytes,
    async *stream({ from, to }) {
      yield bytes.subarray(from, to);
    },
  };
}

function rowOf(message: Message, want: Wanted): MessageRow {
  const { uid, flags, modseq, internalDate, savedAt, content } = message;
  const digest = want.envelope || want.structure || want.parts ? digestOf(structureOf(content)) : null;
  return {
    uid,
    flags,
    modseq,
    size: content.length,
    textSize: textSizeOf(content),
    internalDate,
    savedAt,
    contentId: uid,
    envelope: want.envelope === true ? (digest?.envelope ?? null) : null,
    structure: want.structure === true ? (digest?.structure ?? null) : null,
    parts: want.parts === true ? (digest?.parts ?? null) : null,
    preview: null,
    content: content.length <= (want.contentUpTo ?? -1) ? contentOf(content) : null,
  };
}

function structureOf(content: Buffer): Part {
  const reader = new StructureReader();
  reader.push(content);
  return reader.finish();
}

function changed(flags: Flags, { change, flags: named }: FlagChange): Flags {
  const same = (a: string) => (b: string) => a.toLowerCase() === b.toLowerCase();
  const others = flags.keywords.filter((keyword) => !named.keywords.some(same(keyword)));
  if (change === "replace") return named;
  if (change === "remove") return { system: flags.system & ~named.system, keywords: others };
  const added = named.keywords.filter((keyword) => !flags.keywords.some(same(keyword)));
  return { system: flags.system | named.system, keywords: [...flags.keywords, ...added].sort() };
}

function isSame(a: Flags, b: Flags): boolean {
  return a.system === b.system && a.keywords.join(" ").toLowerCase() === b.keywords.join(" ").toLowerCase();
}

function parents(name: string): string[] {
  const levels = name.split("/");
  return levels.slice(1).map((_, i) => levels.slice(0, i + 1).join("/"));
}

/** INBOX first. */
function rank(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "INBOX") return -1;
  return b === "INBOX" || a > b ? 1 : -1;
}
