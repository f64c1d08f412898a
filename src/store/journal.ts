import { parseIp } from "../address/ip.ts";
import type { Emit } from "../events/emit.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { insertDecision, insertDecisions, raiseCount, rowOf } from "./journal-rows.ts";
import type { DecisionRow, JournalledDecision } from "./journal-rows.ts";
import { refOf } from "./ref.ts";
import type { Statement, Store } from "./store.ts";

/**
 * The decision journal (relay-policy §2.4). Acceptances commit with their message; refusals are kept within a second,
 * and a crash may lose those. A flood is folded: same client network (/32, /64), listener, rule, destination domain
 * and minute share one row, its count and its REF.
 */
export interface Journal {
  /** The statement goes into the message's own unit. */
  accepted(decision: JournalledDecision): { readonly statement: Statement; readonly ref: string };
  /** Returns the REF for the reply. Never throws and never waits: what the store cannot keep is counted as lost. */
  refused(decision: JournalledDecision): string;
  /** Ends when all refusals so far are kept, or counted as lost. */
  flush(): Promise<void>;
  /** Refusals that the store could not keep, since the start. */
  readonly lost: number;
  /** Flushes, and stops its timer. */
  close(): Promise<void>;
}

export type JournalOptions = {
  readonly store: Store;
  readonly clock: Clock;
  readonly emit: Emit;
  /** How long a refusal may wait to be kept. */
  readonly flushAfterMs?: number;
  /** How many folds are remembered; twice as many at most take memory. */
  readonly foldsRemembered?: number;
  /** Rows that may wait for the store; more are counted as lost. */
  readonly rowsWaiting?: number;
};

export function openJournal(options: JournalOptions): Journal {
  return new FoldingJournal(options);
}

/** One row that equal refusals share. */
type Fold = {
  readonly id: number;
  readonly ref: string;
  /** Let go once it is kept: a remembered fold then costs little. */
  row: DecisionRow | null;
  /** Refusals that are in no statement yet. */
  fresh: number;
  /** While a unit with the row is under way nothing else is said about the fold; once it is kept, counts are raised. */
  kept: "no" | "underWay" | "yes";
};

/** A unit holds the store's thread up while it runs, so a large flush is several units. */
const rowsInUnit = 512;

class FoldingJournal implements Journal {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #flushAfterMs: number;
  readonly #foldsRemembered: number;
  readonly #rowsWaiting: number;
  /** Two generations of folds: when the young one is full, the old one is forgotten; a fold that is used stays young. */
  #young = new Map<string, Fold>();
  #old = new Map<string, Fold>();
  #minute = -1;
  /** Folds with something that is in no statement yet. */
  #dirty: Fold[] = [];
  /** Rows in units that the store has not answered yet. */
  #underWay = 0;
  readonly #units = new Set<Promise<void>>();
  #timer: Timer | null = null;
  #isClosed = false;
  #lost = 0;
  #lastClient = "";
  #lastNetwork = "";

  constructor(options: JournalOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#emit = options.emit;
    this.#flushAfterMs = options.flushAfterMs ?? 500;
    this.#foldsRemembered = options.foldsRemembered ?? 5_000;
    this.#rowsWaiting = options.rowsWaiting ?? 40_000;
  }

  get lost(): number {
    return this.#lost;
  }

  accepted(decision: JournalledDecision): { readonly statement: Statement; readonly ref: string } {
    const id = this.#store.nextId();
    return { statement: insertDecision(rowOf(decision, id)), ref: refOf(id) };
  }

  refused(decision: JournalledDecision): string {
    const minute = Math.floor(decision.at / 60_000);
    if (minute !== this.#minute) this.#forgetFolds(minute);
    const key = this.#keyOf(decision);
    let fold = this.#young.get(key);
    if (fold === undefined) {
      fold = this.#old.get(key) ?? this.#newFold(decision);
      if (this.#young.size >= this.#foldsRemembered) [this.#old, this.#young] = [this.#young, new Map()];
      this.#young.set(key, fold);
    }
    if (fold.fresh === 0) this.#take(fold);
    else fold.fresh++;
    return fold.ref;
  }

  async flush(): Promise<void> {
    while (this.#dirty.length > 0 || this.#units.size > 0) {
      this.#handOver();
      await Promise.all(this.#units);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  /** "203.0.113.9 relay relay-denied example.net": no part can hold a blank, so different ones never look alike. */
  #keyOf(decision: JournalledDecision): string {
    const at = decision.forward_path.lastIndexOf("@");
    const domain = at < 0 ? "" : decision.forward_path.slice(at + 1);
    return `${this.#networkOf(decision.client)} ${decision.listener} ${decision.rule} ${domain}`;
  }

  /** A session refuses several recipients in a row, so the last client is the likely one. */
  #networkOf(client: string): string {
    if (client !== this.#lastClient) {
      const ip = parseIp(client);
      this.#lastNetwork = ip?.family === 6 ? (ip.value >> 64n).toString(16) : client;
      this.#lastClient = client;
    }
    return this.#lastNetwork;
  }

  #forgetFolds(minute: number): void {
    this.#minute = minute;
    this.#young = new Map();
    this.#old = new Map();
  }

  #newFold(decision: JournalledDecision): Fold {
    const id = this.#store.nextId();
    return { id, ref: refOf(id), row: rowOf(decision, id), fresh: 0, kept: "no" };
  }

  /** The first refusal of a fold since its last statement. */
  #take(fold: Fold): void {
    if (this.#dirty.length + this.#underWay >= this.#rowsWaiting) {
      this.#lost++;
      return;
    }
    fold.fresh = 1;
    this.#dirty.push(fold);
    if (this.#dirty.length >= rowsInUnit && this.#dirty.length % rowsInUnit === 0) this.#handOver();
    else this.#waitToHandOver();
  }

  #waitToHandOver(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = this.#clock.after(this.#flushAfterMs, () => this.#handOver());
  }

  #handOver(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const ready = this.#dirty.filter((fold) => fold.kept !== "underWay");
    this.#dirty = this.#dirty.filter((fold) => fold.kept === "underWay");
    for (let done = 0; done < ready.length; done += rowsInUnit) this.#commit(ready.slice(done, done + rowsInUnit));
    if (this.#dirty.length > 0) this.#waitToHandOver();
  }

  #commit(folds: readonly Fold[]): void {
    const fresh: Fold[] = [];
    const rows: DecisionRow[] = [];
    const raises: Statement[] = [];
    let refusals = 0;
    for (const fold of folds) {
      if (fold.row === null) raises.push(raiseCount(fold.id, fold.fresh));
      else {
        fold.row.count = fold.fresh;
        fold.kept = "underWay";
        fresh.push(fold);
        rows.push(fold.row);
      }
      refusals += fold.fresh;
      fold.fresh = 0;
    }
    this.#underWay += folds.length;
    const unit: Promise<void> = this.#keep([...insertDecisions(rows), ...raises], refusals).then((isKept) => {
      for (const fold of fresh) {
        fold.kept = isKept ? "yes" : "no";
        if (isKept) fold.row = null;
      }
      this.#underWay -= folds.length;
      this.#units.delete(unit);
    });
    this.#units.add(unit);
  }

  async #keep(statements: readonly Statement[], refusals: number): Promise<boolean> {
    try {
      await this.#store.commit(statements);
      return true;
    } catch (error) {
      this.#lost += refusals;
      this.#emit({
        name: "trouble",
        doing: "keeping refusals in the decision journal",
        problem: `${refusals} are lost: ${error instanceof Error ? error.message : String(error)}`,
      });
      return false;
    }
  }
}
