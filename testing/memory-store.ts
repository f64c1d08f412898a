import { idsOf, nextEpoch } from "../src/store/epoch.ts";
import { Engine, type UnitResult } from "../src/store/sqlite/engine.ts";
import {
  type Returned,
  type Row,
  type Statement,
  type Store,
  StoreUnavailable,
  type Unit,
  UnitFailed,
} from "../src/store/store.ts";

/** A store in memory with the semantics of the real one, and faults on demand. */
export interface MemoryStore extends Store {
  /** The next commit is refused with this error and keeps nothing. */
  failNext(error: Error): void;
  /** Pages the database may have, for a disk that is full. */
  limitPages(pages: number): void;
  readonly pages: number;
}

export function openMemoryStore(): Promise<MemoryStore> {
  const engine = new Engine(":memory:");
  return Promise.resolve(new StoreInMemory(engine));
}

class StoreInMemory implements MemoryStore {
  readonly nextId: () => number;
  readonly #engine: Engine;
  #failure: Error | null = null;
  #isClosed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.nextId = idsOf(nextEpoch(engine));
  }

  get pages(): number {
    return this.#engine.pages;
  }

  limitPages(pages: number): void {
    this.#engine.limitPages(pages);
  }

  failNext(error: Error): void {
    this.#failure = error;
  }

  async commit(unit: Unit): Promise<Returned> {
    this.#check();
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      throw failure;
    }
    const [result] = this.#engine.commit([unit]);
    await Promise.resolve();
    return outcome(result);
  }

  async read(statement: Pick<Statement, "sql" | "parameters">): Promise<readonly Row[]> {
    this.#check();
    const rows = this.#engine.read(statement);
    await Promise.resolve();
    return rows;
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#engine.close();
    this.#isClosed = true;
    return Promise.resolve();
  }

  #check(): void {
    if (this.#isClosed) throw new StoreUnavailable("the store is closed", { isFatal: false, isFull: false });
  }
}

function outcome(result: UnitResult | undefined): Returned {
  if (result === undefined || "returned" in result) return result?.returned ?? [];
  if ("failed" in result) throw new UnitFailed(result.failed);
  throw new StoreUnavailable(result.unavailable, result);
}
