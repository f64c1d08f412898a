import type { Destination } from "../policy/decision.ts";
import type { Emit } from "../events/emit.ts";
import type { ContentSource, QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import { expiredOutcome, fateOf, type ReportKind, type Ruling, wantsReport } from "../queue/fate.ts";
import { nextHopKey, planTransactions } from "../queue/plan.ts";
import type { Schedule } from "../queue/schedule.ts";
import type { Contents } from "../store/content.ts";
import type { Claim, FreshEntry, Handover } from "../store/handover.ts";
import {
  claimDue,
  claimedRecipient,
  finishRecipients,
  nextDueAt,
  nextDueAtOfRows,
  recordAttempt,
  releaseLease,
  retryLater,
  setAside,
} from "../store/queue.ts";
import { refOf } from "../store/ref.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { readClaimed } from "./claimed.ts";
import type { Report, Reports } from "../store/reporting.ts";
import type { Remote, SendResult, Target } from "./target.ts";

export type RunnerOptions = {
  readonly store: Store;
  readonly contents: Contents;
  readonly remote: Remote;
  readonly reports: Reports;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  /** By the policy in force at the moment of delivery; `null`: the address cannot be read (a damaged queue). */
  readonly destinationOf: (forwardPath: string) => Destination | null;
  /** Statements that put a recipient of ours into its mailbox; `null`: there is nobody of that name. */
  readonly deliverHere: (entry: QueueEntry, recipient: QueuedRecipient) => readonly Statement[] | null;
  /** The hosts of a next hop, or why there are none now or ever. */
  readonly targetFor: (destination: Extract<Destination, { kind: "away" }>) => Promise<Target | RecipientOutcome>;
  /** Transactions at the same time in all, and to one destination. */
  readonly most: { readonly inAll: number; readonly perDestination: number; readonly recipients: number };
  /** Longer than any attempt may take. */
  readonly leaseMs: number;
};

type Work = {
  readonly entry: QueueEntry;
  readonly recipients: readonly QueuedRecipient[];
  readonly content: ContentSource;
  readonly leaseUntil: number;
  readonly destination: Extract<Destination, { kind: "away" }>;
};

/** What is known of one next hop while there is work for it. */
type Lane = {
  readonly key: string;
  readonly waiting: Work[];
  underWay: number;
  /** No host could be spoken to: one message at a time probes, the others go back without dialling. */
  isDown: boolean;
};

const claimAtOnce = 200;
const looksAtMostEveryMs = 60_000;

/**
 * Sends on what is due. A claim counts the attempt and sets the next time before anything is dialled, so a crash is at most a
 * duplicate; every outcome is recorded before anything else happens with its recipient. Memory is bounded by `most.inAll`.
 */
export class Runner implements Handover {
  readonly #options: RunnerOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Recipients claimed and not recorded yet. */
  #held = 0;
  /** The claim under way. */
  #claiming: Promise<void> | null = null;
  #isWoken = false;
  /** What has begun and is not recorded yet. */
  readonly #tasks = new Set<Promise<void>>();
  /** Before `start` and after `stop` nothing is claimed or sent: what is accepted waits in the queue. */
  #isRunning = false;
  #timer: Timer | null = null;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.#claimSoon(0);
  }

  /**
   * Takes nothing new and gives back what was not begun; resolves when what is under way was recorded, or `graceMs` is over: then
   * leases end by themselves. Afterwards the store may be closed.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#claiming;
    for (const { waiting } of this.#lanes.values()) for (const work of waiting.splice(0)) this.#giveBack(work);
    const over = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(graceMs, over.resolve);
    await Promise.race([this.#options.remote.close(graceMs).then(() => this.#allRecorded()), over.promise]);
    timer.cancel();
  }

  async #allRecorded(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  /** `task` never rejects. */
  #begin(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.then(() => this.#tasks.delete(task));
  }

  // Handover

  reserve(recipients: number): Claim | null {
    const { most, clock, leaseMs, schedule } = this.#options;
    if (!this.#isRunning || this.#held + recipients > most.inAll * 4) return null;
    this.#held += recipients;
    const now = clock.now();
    return { recipients, leaseUntil: now + leaseMs, dueAt: now + schedule.retryAfterMs[0] };
  }

  give({ entry, recipients, content }: FreshEntry, claim: Claim): void {
    this.#place(entry, recipients, { content, leaseUntil: claim.leaseUntil });
  }

  release(claim: Claim): void {
    this.#held -= claim.recipients;
  }

  wake(): void {
    this.#claimSoon(0);
  }

  // Claiming

  #claimSoon(delayMs: number): void {
    if (!this.#isRunning) return;
    if (this.#claiming !== null) {
      this.#isWoken = true;
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#claiming = this.#claim();
    });
  }

  async #claim(): Promise<void> {
    this.#isWoken = false;
    let waitMs = looksAtMostEveryMs;
    try {
      waitMs = await this.#claimOnce();
    } catch (error) {
      this.#trouble("claiming what is due", error);
    }
    this.#claiming = null;
    this.#claimSoon(this.#isWoken ? 0 : waitMs);
  }

  /** Returns how long to wait before the next look. */
  async #claimOnce(): Promise<number> {
    const { store, clock, schedule, most, leaseMs } = this.#options;
    const room = Math.min(claimAtOnce, most.inAll * 2 - this.#held);
    if (room <= 0) return 1_000;
    const now = clock.now();
    const leaseUntil = now + leaseMs;
    const [rows = []] = await store.commit([
      claimDue({ now, leaseUntil, limit: room, retryAfterMs: schedule.retryAfterMs }),
    ]);
    const claimed = rows.map(claimedRecipient);
    this.#held += claimed.length;
    const { whole, damaged } = await readClaimed(claimed, this.#options).catch((error: unknown) => {
      // Their leases end by themselves.
      this.#held -= claimed.length;
      throw error;
    });
    for (const { entry, recipients, reason } of damaged)
      this.#begin(this.#setAside(recipients, { entry, leaseUntil, reason }));
    for (const { entry, recipients, content } of whole) this.#place(entry, recipients, { content, leaseUntil });
    if (claimed.length === room) return 0;
    const next = nextDueAtOfRows(await store.read(nextDueAt(now)));
    return next === null ? looksAtMostEveryMs : Math.min(looksAtMostEveryMs, Math.max(50, next - clock.now()));
  }

  // Placing and sending

  #place(entry: QueueEntry, recipients: readonly QueuedRecipient[], held: Pick<Work, "content" | "leaseUntil">): void {
    const away = new Map<QueuedRecipient, Extract<Destination, { kind: "away" }>>();
    for (const recipient of recipients) {
      const destination = this.#options.destinationOf(recipient.forwardPath);
      if (destination === null) this.#begin(this.#setAside([recipient], { entry, reason: unreadablePath, ...held }));
      else if (destination.kind === "away") away.set(recipient, destination);
      else this.#begin(this.#deliverHere(entry, recipient, held));
    }
    const groups = planTransactions(
      [...away.keys()],
      (recipient) => nextHopKey(away.get(recipient)!.nextHop),
      this.#options.most.recipients,
    );
    for (const { key, recipients: together } of groups) {
      const destination = away.get(together[0]!)!;
      let lane = this.#lanes.get(key);
      if (lane === undefined) this.#lanes.set(key, (lane = { key, waiting: [], underWay: 0, isDown: false }));
      const work = { entry, recipients: together, ...held, destination };
      // Committed while the server stops.
      if (!this.#isRunning) {
        this.#giveBack(work);
        continue;
      }
      lane.waiting.push(work);
      this.#run(lane);
    }
  }

  async #deliverHere(
    entry: QueueEntry,
    recipient: QueuedRecipient,
    { content, leaseUntil }: Pick<Work, "content" | "leaseUntil">,
  ): Promise<void> {
    const reason = await this.#flawOf(content);
    if (reason !== null) return this.#setAside([recipient], { entry, leaseUntil, reason });
    const statements = this.#options.deliverHere(entry, recipient);
    const outcome: RecipientOutcome =
      statements === null
        ? { result: "permanent", code: null, status: "5.1.1", said: "there is no such mailbox here", host: null }
        : { result: "accepted", code: null, status: "2.0.0", said: "delivered here", host: null };
    const work = { entry, recipients: [recipient], content, leaseUntil };
    const beganAt = this.#options.clock.now();
    await this.#record(work, { outcomes: [outcome], beganAt, extra: statements ?? [], isFinal: true });
  }

  #run(lane: Lane): void {
    const { perDestination } = this.#options.most;
    while (lane.waiting.length > 0 && lane.underWay < (lane.isDown ? 1 : perDestination) && this.#isRunning) {
      const work = lane.waiting.shift();
      if (work === undefined) break;
      lane.underWay++;
      this.#begin(this.#send(lane, work));
    }
    if (lane.waiting.length === 0 && lane.underWay === 0) this.#lanes.delete(lane.key);
  }

  async #send(lane: Lane, work: Work): Promise<void> {
    const beganAt = this.#options.clock.now();
    try {
      const reason = await this.#flawOf(work.content);
      if (reason !== null) {
        await this.#setAside(work.recipients, { ...work, reason });
        lane.underWay--;
        return this.#run(lane);
      }
      const result = await this.#attempt(work);
      if (result === null) {
        lane.underWay--;
        return this.#giveBack(work);
      }
      lane.isDown = result.isDown;
      const recorded = this.#record(work, { outcomes: result.outcomes, beganAt, extra: [] });
      // A destination that is down is not dialled for each of those that wait: they hear the reason and wait on.
      if (result.isDown) this.#turnBack(lane, result);
      lane.underWay--;
      this.#run(lane);
      await recorded;
    } catch (error) {
      lane.underWay--;
      this.#held -= work.recipients.length;
      this.#trouble(`sending ${refOf(work.entry.id)}`, error);
      this.#run(lane);
    }
  }

  /** `null`: it was told to stop before anything was dialled. */
  async #attempt({ entry, recipients, content, destination }: Work): Promise<SendResult | null> {
    const target = await this.#options.targetFor(destination);
    if (!this.#isRunning) return null;
    if ("result" in target) return { outcomes: recipients.map(() => target), isDown: false };
    return this.#options.remote.send(target, { ...entry, id: refOf(entry.id), recipients, content });
  }

  #turnBack(lane: Lane, { outcomes }: SendResult): void {
    const [first] = outcomes;
    if (first === undefined) return;
    for (const work of lane.waiting.splice(0)) {
      const outcome = { ...first, said: `not tried, because ${lane.key} is down: ${first.said}` };
      this.#begin(
        this.#record(work, {
          outcomes: work.recipients.map(() => outcome),
          beganAt: this.#options.clock.now(),
          extra: [],
        }),
      );
    }
  }

  /** Nothing was dialled for it: due at once, for the next start. */
  #giveBack({ recipients, leaseUntil }: Pick<Work, "recipients" | "leaseUntil">): void {
    const { store, clock } = this.#options;
    const unit = recipients.map(({ id }) => releaseLease(id, leaseUntil, clock.now()));
    this.#begin(
      store.commit(unit).then(
        () => void (this.#held -= recipients.length),
        (error: unknown) => this.#trouble("giving back what was not begun", error),
      ),
    );
  }

  // Recording

  async #record(
    work: Omit<Work, "destination">,
    attempt: {
      readonly outcomes: readonly RecipientOutcome[];
      readonly beganAt: number;
      readonly extra: readonly Statement[];
      /** It was delivered here, or could not be: no next hop comes behind us. */
      readonly isFinal?: true;
    },
  ): Promise<void> {
    const { store, clock, schedule, random, contents } = this.#options;
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
      for (const one of judged) this.#tell(work.entry, one);
      this.#tellReports(work.entry, reports);
    } catch (error) {
      // The lease ends by itself and the next try is set: nothing is lost.
      this.#trouble(`recording what became of ${refOf(work.entry.id)}`, error);
    } finally {
      this.#held -= work.recipients.length;
    }
  }

  // Setting aside

  /** Before anybody is dialled. Few octets were read with the entry; a file is looked at. */
  async #flawOf(content: ContentSource): Promise<string | null> {
    if (content.bytes !== null) return null;
    try {
      return await content.flaw();
    } catch (error) {
      // The disk, not this file: the attempt will meet it too, and wait.
      this.#trouble("looking at a content", error);
      return null;
    }
  }

  /**
   * Nothing of a damaged entry is thrown away and nobody is dialled for it: an administrator finds it in `queue list` with the
   * reason, and `queue retry` tries it again. Its sender is told, where there is one, that it waits.
   */
  async #setAside(
    recipients: readonly QueuedRecipient[],
    found: { readonly entry: QueueEntry | null; readonly leaseUntil: number; readonly reason: string },
  ): Promise<void> {
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
      if (found.entry !== null && report !== null) this.#tellReports(found.entry, [report]);
    } catch (error) {
      this.#trouble("setting a damaged message aside", error);
    } finally {
      this.#held -= recipients.length;
    }
  }

  #toBeTold(recipients: readonly QueuedRecipient[], entry: QueueEntry | null): readonly QueuedRecipient[] {
    if (entry === null) return [];
    // An address that cannot be read is no text for a report.
    const isReadable = ({ forwardPath }: QueuedRecipient) => this.#options.destinationOf(forwardPath) !== null;
    return recipients.filter((one) => !one.isDelayReported && wantsReport("DELAY", one, entry) && isReadable(one));
  }

  async #damageReport(told: readonly QueuedRecipient[], entry: QueueEntry): Promise<OwedReport | null> {
    const lastAttemptAt = this.#options.clock.now();
    const about = { outcome: setAsideOutcome, lastAttemptAt, willRetryUntil: null };
    const recipients = told.map((recipient) => ({ recipient, ...about }));
    const report = await this.#options.reports.reportOn({ kind: "delay", entry, content: noContent, recipients });
    return report === null ? null : { ...report, kind: "delay" };
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

  async #reportsOn(work: Omit<Work, "destination">, judged: readonly Judged[]): Promise<readonly OwedReport[]> {
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

  #tellReports(entry: QueueEntry, reports: readonly OwedReport[]): void {
    if (reports.length > 0) this.#claimSoon(0);
    for (const { message, kind } of reports) {
      this.#options.emit({ name: "report-composed", message, about: refOf(entry.id), kind });
    }
  }

  #tell(entry: QueueEntry, { recipient, outcome, ruling }: Judged): void {
    const message = refOf(entry.id);
    const { forwardPath } = recipient;
    const { host, said } = outcome;
    if (ruling.fate === "waiting") {
      this.#options.emit({ name: "recipient-deferred", message, forwardPath, host, said, nextAt: ruling.dueAt });
      this.#claimSoon(Math.min(looksAtMostEveryMs, Math.max(50, ruling.dueAt - this.#options.clock.now())));
    } else this.#options.emit({ name: "recipient-finished", message, forwardPath, outcome: ruling.fate, host, said });
  }

  #trouble(doing: string, error: unknown): void {
    this.#options.emit({ name: "trouble", doing, problem: error instanceof Error ? error.message : String(error) });
  }
}

type OwedReport = Report & { readonly kind: ReportKind };
type Judged = { readonly recipient: QueuedRecipient; readonly outcome: RecipientOutcome; readonly ruling: Ruling };

const unreadablePath = "its address cannot be read";

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

const unknownOutcome: RecipientOutcome = {
  result: "transient",
  code: null,
  status: "4.3.0",
  said: "the attempt gave no outcome",
  host: null,
};
