import type { Flags } from "../imap/flags.ts";
import type { Mail, MessageContent, OpenMailbox } from "../imap/mail.ts";

/** One message on its way out. */
export type ExportedMessage = {
  readonly uid: number;
  readonly uidValidity: number;
  readonly flags: Flags;
  readonly internalDate: number;
  readonly content: MessageContent;
};

/** Where messages are written; one mailbox after the other. */
export interface Archive {
  begin(mailbox: string): Promise<MailboxArchive>;
}

export interface MailboxArchive {
  write(message: ExportedMessage): Promise<void>;
  /** Everything is on the disk. */
  finish(): Promise<void>;
  /** Nothing half stays. */
  abandon(): Promise<void>;
}

export type Progress = (done: number, total: number) => void;

export type ExportOptions = {
  readonly mail: Mail;
  /** A mailbox with what is below it; null: all. */
  readonly only: string | null;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

export type Exported = { readonly mailboxes: number; readonly messages: number };

/** Writes mailboxes of one account into an archive. */
export async function exportMail(
  mail: Mail,
  archive: Archive,
  { only, progress, signal }: Omit<ExportOptions, "mail">,
): Promise<Exported> {
  const names = (await mail.list())
    .filter(({ isSelectable, name }) => isSelectable && (only === null || name === only || name.startsWith(`${only}/`)))
    .map(({ name }) => name);
  const opened: OpenMailbox[] = [];
  try {
    for (const name of names) {
      const one = await mail.open(name, "read-only");
      if (!("refused" in one)) opened.push(one);
    }
    const total = opened.reduce((sum, { opened: { messages } }) => sum + messages, 0);
    let done = 0;
    progress(0, total);
    for (const mailbox of opened) {
      await exportMailbox(mailbox, await archive.begin(mailbox.opened.name), () => {
        signal.throwIfAborted();
        progress(++done, total);
      });
    }
    return { mailboxes: opened.length, messages: done };
  } finally {
    for (const one of opened) one.close();
  }
}

async function exportMailbox(mailbox: OpenMailbox, archive: MailboxArchive, told: () => void): Promise<void> {
  const { uids, uidValidity } = mailbox.opened;
  try {
    for await (const rows of mailbox.rows(uids, {})) {
      for (const { uid, flags, internalDate } of rows) {
        const content = await mailbox.content(uid);
        // Deleted since the portion was read.
        if (content !== null) await archive.write({ uid, uidValidity, flags, internalDate, content });
        told();
      }
    }
    await archive.finish();
  } catch (error) {
    await archive.abandon();
    throw error;
  }
}
