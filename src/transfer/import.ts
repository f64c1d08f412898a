import { flagsOf } from "../imap/flags.ts";
import { withInbox } from "../imap/mailbox-name.ts";
import type { AppendedMessage, Mail, MailRefusal, WrittenMessage } from "../imap/mail.ts";
import type { Progress } from "./export.ts";
import type { Source, SourceMailbox, SourceMessage } from "./source.ts";

export type Imported = {
  readonly mailboxes: number;
  readonly messages: number;
  /** Were here from an earlier run. */
  readonly known: number;
  /** Messages that could not be taken, with the reason; the others are. */
  readonly problems: readonly string[];
};

/** Remembers which messages of a source an account has: an import that broke off goes on, and one that is repeated adds what is new. */
export interface ImportMemory {
  known(source: string): Promise<ReadonlySet<string>>;
}

export type ImportOptions = {
  readonly mail: Mail;
  readonly memory: ImportMemory;
  /** Mailbox above all that is imported; null: names stay. */
  readonly below: string | null;
  readonly now: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

/** Messages that are committed together, and their octets: one sync for many, and little memory. */
const batch = { messages: 50, octets: 8 * 1024 * 1024 };
/** More are not listed: a broken source must not fill the memory. */
const mostProblems = 100;

/** Thrown when the account takes nothing more. */
export class ImportStopped extends Error {
  override readonly name = "ImportStopped";
}

/** Takes everything of a source into an account's mailboxes, with flags and dates. Mailboxes are made as needed. */
export async function importMail(source: Source, options: ImportOptions): Promise<Imported> {
  const { mail, memory, below, progress } = options;
  const mailboxes = await source.mailboxes();
  const known = await memory.known(source.name);
  const total = mailboxes.reduce((sum, { messages }) => sum + messages, 0);
  const expected = Math.max(total - known.size, 0);
  const run = new Run(source.name, options, (done) => progress(done, Math.max(expected, done)));
  progress(0, expected);
  for (const mailbox of mailboxes) {
    const name = nameHere(below === null ? mailbox.name : `${below}/${mailbox.name}`);
    await makeMailbox(mail, name);
    await run.take(mailbox, name, known);
  }
  return { mailboxes: mailboxes.length, messages: run.imported, known: total - run.seen, problems: run.problems };
}

/** A name that a mailbox can have here: what other servers allow and this one does not becomes "_". */
function nameHere(name: string): string {
  const levels = name.split("/").map((level) => level.replaceAll(/[%*\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, "_").slice(0, 255));
  return withInbox(
    levels
      .filter((level) => level !== "")
      .join("/")
      .normalize("NFC"),
  );
}

async function makeMailbox(mail: Mail, name: string): Promise<void> {
  const made = await mail.create(name);
  if ("refused" in made && made.refused !== "exists" && made.refused !== "is-inbox") throw stopped(name, made);
  await mail.subscribe(name);
}

const stopped = (name: string, { text }: MailRefusal) => new ImportStopped(`${name}: ${text}`);

class Run {
  imported = 0;
  /** Read from the source, taken or not. */
  seen = 0;
  readonly problems: string[] = [];
  readonly #source: string;
  readonly #options: ImportOptions;
  readonly #told: (done: number) => void;
  #waiting: AppendedMessage[] = [];
  #octets = 0;

  constructor(source: string, options: ImportOptions, told: (done: number) => void) {
    this.#source = source;
    this.#options = options;
    this.#told = told;
  }

  async take(mailbox: SourceMailbox, name: string, known: ReadonlySet<string>): Promise<void> {
    try {
      await this.#takeAll(mailbox, name, known);
    } finally {
      for (const { content } of this.#waiting) content.discard();
    }
  }

  async #takeAll(mailbox: SourceMailbox, name: string, known: ReadonlySet<string>): Promise<void> {
    for await (const message of mailbox.read(known)) {
      this.seen++;
      await this.#keep(message, name);
      if (this.#waiting.length >= batch.messages || this.#octets >= batch.octets) await this.#commit(name);
    }
    await this.#commit(name);
  }

  async #keep(message: SourceMessage, name: string): Promise<void> {
    const { mail, now } = this.#options;
    const content = await write(mail, message).catch((error: unknown) => {
      if (error instanceof TooLarge) return error;
      throw error;
    });
    if (content instanceof TooLarge) {
      if (this.problems.length < mostProblems) this.problems.push(`${name}, ${message.key}: ${content.message}`);
      return;
    }
    const { flags, internalDate, key } = message;
    this.#waiting.push({
      flags: flagsOf(flags),
      internalDate: internalDate ?? now,
      content,
      importedAs: { source: this.#source, key },
    });
    this.#octets += content.size;
  }

  async #commit(name: string): Promise<void> {
    if (this.#waiting.length === 0) return;
    const appended = await this.#options.mail.append(name, this.#waiting);
    if ("refused" in appended) throw stopped(name, appended);
    this.imported += this.#waiting.length;
    this.#waiting = [];
    this.#octets = 0;
    this.#told(this.imported);
    this.#options.signal.throwIfAborted();
  }
}

class TooLarge extends Error {}

async function write(mail: Mail, message: SourceMessage): Promise<WrittenMessage> {
  const writer = mail.write();
  let size = 0;
  try {
    for await (const piece of message.read()) {
      size += piece.length;
      if (size > mail.appendLimit) throw new TooLarge(`it has more than ${mail.appendLimit} octets`);
      writer.write(piece);
      if (writer.isFull) await writer.drained();
    }
    return await writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
}
