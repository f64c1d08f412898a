/** Accepted and not finished: what the queue knows of one message (RFC 5321 §4.5.4). */
export type QueueEntry = {
  readonly id: number;
  readonly contentId: number;
  /** Octets of the content. */
  readonly size: number;
  /** As it goes into MAIL; "" is the null reverse-path. */
  readonly reversePath: string;
  /** Milliseconds since 1970; the retry schedule is anchored here. */
  readonly bornAt: number;
  readonly body: "7BIT" | "8BITMIME";
  readonly smtpUtf8: boolean;
  readonly ret: "FULL" | "HDRS" | null;
  readonly envid: string | null;
  readonly listener: string;
  readonly client: string;
  readonly account: string | null;
};

/** One recipient of an entry that still has to leave. */
export type QueuedRecipient = {
  readonly id: number;
  readonly entryId: number;
  /** After rerouting; what goes into RCPT. */
  readonly forwardPath: string;
  /** As the client gave it, when that differs. */
  readonly originalPath: string | null;
  readonly orcpt: string | null;
  /** "NEVER" or a comma list of SUCCESS, FAILURE, DELAY (RFC 3461 §4.1); null when the client did not say. */
  readonly notify: string | null;
  readonly dueAt: number;
  /** Attempts begun, this one included while it is under way. */
  readonly attempts: number;
  readonly isDelayReported: boolean;
};

/** The bytes of a message: in memory when they are few, else streamed from their file. */
export type ContentSource = {
  readonly size: number;
  readonly bytes: Uint8Array | null;
  /** What is wrong with the bytes, in words; `null`: they are there and as many as they were. Looks at the disk. */
  flaw(): Promise<string | null>;
  /** `range`: from one octet up to but not including another; absent: all. */
  stream(range?: { readonly from: number; readonly to: number }): AsyncIterable<Uint8Array>;
};

/** What became of one recipient in one attempt. */
export type RecipientOutcome = {
  readonly result: "accepted" | "transient" | "permanent";
  /** The peer's reply code, null when no reply came. */
  readonly code: number | null;
  /** Enhanced status (RFC 3463), ours when the peer gave none: "4.4.1". */
  readonly status: string;
  /** The peer's words, or ours when there was no peer; may hold hostile text. */
  readonly said: string;
  /** "mx.example.net [192.0.2.7]:25", null when none was reached. */
  readonly host: string | null;
  /** RFC 3461 §6.2: whether the next hop took over the duty to report. */
  readonly peerReports?: boolean;
};
