import type { Emit } from "../events/emit.ts";
import type { Event } from "../events/catalogue.ts";
import type { ContentSource, QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import { expiredOutcome, fateOf, type ReportKind, type Ruling } from "../queue/fate.ts";
import type { Schedule } from "../queue/schedule.ts";
import type { Contents } from "../store/content.ts";
import { finishRecipients, recordAttempt, retryLater } from "../store/queue.ts";
import { refOf } from "../store/ref.ts";
import type { Report, Reports } from "../store/reporting.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";

export type RecorderOptions = {
  readonly store: Store;
  readonly contents: Pick<Contents, "remove">;
  readonly reports: Reports;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  /** Something in the queue is due in so many milliseconds. */
  readonly dueIn: (ms: number) => void;
};

/** Recipients of one entry that were tried together. */
export type Attempted = {
  readonly entry: QueueEntry;
  readonly recipients: readonly QueuedRecipient[];
  readonly content: ContentSource;
  readonly leaseUntil: number;
};

export type Attempt = {
  /** In the order of the recipients. */
  readonly outcomes: readonly RecipientOutcome[];
  readonly beganAt: number;
  /** What else is committed with it. */
  readonly extra: readonly Statement[];
  /** Called once that is committed. */
  readonly committed?: () => void;
  /** It was delivered here, or could not be: no next hop comes behind us. */
  readonly isFinal?: true;
};

export type OwedReport = Report & { readonly kind: ReportKind };
type Judged = { readonly recipient: QueuedRecipient; readonly outcome: RecipientOutcome; readonly ruling: Ruling };

/** Records what an attempt came to, with the reports that are owed, before anything else happens with its recipients. */
export class Recorder {
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Never rejects: what cannot be recorded is tried again when its lease ends. */
  async record(work: Attempted, attempt: Attempt): Promise<void> {
    const { store, clock, schedule, random, contents, emit } = this.#options;
    const now = clock.now();
    const isFinal = attempt.isFinal === true;
    const judged = work.recipients.map((recipient, index) => {
      const outcome = attempt.outcomes[index] ?? unknownOutcome;
      return {
        recipient,
        outcome,
        ruling: fateOf(outcome, { recipient, entry: work.entry }, { now, schedule, jitter: random(), isFinal }),
      };
    });
    try {
      const unit: Statement[] = [...attempt.extra];
      const finished = judged.filter(({ ruling }) => ruling.fate !== "waiting").map(({ recipient }) => recipient);
      for (const { recipient, outcome, ruling } of judged) {
        if (ruling.fate === "waiting")
          unit.push(
            ...this.#waits({ recipient, outcome, ruling }, { ...attempt, endedAt: now, leaseUntil: work.leaseUntil }),
          );
      }
      const reports = await this.#reportsOn(work, judged);
      unit.push(...reports.flatMap((report) => report.unit));
      const isFile = work.content.bytes === null;
      if (finished.length > 0) unit.push(...finishRecipients({ recipients: finished, entry: work.entry, isFile }));
      // No client waits for it: under load it needs no sync of its own. A crash in these milliseconds costs a duplicate, as before.
      const returned = await store.commit(unit, "soon");
      if (finished.length > 0 && isFile) {
        const file = returned.at(-1)?.[0]?.["file"];
        if (typeof file === "string") await contents.remove(file);
      }
      attempt.committed?.();
      for (const one of judged) this.#tell(work.entry, one);
      tellReports(this.#options, work.entry, reports);
    } catch (error) {
      // The lease ends by itself and the next try is set: nothing is lost.
      emit(troubleIn(`recording what became of ${refOf(work.entry.id)}`, error));
    }
  }

  #waits(
    { recipient, outcome, ruling }: Judged & { readonly ruling: Extract<Ruling, { fate: "waiting" }> },
    attempt: { readonly beganAt: number; readonly endedAt: number; readonly leaseUntil: number },
  ): Statement[] {
    return [
      recordAttempt({
        id: this.#options.store.nextId(),
        recipientId: recipient.id,
        beganAt: attempt.beganAt,
        endedAt: attempt.endedAt,
        host: outcome.host,
        code: outcome.code,
        said: outcome.said,
      }),
      retryLater({
        recipientId: recipient.id,
        leaseUntil: attempt.leaseUntil,
        dueAt: ruling.dueAt,
        waitsFor: outcome.said,
        attempts: recipient.attempts,
        isDelayReported: recipient.isDelayReported || ruling.report === "delay",
      }),
    ];
  }

  async #reportsOn(work: Attempted, judged: readonly Judged[]): Promise<readonly OwedReport[]> {
    const { schedule, clock } = this.#options;
    const owed = Map.groupBy(
      judged.filter(({ ruling }) => ruling.report !== null),
      ({ ruling }) => ruling.report,
    );
    const composed: OwedReport[] = [];
    for (const [kind, about] of owed) {
      if (kind === null) continue;
      const report = await this.#options.reports.reportOn({
        kind,
        entry: work.entry,
        content: work.content,
        recipients: about.map(({ recipient, outcome, ruling }) => ({
          recipient,
          outcome: ruling.fate === "expired" ? expiredOutcome(outcome) : outcome,
          lastAttemptAt: clock.now(),
          willRetryUntil: kind === "delay" ? work.entry.bornAt + schedule.lifetimeMs : null,
        })),
      });
      if (report !== null) composed.push({ ...report, kind });
    }
    return composed;
  }

  #tell(entry: QueueEntry, { recipient, outcome, ruling }: Judged): void {
    const { emit, clock, dueIn } = this.#options;
    const message = refOf(entry.id);
    const { forwardPath } = recipient;
    const { host, said } = outcome;
    if (ruling.fate === "waiting") {
      emit({ name: "recipient-deferred", message, forwardPath, host, said, nextAt: ruling.dueAt });
      dueIn(Math.max(50, ruling.dueAt - clock.now()));
    } else emit({ name: "recipient-finished", message, forwardPath, outcome: ruling.fate, host, said });
  }
}

/** For the log, and so that the queue is looked at: a report is sent like any other message. */
export function tellReports(
  { emit, dueIn }: Pick<RecorderOptions, "emit" | "dueIn">,
  about: QueueEntry,
  reports: readonly OwedReport[],
): void {
  if (reports.length > 0) dueIn(0);
  for (const { message, kind, committed } of reports) {
    committed?.();
    emit({ name: "report-composed", message, about: refOf(about.id), kind });
  }
}

export function troubleIn(doing: string, error: unknown): Event {
  return { name: "trouble", doing, problem: error instanceof Error ? error.message : String(error) };
}

const unknownOutcome: RecipientOutcome = {
  result: "transient",
  code: null,
  status: "4.3.0",
  said: "the attempt gave no outcome",
  host: null,
};
