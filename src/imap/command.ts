import type { WrittenMessage } from "./mail.ts";
import type { NumberSet } from "./number-set.ts";

/**
 * What a client asks (RFC 9051 §6, RFC 3501 §6), parsed and nothing else. Mailbox names are decoded text with INBOX in capitals;
 * `parse.ts` makes it, `session.ts` says in which phase it may come, `commands/<name>.ts` answers it.
 */
export type Command =
  | { readonly name: Bare }
  /** RFC 2971: field names in lower case; null: NIL. */
  | { readonly name: "ID"; readonly fields: ReadonlyMap<string, string | null> | null }
  | { readonly name: "LOGIN"; readonly login: string; readonly password: string }
  /** `initial`: SASL-IR (RFC 4959), decoded; null: none was sent. */
  | { readonly name: "AUTHENTICATE"; readonly mechanism: string; readonly initial: Buffer | null }
  /** In capitals. */
  | { readonly name: "ENABLE"; readonly capabilities: readonly string[] }
  | Select
  | { readonly name: "CREATE"; readonly mailbox: string; readonly specialUse: readonly string[] }
  | { readonly name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE"; readonly mailbox: string }
  | { readonly name: "RENAME"; readonly from: string; readonly to: string }
  | List
  | { readonly name: "LSUB"; readonly reference: string; readonly pattern: string }
  | { readonly name: "STATUS"; readonly mailbox: string; readonly items: readonly StatusItem[] }
  /** More than one: MULTIAPPEND (RFC 3502). */
  | { readonly name: "APPEND"; readonly mailbox: string; readonly messages: readonly NewMessage[] }
  /** RFC 8508. */
  | {
      readonly name: "REPLACE";
      readonly byUid: boolean;
      readonly number: number | "*";
      readonly mailbox: string;
      readonly message: NewMessage;
    }
  /** RFC 4315. */
  | { readonly name: "UID EXPUNGE"; readonly set: NumberSet }
  | Search
  | Sort
  | Thread
  /** CONTEXT=SEARCH (RFC 5267): tags of searches whose updates are to end. */
  | { readonly name: "CANCELUPDATE"; readonly tags: readonly string[] }
  | Fetch
  | Store
  | { readonly name: "COPY" | "MOVE"; readonly byUid: boolean; readonly set: NumberSet; readonly mailbox: string }
  | { readonly name: "GETQUOTA"; readonly root: string }
  | { readonly name: "GETQUOTAROOT"; readonly mailbox: string }
  | { readonly name: "SETQUOTA"; readonly root: string; readonly limits: ReadonlyMap<string, number> }
  | Notify;

/** Commands without arguments. */
export type Bare =
  "CAPABILITY" | "NOOP" | "LOGOUT" | "STARTTLS" | "NAMESPACE" | "IDLE" | "CHECK" | "CLOSE" | "UNSELECT" | "EXPUNGE";

export type Select = {
  readonly name: "SELECT" | "EXAMINE";
  readonly mailbox: string;
  /** RFC 7162 §3.1.8. */
  readonly condstore: boolean;
  readonly qresync: Qresync | null;
};

/** What the client still knows (RFC 7162 §3.2.5). */
export type Qresync = {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly known: NumberSet | null;
  readonly match: { readonly numbers: NumberSet; readonly uids: NumberSet } | null;
};

/** RFC 5258, RFC 5819, RFC 6154, RFC 8438. A plain LIST has one pattern and neither options nor returns. */
export type List = {
  readonly name: "LIST";
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly isExtended: boolean;
  readonly select: readonly ("SUBSCRIBED" | "REMOTE" | "RECURSIVEMATCH" | "SPECIAL-USE")[];
  readonly returns: readonly ("SUBSCRIBED" | "CHILDREN" | "SPECIAL-USE")[];
  /** RETURN (STATUS (…)); null: not asked for. */
  readonly status: readonly StatusItem[] | null;
};

/** RFC 9051 §6.3.11, RFC 3501 §6.3.10, RFC 7162, RFC 7889, RFC 8474, RFC 9208. */
export type StatusItem =
  | "MESSAGES"
  | "RECENT"
  | "UIDNEXT"
  | "UIDVALIDITY"
  | "UNSEEN"
  | "DELETED"
  | "SIZE"
  | "HIGHESTMODSEQ"
  | "APPENDLIMIT"
  | "MAILBOXID"
  | "DELETED-STORAGE";

/** A literal as it came: few octets in memory, a message perhaps where the driver has put it. */
export type Literal = {
  readonly size: number;
  /** literal8 (RFC 3516): `~{n}`. */
  readonly isBinary: boolean;
  readonly octets: Buffer | LiteralElsewhere;
};

/** A command as it came: the octets of its lines, without line ends and `{n}`, and the literals between them. */
export type Piece = Buffer | Literal;

/** A message that the driver wrote to the store while it came. */
export type LiteralElsewhere = { readonly elsewhere: WrittenMessage };

/** One message of APPEND, MULTIAPPEND or REPLACE. */
export type NewMessage = {
  readonly flags: readonly string[];
  /** Milliseconds since 1970; null: now. */
  readonly internalDate: number | null;
  /** "UTF8 (~{n}…)" (RFC 6855 §4). */
  readonly isUtf8: boolean;
  /** One literal, or the pieces of CATENATE (RFC 4469); a url is text for the handler to resolve. */
  readonly pieces: readonly ({ readonly text: Literal } | { readonly url: string })[];
  readonly isCatenated: boolean;
};

export type SearchReturn = {
  /** RFC 4731, RFC 9051 §6.4.4; in the order of the client. */
  readonly items: readonly ("MIN" | "MAX" | "ALL" | "COUNT")[];
  /** RFC 5182. */
  readonly save: boolean;
  /** RFC 5267: CONTEXT is a hint, UPDATE asks for news. */
  readonly context: boolean;
  /** What is to be fetched of new messages that come into the results (RFC 5465 §7); null: no news. */
  readonly update: readonly FetchItem[] | null;
  /** PARTIAL 1:100 or -1:-100 (RFC 5267, RFC 9394); null: none. */
  readonly partial: { readonly from: number; readonly to: number } | null;
};

export type Search = {
  readonly name: "SEARCH";
  readonly byUid: boolean;
  /** null: the plain form, answered by an untagged SEARCH (or by ESEARCH in IMAP4rev2). */
  readonly returns: SearchReturn | null;
  readonly charset: string | null;
  readonly key: SearchKey;
};

export type SortKey = {
  readonly by: "ARRIVAL" | "CC" | "DATE" | "FROM" | "SIZE" | "SUBJECT" | "TO" | "DISPLAYFROM" | "DISPLAYTO";
  readonly isReverse: boolean;
};

/** RFC 5256, RFC 5957, RFC 5267 (ESORT). */
export type Sort = Omit<Search, "name"> & { readonly name: "SORT"; readonly by: readonly SortKey[] };

export type Thread = {
  readonly name: "THREAD";
  readonly byUid: boolean;
  readonly algorithm: "REFERENCES" | "ORDEREDSUBJECT";
  readonly charset: string | null;
  readonly key: SearchKey;
};

/** RFC 9051 §6.4.4. Texts are decoded by the charset that the command named; days are "2026-11-25" in the time zone of the message. */
export type SearchKey =
  | { readonly is: "all" }
  | { readonly is: "and"; readonly keys: readonly SearchKey[] }
  | { readonly is: "or"; readonly keys: readonly [SearchKey, SearchKey] }
  | { readonly is: "not"; readonly key: SearchKey }
  /** A system flag in lower case with its backslash, or a keyword. */
  | { readonly is: "flag"; readonly flag: string }
  /** \Recent, and NEW and OLD by it. */
  | { readonly is: "recent" }
  | { readonly is: "numbers"; readonly set: NumberSet }
  | { readonly is: "uids"; readonly set: NumberSet }
  /** Header field in lower case; "" text: the field is there. */
  | { readonly is: "header"; readonly field: string; readonly text: string }
  | { readonly is: "body" | "text"; readonly text: string }
  | { readonly is: "larger" | "smaller"; readonly octets: number }
  | { readonly is: "before" | "on" | "since"; readonly of: "internal" | "sent" | "saved"; readonly day: string }
  /** WITHIN (RFC 5032): seconds. */
  | { readonly is: "older" | "younger"; readonly seconds: number }
  /** SAVEDATESUPPORTED (RFC 8514). */
  | { readonly is: "savedate-supported" }
  | { readonly is: "modseq"; readonly atLeast: number }
  /** RFC 8474. */
  | { readonly is: "email-id" | "thread-id"; readonly id: string };

export type Fetch = {
  readonly name: "FETCH";
  readonly byUid: boolean;
  readonly set: NumberSet;
  readonly items: readonly FetchItem[];
  /** RFC 7162 §3.1.4. */
  readonly changedSince: number | null;
  readonly vanished: boolean;
};

/** In the order of the client; macros are taken apart. */
export type FetchItem =
  | {
      readonly item:
        | "ENVELOPE"
        | "FLAGS"
        | "INTERNALDATE"
        | "SAVEDATE"
        | "UID"
        | "MODSEQ"
        | "EMAILID"
        | "THREADID"
        | "RFC822"
        | "RFC822.HEADER"
        | "RFC822.SIZE"
        | "RFC822.TEXT"
        | "BODY"
        | "BODYSTRUCTURE";
    }
  /** RFC 8970. */
  | { readonly item: "PREVIEW"; readonly isLazy: boolean }
  | {
      readonly item: "BODY[]";
      readonly peek: boolean;
      readonly section: Section;
      readonly partial: Partial | null;
    }
  /** RFC 3516. */
  | {
      readonly item: "BINARY[]";
      readonly peek: boolean;
      readonly part: readonly number[];
      readonly partial: Partial | null;
    }
  | { readonly item: "BINARY.SIZE[]"; readonly part: readonly number[] };

export type Section = {
  /** Part numbers; empty: the message. */
  readonly part: readonly number[];
  readonly text: "all" | "HEADER" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT" | "MIME" | "TEXT";
  /** Of HEADER.FIELDS: as the client wrote them. */
  readonly fields: readonly string[];
  /** What stands between the brackets of the answer: as the client wrote it (field case O-38). */
  readonly label: string;
};

export type Partial = { readonly from: number; readonly octets: number };

export type Store = {
  readonly name: "STORE";
  readonly byUid: boolean;
  readonly set: NumberSet;
  readonly change: "replace" | "add" | "remove";
  readonly isSilent: boolean;
  readonly flags: readonly string[];
  /** RFC 7162 §3.1.3. */
  readonly unchangedSince: number | null;
};

/** RFC 5465. */
export type Notify = {
  readonly name: "NOTIFY";
  /** null: NONE. */
  readonly set: {
    readonly status: boolean;
    readonly groups: readonly NotifyGroup[];
  } | null;
};

export type NotifyGroup = {
  readonly where:
    | { readonly is: "selected" | "selected-delayed" | "inboxes" | "personal" | "subscribed" }
    | { readonly is: "subtree" | "mailboxes"; readonly mailboxes: readonly string[] };
  /** null: NONE. */
  readonly events: readonly NotifyEvent[] | null;
};

export type NotifyEvent =
  | { readonly event: "MessageNew"; readonly items: readonly FetchItem[] }
  | {
      readonly event:
        | "MessageExpunge"
        | "FlagChange"
        | "AnnotationChange"
        | "MailboxName"
        | "SubscriptionChange"
        | "MailboxMetadataChange"
        | "ServerMetadataChange";
    };
