import type { ContentSource, QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import { wantsReport } from "../queue/fate.ts";
import { recordAttempt, setAside } from "../store/queue.ts";
import { refOf } from "../store/ref.ts";
import type { Statement } from "../store/store.ts";
import { type OwedReport, type RecorderOptions, tellReports, troubleIn } from "./recorder.ts";

export type DamageOptions = Pick<RecorderOptions, "store" | "reports" | "clock" | "emit" | "dueIn"> & {
  /** Whether an address of the queue can be read. */
  readonly isReadable: (forwardPath: string) => boolean;
};

/** `entry` is null where not even that can be read. */
type Found = { readonly entry: QueueEntry | null; readonly leaseUntil: number; readonly reason: string };

/** What becomes of queue entries that are damaged (O-33): nothing of them is thrown away or sent. */
export class Damage {
  readonly #options: DamageOptions;

  constructor(options: DamageOptions) {
    this.#options = options;
  }

  /** Why a content must not be sent; `null`: it is whole. Few octets were read with the entry; a file is looked at. */
  async flawOf(content: ContentSource): Promise<string | null> {
    if (content.bytes !== null) return null;
    try {
      return await content.flaw();
    } catch (error) {
      // The disk, not this file: the attempt will meet it too, and wait.
      this.#options.emit(troubleIn("looking at a content", error));
      return null;
    }
  }

  /**
   * Nothing of a damaged entry is thrown away and nobody is dialled for it: an administrator finds it in `queue list` with the
   * reason, and `queue retry` tries it again. Its sender is told, where there is one, that it waits.
   */
  async setAside(recipients: readonly QueuedRecipient[], found: Found): Promise<void> {
    const { store, clock, emit } = this.#options;
    const now = clock.now();
    const outcome = { ...setAsideOutcome, said: found.reason };
    try {
      const told = this.#toBeTold(recipients, found.entry);
      const unit: Statement[] = [];
      for (const recipient of recipients) {
        const isDelayReported = recipient.isDelayReported || told.includes(recipient);
        const ids = { id: store.nextId(), recipientId: recipient.id };
        unit.push(recordAttempt({ ...ids, beganAt: now, endedAt: now, ...outcome }));
        unit.push(setAside({ ...recipient, isDelayReported }, found));
      }
      const report = found.entry === null || told.length === 0 ? null : await this.#damageReport(told, found.entry);
      unit.push(...(report?.unit ?? []));
      await store.commit(unit);
      for (const { entryId, forwardPath } of recipients) {
        emit({ name: "recipient-set-aside", message: refOf(entryId), forwardPath, reason: found.reason });
      }
      if (found.entry !== null && report !== null) tellReports(this.#options, found.entry, [report]);
    } catch (error) {
      emit(troubleIn("setting a damaged message aside", error));
    }
  }

  #toBeTold(recipients: readonly QueuedRecipient[], entry: QueueEntry | null): readonly QueuedRecipient[] {
    if (entry === null) return [];
    // An address that cannot be read is no text for a report.
    const isReadable = ({ forwardPath }: QueuedRecipient) => this.#options.isReadable(forwardPath);
    return recipients.filter((one) => !one.isDelayReported && wantsReport("DELAY", one, entry) && isReadable(one));
  }

  async #damageReport(told: readonly QueuedRecipient[], entry: QueueEntry): Promise<OwedReport | null> {
    const lastAttemptAt = this.#options.clock.now();
    const about = { outcome: setAsideOutcome, lastAttemptAt, willRetryUntil: null };
    const recipients = told.map((recipient) => ({ recipient, ...about }));
    const report = await this.#options.reports.reportOn({ kind: "delay", entry, content: noContent, recipients });
    return report === null ? null : { ...report, kind: "delay" };
  }
}

/** What the sender hears. RFC 3463 X.3.0. */
const setAsideOutcome: RecipientOutcome = {
  result: "transient",
  code: null,
  status: "4.3.0",
  said: "the message was damaged here and waits for an administrator",
  host: null,
};

/** Of a damaged message nothing goes back. */
const noContent: ContentSource = {
  size: 0,
  bytes: new Uint8Array(),
  flaw: () => Promise.resolve(null),
  async *stream() {},
};
