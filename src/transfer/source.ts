/** One message of an archive or of another server, and where it stands there. */
export type SourceMessage = {
  /** What makes it this message and no other within its source, the same at every reading: an import that is repeated passes over it. */
  readonly key: string;
  /** As IMAP writes them: "\\Seen", "work". */
  readonly flags: readonly string[];
  /** When it was received, milliseconds since 1970; null: unknown. */
  readonly internalDate: number | null;
  /** Octets with CRLF line ends. */
  readonly read: () => AsyncIterable<Uint8Array>;
};

export type SourceMailbox = {
  /** Decoded, levels apart by "/". */
  readonly name: string;
  /** How many there are, for the progress bar. */
  readonly messages: number;
  /** `skip`: those of these keys need not be fetched. */
  read(skip: ReadonlySet<string>): AsyncIterable<SourceMessage>;
};

/** Where mail is imported from. Throws `SourceUnreadable` when it is not there or is something else. */
export interface Source {
  /** Names it among all sources: keys count within it. */
  readonly name: string;
  mailboxes(): Promise<readonly SourceMailbox[]>;
  close(): Promise<void>;
}

/** With a sentence for people. */
export class SourceUnreadable extends Error {
  override readonly name = "SourceUnreadable";
}
