import type { Flags } from "./flags.ts";
import type { Numbers } from "./number-set.ts";

/**
 * The port to the mail of one account: all that a session asks of the world. `mailboxes/` is behind it. Names are decoded text,
 * levels apart by "/", INBOX in capitals. What is wrong with a request is a value; a store that cannot answer throws.
 */
export interface Mail {
  /** Every mailbox, in the order of names, INBOX first. */
  list(): Promise<readonly ListedMailbox[]>;
  /** Names that are subscribed, also of mailboxes that are gone (RFC 9051 §6.3.7). */
  subscriptions(): Promise<readonly string[]>;
  subscribe(name: string): Promise<MailRefusal | null>;
  unsubscribe(name: string): Promise<MailRefusal | null>;
  /** Makes its missing parents too (RFC 9051 §6.3.4). `specialUse`: "\\Sent". */
  create(name: string, specialUse?: readonly string[]): Promise<{ readonly id: number } | MailRefusal>;
  /** Its children stay (RFC 9051 §6.3.5); one that has some stays as a name that cannot be selected. */
  delete(name: string): Promise<MailRefusal | null>;
  /** With its children; of INBOX the messages move and INBOX stays (RFC 9051 §6.3.6). */
  rename(from: string, to: string): Promise<MailRefusal | null>;
  status(name: string): Promise<MailboxStatus | MailRefusal>;
  open(name: string, how: "read-write" | "read-only"): Promise<OpenMailbox | MailRefusal>;
  /** Begins a message that is to be put into a mailbox. */
  write(): MessageWriter;
  /** All or none; in the order given. */
  append(name: string, messages: readonly AppendedMessage[]): Promise<Appended | MailRefusal>;
  /** Octets and messages in use; `limit` null: none is set. */
  quota(): Promise<{ readonly octets: number; readonly messages: number; readonly limit: number | null }>;
  /** The largest message that is taken, in octets (RFC 7889). */
  readonly appendLimit: number;
  /** Called after each commit that made, renamed, deleted, subscribed or changed a mailbox of the account. Returns how to end it. */
  watch(told: (news: MailboxNews) => void): () => void;
}

/** `what`: "messages" came, went or changed flags; the name when a mailbox was made, renamed or deleted. */
export type MailboxNews = {
  readonly mailboxId: number;
  readonly what: "messages" | "created" | "renamed" | "deleted" | "subscription";
  readonly name: string;
  /** Of "renamed". */
  readonly oldName?: string;
  /** It was done through the very `Mail` that watches. */
  readonly isOwn?: boolean;
};

/** `over-quota`: nothing more fits. `has-children`, `is-inbox`: not with this one. `invalid-name`: with the reason in `text`. */
export type MailRefusal = {
  readonly refused:
    | "no-such-mailbox"
    | "exists"
    | "invalid-name"
    | "is-inbox"
    | "has-children"
    | "not-selectable"
    | "over-quota"
    | "too-many"
    | "special-use"
    | "read-only";
  /** A sentence for people without a full stop. */
  readonly text: string;
};

export type ListedMailbox = {
  readonly id: number;
  readonly name: string;
  /** false: a name that stays for its children (\Noselect). */
  readonly isSelectable: boolean;
  readonly isSubscribed: boolean;
  /** "\\Sent", …; null: none. */
  readonly specialUse: string | null;
};

/** The counters of a mailbox, all of the same moment. */
export type MailboxStatus = {
  readonly id: number;
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly octets: number;
  /** With \Deleted: how many, and their octets. */
  readonly deleted: number;
  readonly deletedOctets: number;
  /** UIDs from here on are \Recent for the next session that selects (RFC 3501 §2.3.2). */
  readonly recentFrom: number;
  /** How many messages have such a UID. */
  readonly recent: number;
};

export interface OpenMailbox {
  readonly isReadOnly: boolean;
  /** As it was opened; after that, `changesSince`. */
  readonly opened: MailboxStatus & {
    readonly uids: Numbers;
    /** The UID of the first message without \Seen; null: there is none. */
    readonly firstUnseen: number | null;
    /** Keywords in use, for FLAGS and PERMANENTFLAGS. */
    readonly keywords: readonly string[];
    readonly specialUse: string | null;
    /** The lowest modification sequence from which expunged UIDs are still known (RFC 7162 §3.2.5.2). */
    readonly vanishedKnownFrom: number;
  };
  /** Whether anything was committed in it since the modification sequence; answered from memory. */
  hasChangedSince(modseq: number): boolean;
  /** Everything after that modification sequence, in one moment. `isGone`: the mailbox was deleted. */
  changesSince(modseq: number): Promise<MailboxChanges>;
  /**
   * Rows of the messages that are still there, ascending by UID, in portions that bound memory; `want` says what is read.
   * Bytes of a message come only when small; `content` streams all others.
   */
  rows(uids: Numbers, want: Wanted): AsyncIterable<readonly MessageRow[]>;
  /** The octets of one message, Return-Path field and content; null: it is gone. */
  content(uid: number): Promise<MessageContent | null>;
  /** UIDs of messages whose decoded text may hold all of the given (`search/`); null: no index can tell, all have to be read. */
  candidates(texts: readonly SearchText[], within: Numbers): Promise<Numbers | null>;
  /** Changes flags; rows changed, with their new modification sequences. */
  store(uids: Numbers, change: FlagChange): Promise<Stored>;
  /** Removes those of them that have \Deleted; the UIDs that went, and the new highest modification sequence. */
  expunge(uids: Numbers): Promise<{ readonly uids: Numbers; readonly modseq: number }>;
  /** Removes them whatever their flags, in one unit (RFC 1939 §6: UPDATE). What is gone already is no matter. */
  remove(uids: Numbers): Promise<{ readonly uids: Numbers; readonly modseq: number }>;
  copy(uids: Numbers, to: string): Promise<Copied | MailRefusal>;
  /** In one unit (RFC 6851): `vanished` says with which modification sequence they went here. */
  move(uids: Numbers, to: string): Promise<(Copied & { readonly modseq: number }) | MailRefusal>;
  /** RFC 8508: puts the message into `to` and removes `uid` here in one unit. */
  replace(uid: number, to: string, message: AppendedMessage): Promise<Appended | MailRefusal>;
  close(): void;
}

export type SearchText = {
  readonly in: "header" | "body" | "text";
  readonly field: string | null;
  readonly text: string;
};

export type MailboxChanges = {
  readonly isGone: boolean;
  readonly highestModseq: number;
  readonly uidNext: number;
  /** UIDs that were added, ascending; those among them that went again are missing. */
  readonly added: Numbers;
  readonly changed: readonly { readonly uid: number; readonly flags: Flags; readonly modseq: number }[];
  readonly vanished: Numbers;
};

/** What a reader needs of each row, so that nothing else is read. */
export type Wanted = {
  /** Nothing but UID, flags and modification sequence: the other numbers of a row are 0. What clients ask of a whole mailbox, at their start. */
  readonly flagsOnly?: boolean;
  /** `envelope` and `structure`: formatted (RFC 9051 §7.5.2); computed now for a message that has none yet. */
  readonly envelope?: boolean;
  readonly structure?: boolean;
  /** Where parts begin and end (`message/structure.ts`). */
  readonly parts?: boolean;
  /** The whole content, when its size is at most this. */
  readonly contentUpTo?: number;
  /** "kept": none is made for it, as RFC 8970 §4.1 has it (LAZY). */
  readonly preview?: "kept" | "made";
};

export type MessageRow = {
  readonly uid: number;
  readonly flags: Flags;
  readonly modseq: number;
  /** RFC822.SIZE: octets of BODY[]. */
  readonly size: number;
  /**
   * `size`, and what it takes to end every line with CRLF, the last one too: what RETR sends (RFC 1939 §11). They differ only for what
   * was put in by APPEND or imported: mail that came by SMTP has no other line ends.
   */
  readonly textSize: number;
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly savedAt: number;
  readonly contentId: number;
  readonly envelope: Uint8Array | null;
  readonly structure: Uint8Array | null;
  readonly parts: string | null;
  readonly preview: string | null;
  readonly content: MessageContent | null;
};

/** The octets of BODY[]. */
export type MessageContent = {
  readonly size: number;
  /** When they are few. */
  readonly bytes: Buffer | null;
  /** From octet `from` up to but not including `to`. */
  stream(range: { readonly from: number; readonly to: number }): AsyncIterable<Uint8Array>;
};

export type FlagChange = {
  readonly change: "replace" | "add" | "remove";
  readonly flags: Flags;
  /** Only messages whose modification sequence is not higher (RFC 7162 §3.1.3); null: all. */
  readonly unchangedSince: number | null;
};

export type Stored = {
  /** `previousModseq`: whether somebody else had changed it before, which even a silent STORE has to tell (RFC 9051 §6.4.6). */
  readonly changed: readonly (MailboxChanges["changed"][number] & { readonly previousModseq: number })[];
  /** Not changed because of `unchangedSince`. */
  readonly modified: Numbers;
  /** The highest modification sequence of the mailbox after it. */
  readonly highestModseq: number;
};

export type AppendedMessage = {
  readonly flags: Flags;
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  /** Of `Mail.write`. */
  readonly content: WrittenMessage;
  /** What it is in the archive or at the server that it comes from: kept with it, and a second one of the same is refused by the store. */
  readonly importedAs?: { readonly source: string; readonly key: string };
};

/** Takes the octets of one message as they arrive: few stay in memory, more go to the store. */
export interface MessageWriter {
  /** Keeps the chunk without copying it. */
  write(chunk: Uint8Array): void;
  /** More waits than the memory should hold: read on after `drained`, which never rejects. */
  readonly isFull: boolean;
  drained(): Promise<void>;
  /** Rejects when the disk is full or broken. */
  finish(): Promise<WrittenMessage>;
  /** Forgets the octets. May be called twice. */
  discard(): void;
}

/** A message that is written and in no mailbox yet: appended once, or discarded. */
export interface WrittenMessage extends MessageContent {
  discard(): void;
}

export type Appended = { readonly uidValidity: number; readonly uids: Numbers };

export type Copied = {
  readonly uidValidity: number;
  /** What was copied, and what it became: as many, in the same order (RFC 4315). */
  readonly from: Numbers;
  readonly to: Numbers;
};
