import type { Destination } from "../policy/decision.ts";
import type { Emit } from "../events/emit.ts";
import type { ContentSource, QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import { nextHopKey, planTransactions } from "../queue/plan.ts";
import type { Schedule } from "../queue/schedule.ts";
import type { Contents } from "../store/content.ts";
import type { Claim, FreshEntry, Handover } from "../store/handover.ts";
import { claimDue, claimedRecipient, freeLeases, nextDueAt, nextDueAtOfRows, releaseLease } from "../store/queue.ts";
import type { Memory } from "../store/memory.ts";
import { refOf } from "../store/ref.ts";
import type { Reports } from "../store/reporting.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { readClaimed } from "./claimed.ts";
import { Damage } from "./damage.ts";
import { Held } from "./held.ts";
import { Lately } from "./lately.ts";
import { type Attempt, type Attempted, Recorder, troubleIn } from "./recorder.ts";
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
  /** What is on its way out comes out of the same budget as what comes in. */
  readonly memory: Memory;
  /** By the policy in force at the moment of delivery; `null`: the address cannot be read (a damaged queue). */
  readonly destinationOf: (forwardPath: string) => Destination | null;
  /** What puts a recipient of ours into its mailbox; `null`: there is nobody of that name. */
  readonly deliverHere: (entry: QueueEntry, recipient: QueuedRecipient) => Promise<LocalAttempt | null>;
  /** The hosts of a next hop, or why there are none now or ever. */
  readonly targetFor: (destination: Extract<Destination, { kind: "away" }>) => Promise<Target | RecipientOutcome>;
  /** Transactions at the same time in all, and to one destination. */
  readonly most: { readonly inAll: number; readonly perDestination: number; readonly recipients: number };
  /** Longer than any attempt may take. */
  readonly leaseMs: number;
  /** No other process works on this queue: leases from before `start` are nobody's. */
  readonly isAlone: boolean;
};

/** `full`: the account holds all that it may. `committed`: to be called after the commit. */
export type LocalAttempt = { readonly statements: readonly Statement[]; readonly committed: () => void } | "full";

type Work = Attempted & { readonly destination: Extract<Destination, { kind: "away" }> };

type Dropped = { readonly recipients: readonly QueuedRecipient[]; readonly content: ContentSource | null };

/** What is known of one next hop while there is work for it. */
type Lane = {
  readonly key: string;
  readonly waiting: Work[];
  underWay: number;
  /** It cannot be found, or no host could be spoken to: one message at a time probes, the others go back without dialling. */
  isDown: boolean;
};

const claimAtOnce = 200;
const looksAtMostEveryMs = 60_000;
/** A next hop that was down is probed with one message first, although there was no work for it meanwhile. */
const downForMs = 24 * 60 * 60_000;

/**
 * Sends on what is due. A claim counts the attempt and sets the next time before anything is dialled, so a crash is at most a
 * duplicate; every outcome is recorded before anything else happens with its recipient. Memory is bounded by `most.inAll`.
 */
export class Runner implements Handover {
  readonly #options: RunnerOptions;
  readonly #recorder: Recorder;
  readonly #damage: Damage;
  readonly #lanes = new Map<string, Lane>();
  readonly #down: Lately;
  /** What is claimed and not recorded yet. */
  readonly #held: Held;
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
    this.#held = new Held(options.memory);
    this.#down = new Lately(options.clock, downForMs);
    const dueIn = (ms: number): void => this.#claimSoon(Math.min(looksAtMostEveryMs, ms));
    this.#recorder = new Recorder({ ...options, dueIn });
    this.#damage = new Damage({ ...options, dueIn, isReadable: (path) => options.destinationOf(path) !== null });
  }

  start(): void {
    this.#isRunning = true;
    const { isAlone, store } = this.#options;
    // In the store's order before every claim of ours. When they are due again was set when they were claimed.
    if (isAlone)
      this.#begin(
        store.commit([freeLeases]).then(
          () => {},
          (error: unknown) => this.#trouble("freeing leases of an earlier start", error),
        ),
      );
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

  reserve(wanted: Pick<Claim, "recipients" | "octets">): Claim | null {
    const { most, clock, leaseMs, schedule } = this.#options;
    const isTooMuch =
      this.#held.recipients + wanted.recipients > most.inAll * 4 || !this.#held.hasRoomFor(wanted.octets);
    if (!this.#isRunning || isTooMuch) return null;
    const now = clock.now();
    const claim = { ...wanted, leaseUntil: now + leaseMs, dueAt: now + schedule.retryAfterMs[0] };
    this.#held.promise(claim);
    return claim;
  }

  give({ entry, recipients, content }: FreshEntry, claim: Claim): void {
    this.#held.redeem(claim);
    this.#place(entry, recipients, { content, leaseUntil: claim.leaseUntil });
  }

  release(claim: Claim): void {
    this.#held.takeBack(claim);
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
    const room = Math.min(claimAtOnce, most.inAll * 2 - this.#held.recipients, this.#held.roomForContents);
    if (room <= 0) return 1_000;
    const now = clock.now();
    const leaseUntil = now + leaseMs;
    const [rows = []] = await store.commit([
      claimDue({ now, leaseUntil, limit: room, retryAfterMs: schedule.retryAfterMs }),
    ]);
    const claimed = rows.map(claimedRecipient);
    this.#held.take(claimed.length);
    const { whole, damaged } = await readClaimed(claimed, this.#options).catch((error: unknown) => {
      // Their leases end by themselves.
      this.#held.drop(claimed.length, null);
      throw error;
    });
    for (const { entry, recipients, reason } of damaged)
      this.#begin(this.#setAside({ recipients, content: null }, { entry, leaseUntil, reason }));
    for (const { entry, recipients, content } of whole) this.#place(entry, recipients, { content, leaseUntil });
    if (claimed.length === room) return 0;
    const next = nextDueAtOfRows(await store.read(nextDueAt(now)));
    return next === null ? looksAtMostEveryMs : Math.min(looksAtMostEveryMs, Math.max(50, next - clock.now()));
  }

  // Placing and sending

  #place(entry: QueueEntry, recipients: readonly QueuedRecipient[], held: Pick<Work, "content" | "leaseUntil">): void {
    this.#held.keep(held.content, recipients.length);
    const away = new Map<QueuedRecipient, Extract<Destination, { kind: "away" }>>();
    for (const recipient of recipients) {
      const destination = this.#options.destinationOf(recipient.forwardPath);
      if (destination === null)
        this.#begin(this.#setAside({ recipients: [recipient], ...held }, { entry, reason: unreadablePath, ...held }));
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
      const lane = this.#laneOf(key);
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
    const reason = await this.#damage.flawOf(content);
    if (reason !== null) return this.#setAside({ recipients: [recipient], content }, { entry, leaseUntil, reason });
    const delivery = await this.#lookHere(entry, recipient);
    const work = { entry, recipients: [recipient], content, leaseUntil };
    const beganAt = this.#options.clock.now();
    const isDelivery = delivery !== null && "statements" in delivery;
    await this.#record(work, {
      outcomes: [isDelivery ? deliveredHere : (delivery ?? nobodyHere)],
      beganAt,
      extra: isDelivery ? delivery.statements : [],
      ...(isDelivery ? { committed: delivery.committed } : {}),
      isFinal: true,
    });
  }

  /** What delivers it, or why that cannot be; `null`: there is nobody of that name. */
  async #lookHere(
    entry: QueueEntry,
    recipient: QueuedRecipient,
  ): Promise<Exclude<LocalAttempt, "full"> | RecipientOutcome | null> {
    try {
      const found = await this.#options.deliverHere(entry, recipient);
      return found === "full" ? mailboxFull : found;
    } catch (error) {
      this.#trouble(`looking for the mailbox of ${recipient.forwardPath}`, error);
      return notLookedUp;
    }
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { key, waiting: [], underWay: 0, isDown: this.#down.has(key) };
    this.#lanes.set(key, lane);
    return lane;
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
      const reason = await this.#damage.flawOf(work.content);
      if (reason !== null) {
        await this.#setAside(work, { ...work, reason });
        lane.underWay--;
        return this.#run(lane);
      }
      const result = await this.#attempt(work);
      if (result === null) {
        lane.underWay--;
        return this.#giveBack(work);
      }
      this.#learn(lane, result);
      const recorded = this.#record(work, { outcomes: result.outcomes, beganAt, extra: [] });
      // A destination that is down is not dialled for each of those that wait: they hear the reason and wait on.
      if (result.isDown) this.#turnBack(lane, result);
      lane.underWay--;
      this.#run(lane);
      await recorded;
    } catch (error) {
      lane.underWay--;
      this.#drop(work);
      this.#trouble(`sending ${refOf(work.entry.id)}`, error);
      this.#run(lane);
    }
  }

  #learn(lane: Lane, { isDown }: SendResult): void {
    lane.isDown = isDown;
    if (isDown) this.#down.note(lane.key);
    else this.#down.forget(lane.key);
  }

  /** `null`: it was told to stop before anything was dialled. */
  async #attempt({ entry, recipients, content, destination }: Work): Promise<SendResult | null> {
    const target = await this.#options.targetFor(destination);
    if (!this.#isRunning) return null;
    // What cannot be looked up for one cannot be for the others that wait (O-28).
    if ("result" in target) return { outcomes: recipients.map(() => target), isDown: target.result === "transient" };
    return this.#options.remote.send(target, { ...entry, id: refOf(entry.id), recipients, content });
  }

  #turnBack(lane: Lane, { outcomes }: SendResult): void {
    const [first] = outcomes;
    if (first === undefined) return;
    for (const work of lane.waiting.splice(0)) {
      const outcome = { ...first, said: `not tried, because ${lane.key} cannot be reached: ${first.said}` };
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
  #giveBack(work: Work): void {
    const { store, clock } = this.#options;
    const unit = work.recipients.map(({ id }) => releaseLease(id, work.leaseUntil, clock.now()));
    this.#begin(
      store.commit(unit).then(
        () => this.#drop(work),
        (error: unknown) => this.#trouble("giving back what was not begun", error),
      ),
    );
  }

  /** Recipients are held until their fate is on record; neither task rejects. */
  async #record(work: Attempted, attempt: Attempt): Promise<void> {
    await this.#recorder.record(work, attempt);
    this.#drop(work);
  }

  async #setAside(work: Dropped, found: Parameters<Damage["setAside"]>[1]): Promise<void> {
    await this.#damage.setAside(work.recipients, found);
    this.#drop(work);
  }

  #drop({ recipients, content }: Dropped): void {
    this.#held.drop(recipients.length, content);
  }

  #trouble(doing: string, error: unknown): void {
    this.#options.emit(troubleIn(doing, error));
  }
}

const deliveredHere: RecipientOutcome = {
  result: "accepted",
  code: null,
  status: "2.0.0",
  said: "delivered here",
  host: null,
};
const nobodyHere: RecipientOutcome = {
  result: "permanent",
  code: null,
  status: "5.1.1",
  said: "there is no such mailbox here",
  host: null,
};
const mailboxFull: RecipientOutcome = {
  result: "transient",
  code: null,
  status: "4.2.2",
  said: "the mailbox is full",
  host: null,
};
const notLookedUp: RecipientOutcome = {
  result: "transient",
  code: null,
  status: "4.3.0",
  said: "the mailbox could not be looked up",
  host: null,
};

const unreadablePath = "its address cannot be read";
