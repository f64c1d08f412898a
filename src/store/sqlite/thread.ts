import { Worker } from "node:worker_threads";
import { type Pace, type Returned, StoreUnavailable, type Unit } from "../store.ts";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";
import { isFatal, type Outcomes, returnedBy } from "./outcome.ts";
import { Packer, TextRegistry } from "./packed.ts";

type Waiter = { readonly resolve: (returned: Returned) => void; readonly reject: (error: unknown) => void };
type Batch = { readonly packer: Packer; readonly waiters: Waiter[]; pace: Pace };

/** From which on a batch takes no more units: the thread is not kept from its next turn for longer than some ten milliseconds. */
const fullBatch = { units: 512, octets: 4 * 1024 * 1024 };

/** How long a unit that is handed over as `soon` waits for one that it can ride along with. */
const patienceMs = 10;

/** Under type stripping the file is a `.ts`, in a published package a `.js`. */
const workerFile = new URL(`./worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

/** What it allocates is short-lived rows and parameters; left alone, V8 may take 192 MB for those in each thread. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/** A thread of the database, and the units that gather for it while it works on others. */
export class DatabaseThread {
  readonly #worker: Worker;
  readonly #onDeath: (problem: string) => void;
  readonly #texts = new TextRegistry();
  /** In order; the last one takes what is handed over. */
  readonly #gathering: Batch[] = [];
  #underWay: Batch | null = null;
  #isScheduled = false;
  #patience: NodeJS.Timeout | null = null;
  /** Why nothing more is taken. */
  #refusal: StoreUnavailable | null = null;
  /** It was told to end, with nothing left to do. */
  #isClosed = false;
  readonly #exit = Promise.withResolvers<void>();

  /** Throws what the thread says when it cannot open the database. `onDeath` is called once, when it fails later. */
  static async open(data: ThreadData, onDeath: (problem: string) => void): Promise<DatabaseThread> {
    const worker = new Worker(workerFile, { workerData: data, resourceLimits });
    await new Promise<void>((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message: FromThread) => {
        if (message.say === "open") return resolve();
        const problem = message.say === "not-open" ? message.problem : "unexpected words from its thread";
        return reject(new Error(`${data.path} cannot be opened: ${problem}`));
      });
    });
    return new DatabaseThread(worker, onDeath);
  }

  private constructor(worker: Worker, onDeath: (problem: string) => void) {
    this.#worker = worker;
    this.#onDeath = onDeath;
    worker.on("message", (message: FromThread) => {
      if (message.say === "done") this.#answer(message.outcomes);
    });
    worker.on("error", (error) => this.die(`the thread of the database failed: ${error.message}`));
    worker.on("exit", () => {
      if (!this.#isClosed) this.die("the thread of the database ended");
      this.#exit.resolve();
    });
  }

  /** Rejects with `UnitFailed`, `StoreUnavailable`, or a `TypeError` for a parameter that is no `Value`. */
  hand(unit: Unit, pace: Pace = "now"): Promise<Returned> {
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      const batch = this.#openBatch();
      batch.packer.add(unit);
      batch.waiters.push({ resolve, reject });
      if (pace === "now") batch.pace = pace;
      if (this.#underWay !== null || this.#isScheduled) return;
      if (this.#isUrgent) this.#schedule();
      else this.#waitForCompany();
    });
  }

  /** Takes nothing more and ends after what was handed over. */
  close(): Promise<void> {
    this.#refusal ??= new StoreUnavailable("the store is closed", { isFatal: false, isFull: false });
    if (this.#underWay === null && !this.#isScheduled) this.#send();
    return this.#exit.promise;
  }

  #openBatch(): Batch {
    const last = this.#gathering.at(-1);
    if (last !== undefined && last.packer.units < fullBatch.units && last.packer.size < fullBatch.octets) return last;
    const batch: Batch = { packer: new Packer(this.#texts), waiters: [], pace: "soon" };
    this.#gathering.push(batch);
    return batch;
  }

  get #isUrgent(): boolean {
    const [next, another] = this.#gathering;
    return next?.pace === "now" || another !== undefined || this.#refusal !== null;
  }

  #schedule(): void {
    // What others hand over in this turn of the loop shares the sync.
    this.#isScheduled = true;
    setImmediate(() => {
      if (this.#isScheduled) this.#send();
    });
  }

  #waitForCompany(): void {
    this.#patience ??= setTimeout(() => this.#send(), patienceMs);
  }

  #send(): void {
    this.#isScheduled = false;
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
    const batch = this.#gathering.shift() ?? null;
    this.#underWay = batch;
    if (batch !== null) {
      const packed = batch.packer.take();
      this.#post({ do: "run", batch: packed }, [packed.bytes.buffer]);
    } else if (this.#refusal !== null && !this.#isClosed) {
      this.#isClosed = true;
      this.#post({ do: "close" });
    }
  }

  #post(message: ToThread, moved: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, moved);
  }

  #answer(outcomes: Outcomes): void {
    const waiters = this.#underWay?.waiters ?? [];
    this.#underWay = null;
    const broken = outcomes?.find(isFatal) ?? null;
    // The next batch is under way before the answers of this one are written.
    if (broken === null && this.#isUrgent) this.#send();
    else if (broken === null && this.#gathering.length > 0) this.#waitForCompany();
    waiters.forEach(({ resolve, reject }, index) => {
      try {
        resolve(returnedBy(outcomes?.[index]));
      } catch (error) {
        reject(error);
      }
    });
    if (broken !== null && "unavailable" in broken) this.die(broken.unavailable);
  }

  /** Ends at once; whatever waits is refused. For the other thread of a store that broke, too: `onDeath` is called. */
  die(problem: string): void {
    if (this.#refusal?.isFatal === true) return;
    const refusal = new StoreUnavailable(problem, { isFatal: true, isFull: false });
    this.#refusal = refusal;
    for (const batch of [this.#underWay, ...this.#gathering]) batch?.waiters.forEach(({ reject }) => reject(refusal));
    this.#gathering.length = 0;
    this.#underWay = null;
    if (this.#patience !== null) clearTimeout(this.#patience);
    void this.#worker.terminate();
    this.#onDeath(problem);
  }
}
