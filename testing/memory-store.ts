import { epochOfRows, Ids, takeEpoch } from "../src/store/epoch.ts";
import { Engine } from "../src/store/sqlite/engine.ts";
import { openDatabase } from "../src/store/sqlite/open-database.ts";
import { type Outcomes, returnedBy } from "../src/store/sqlite/outcome.ts";
import { pack, TextRegistry } from "../src/store/sqlite/packed.ts";
import {
  type Returned,
  type Row,
  type Statement,
  type Store,
  StoreUnavailable,
  type Unit,
} from "../src/store/store.ts";
import type { DatabaseSync } from "node:sqlite";

/** A store in memory with the semantics of the real one, and faults on demand. */
export interface MemoryStore extends Store {
  /** The next commit is refused with this error and keeps nothing. After one that is fatal all others are too. */
  failNext(error: Error): void;
  /** Pages the database may have, for a disk that is full. */
  limitPages(pages: number): void;
  readonly pages: number;
}

export async function openMemoryStore(): Promise<MemoryStore> {
  return new StoreInMemory(await openDatabase(":memory:"));
}

class StoreInMemory implements MemoryStore {
  readonly #database: DatabaseSync;
  readonly #engine: Engine;
  readonly #texts = new TextRegistry();
  readonly #ids: Ids;
  #failure: Error | null = null;
  #isClosed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#engine = new Engine(database);
    const epoch = (): number => epochOfRows(returned(this.#engine.commit(pack([takeEpoch], this.#texts)))[0]);
    this.#ids = new Ids(epoch(), async () => epoch());
  }

  get pages(): number {
    return Number(this.#database.prepare("PRAGMA page_count").get()?.["page_count"]);
  }

  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${pages}`);
  }

  failNext(error: Error): void {
    this.#failure = error;
  }

  nextId(): number {
    return this.#ids.next();
  }

  /** Done at once, answered in a later turn: as with the real one, nobody can rely on an answer within the call. */
  async commit(unit: Unit): Promise<Returned> {
    this.#check();
    this.#fail();
    const outcomes = this.#engine.commit(pack([unit], this.#texts));
    await Promise.resolve();
    return returned(outcomes);
  }

  async read({ sql, parameters }: Pick<Statement, "sql" | "parameters">): Promise<readonly Row[]> {
    this.#check();
    const outcomes = this.#engine.read(pack([[{ sql, parameters, returns: true }]], this.#texts));
    await Promise.resolve();
    return returned(outcomes)[0] ?? [];
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#engine.close();
    this.#isClosed = true;
    return Promise.resolve();
  }

  #check(): void {
    if (this.#isClosed) throw new StoreUnavailable("the store is closed", { isFatal: false, isFull: false });
  }

  #fail(): void {
    const failure = this.#failure;
    if (failure === null) return;
    if (!(failure instanceof StoreUnavailable && failure.isFatal)) this.#failure = null;
    throw failure;
  }
}

function returned(outcomes: Outcomes): Returned {
  return returnedBy(outcomes?.[0]);
}
