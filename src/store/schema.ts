/**
 * Tables and columns, as both databases have them. Times are milliseconds since 1970; booleans are 0 or 1; ids come
 * from `Store.nextId`. `migrations.ts` makes exactly this.
 */
export type Schema = {
  content: ContentTable;
  entry: EntryTable;
  recipient: RecipientTable;
  attempt: AttemptTable;
  decision: DecisionTable;
  account: AccountTable;
  app_password: AppPasswordTable;
  alias: AliasTable;
  mailbox: MailboxTable;
  message: MessageTable;
  keyword: KeywordTable;
  expunged: ExpungedTable;
  subscription: SubscriptionTable;
  imported: ImportedTable;
  structure: StructureTable;
  searchable: SearchableTable;
  policy_version: PolicyVersionTable;
  setting: SettingTable;
};

/** The bytes of a message, stored once for every recipient, queue entry and mailbox that needs them. */
export type ContentTable = {
  id: number;
  size: number;
  /** The bytes when they are few … */
  inline: Uint8Array | null;
  /** … else a file below the data folder's `content/`, "<epoch>/<id>". */
  file: string | null;
};

/** Accepted and not finished. */
export type EntryTable = {
  id: number;
  content_id: number;
  /** "" is the null reverse-path. */
  reverse_path: string;
  born_at: number;
  body: "7BIT" | "8BITMIME";
  smtp_utf8: number;
  ret: "FULL" | "HDRS" | null;
  envid: string | null;
  listener: string;
  client: string;
  account: string | null;
};

/** One recipient of an entry that still has to leave. Finished ones are deleted with their attempts. */
export type RecipientTable = {
  id: number;
  entry_id: number;
  /** After rerouting; what goes into RCPT. */
  forward_path: string;
  /** As the client gave it, when that differs. */
  original_path: string | null;
  orcpt: string | null;
  /** "NEVER" or a comma list of SUCCESS, FAILURE, DELAY; null when the client did not say. */
  notify: string | null;
  /** When to try next; set before dialling, so that a crash is never a hot loop. */
  due_at: number;
  /** Nobody else may claim it until then; 0 when nobody holds it. */
  lease_until: number;
  /** Attempts begun. */
  attempts: number;
  /** What it waits for, in words, and the peer's words. */
  waits_for: string | null;
  delay_reported: number;
};

/** The outcome of one attempt that did not finish its recipient. */
export type AttemptTable = {
  id: number;
  recipient_id: number;
  began_at: number;
  ended_at: number;
  /** Name and address of the host that was spoken to, null when none was reached. */
  host: string | null;
  code: number | null;
  said: string;
};

/** The decision journal (relay-policy §2.4). The trace is not stored: facts and policy version give it again. */
export type DecisionTable = {
  id: number;
  at: number;
  verdict: "deliver" | "relay" | "refuse" | "defer";
  rule: string;
  /** How many equal decisions this row stands for (a folded flood). */
  count: number;
  policy_version: number;
  listener: string;
  client: string;
  account: string | null;
  reverse_path: string;
  forward_path: string;
  /** JSON: the facts and the answers about recipients that were judged. */
  facts: string;
  entry_id: number | null;
};

export type AccountTable = {
  id: number;
  /** Local part of its own address, lower case. */
  name: string;
  domain: string;
  enabled: number;
  may_relay: number;
  senders: "own" | "any";
  /** JSON array of further addresses or "@domain" it may send as. */
  may_send_as: string;
  /** Goes up at every change of the password; warm logins are bound to it. */
  password_version: number;
  /** PHC string, argon2id; null: no password set. */
  password: string | null;
  /** SCRAM-SHA-256 verifier ("iterations$salt$storedKey$serverKey"), only by opt-in. */
  scram: string | null;
  plus_addressing: number;
  created_at: number;
  /** Octets that its mailboxes may hold; null: the default of the boot file; 0: as many as there is room for. */
  quota: number | null;
  /** Octets that its mailboxes hold, a content counted in each. */
  octets: number;
  /** JSON array of addresses to which its mail is forwarded. */
  forward_to: string;
  /** Whether what is forwarded is kept here too. */
  forward_keeps: number;
  /** Where mail for name+tag goes: INBOX; the mailbox called so if there is one; or that one, made when it is missing. */
  plus_mailbox: "none" | "existing" | "made";
};

/** Generated, at least 128 bits; each carries a SCRAM verifier. */
export type AppPasswordTable = {
  id: number;
  account_id: number;
  label: string;
  scram: string;
  expires_at: number | null;
  last_used_at: number | null;
  created_at: number;
  /** What it lets its bearer do: a comma list of "send" and "read". */
  scope: string;
};

/** `kind` alias: to one or more addresses; group: the same with a name that people see; catch-all: `local_part` is "*". */
export type AliasTable = {
  id: number;
  kind: "alias" | "group" | "catch-all";
  local_part: string;
  domain: string;
  /** JSON array of addresses. */
  targets: string;
  created_at: number;
};

export type MailboxTable = {
  id: number;
  account_id: number;
  /** Levels apart by "/"; INBOX in capitals. A parent may be missing: then it is a name that cannot be selected. */
  name: string;
  /** Given once and for one mailbox only (setting "uid-validity"). */
  uid_validity: number;
  uid_next: number;
  /** Highest modification sequence given (RFC 7162). */
  modseq: number;
  messages: number;
  octets: number;
  /** Messages without \Seen; with \Deleted, and their octets. */
  unseen: number;
  deleted: number;
  deleted_octets: number;
  /** UIDs from here on are \Recent for who selects it next. */
  recent_from: number;
  /** "\Sent", … (RFC 6154). */
  special_use: string | null;
  /** What was expunged at a higher modification sequence than this is in `expunged`. */
  vanished_known_from: number;
};

export type MessageTable = {
  mailbox_id: number;
  uid: number;
  content_id: number;
  /** Fields put in front of the content at final delivery: Return-Path (RFC 5321 §4.4). */
  prefix: string;
  /** Prefix and content. */
  size: number;
  /** Octets more when every line ends with CRLF, the last one too; 0 for what came by SMTP. */
  text_extra: number;
  internal_date: number;
  /** When it came into this mailbox (RFC 8514). */
  saved_at: number;
  /** Bits of `imap/flags.ts`, and `touched` of `message-flags.ts`. */
  flags: number;
  /** A space, then each keyword with a space behind it: " $Junk Work ". */
  keywords: string;
  modseq: number;
};

/** Keywords that are or were in use, as first written: spelt alike in all mailboxes of an account, so that copies need no change. */
export type KeywordTable = {
  account_id: number;
  /** In lower case: keywords are the same whatever their case (RFC 9051 §2.3.2). */
  folded: string;
  name: string;
};

/** UIDs that went, by the modification sequence at which they did (RFC 7162 §3.2); the oldest are forgotten. */
export type ExpungedTable = {
  mailbox_id: number;
  modseq: number;
  uid: number;
};

/** Names, whether there is such a mailbox or not (RFC 9051 §6.3.7). */
export type SubscriptionTable = {
  account_id: number;
  name: string;
};

/** What an account took over from an archive or another server, so that an import that is repeated passes over it. */
export type ImportedTable = {
  account_id: number;
  source: string;
  key: string;
};

/** What is known of a content in a mailbox without reading it again; a content without a row was not looked at yet. */
export type StructureTable = {
  content_id: number;
  /** Formatted for IMAP (RFC 9051 §7.5.2). */
  envelope: Uint8Array;
  structure: Uint8Array;
  /** Where parts begin and end. */
  parts: string;
  /** RFC 8970; null: nobody has asked for it yet. */
  preview: string | null;
};

/**
 * Contents whose text searches know; one without a row was not looked at yet. The words are in `search_text`, an index of trigrams
 * whose rows have the numbers of contents, and go with the rows here.
 */
export type SearchableTable = {
  content_id: number;
  /** 0: too much text for the index; it is always read. */
  is_indexed: number;
};

export type PolicyVersionTable = {
  version: number;
  applied_at: number;
  who: string;
  why: string;
  document: string;
};

export type SettingTable = {
  name: string;
  value: string;
};
