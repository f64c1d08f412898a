import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { idsOf } from "../epoch.ts";
import {
  DataFolderInUse,
  type Returned,
  type Row,
  type Statement,
  type Store,
  StoreUnavailable,
  type Unit,
  UnitFailed,
} from "../store.ts";
import type { UnitResult } from "./engine.ts";
import { type FromWorker, type PackedUnit, TextRegistry, type ToWorker } from "./messages.ts";

export type SqliteOptions = {
  /** The data folder; made when it is not there. */
  readonly folder: string;
  /** The disk or the thread failed: nothing more is accepted and the process must end. Called once. */
  readonly onFatal: (problem: string) => void;
};

type Waiter = { readonly resolve: (returned: Returned) => void; readonly reject: (error: Error) => void };
type Reader = { readonly resolve: (rows: readonly Row[]) => void; readonly reject: (error: Error) => void };

const nothing: Returned = [];

/** Opens `<folder>/gatepost.db` in a thread of its own. Throws `DataFolderInUse` and what the database says. */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const path = join(options.folder, "gatepost.db");
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { path }, stdin: false });
  const epoch = await new Promise<number>((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message: FromWorker) => {
      if (message.say === "open") return resolve(message.epoch);
      const problem = message.say === "not-open" ? message.error : "unexpected words from the thread";
      const isInUse = message.say === "not-open" && message.name === "DataFolderInUse";
      return reject(isInUse ? new DataFolderInUse(path) : new Error(`cannot open ${path}: ${problem}`));
    });
  });
  return new SqliteStore(worker, { nextId: idsOf(epoch), onFatal: options.onFatal });
}

class SqliteStore implements Store {
  readonly nextId: () => number;
  readonly #worker: Worker;
  readonly #onFatal: (problem: string) => void;
  readonly #texts = new TextRegistry();
  readonly #reads = new Map<number, Reader>();
  /** Gather for the next commit while one is under way. */
  #units: PackedUnit[] = [];
  #waiters: Waiter[] = [];
  /** Of the commit that is under way; `null`: the thread is idle. */
  #underWay: Waiter[] | null = null;
  #isScheduled = false;
  #readsGiven = 0;
  #dead: StoreUnavailable | null = null;
  #closing: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;

  constructor(worker: Worker, options: { readonly nextId: () => number; readonly onFatal: (problem: string) => void }) {
    this.nextId = options.nextId;
    this.#onFatal = options.onFatal;
    this.#worker = worker;
    worker.on("message", (message: FromWorker) => this.#hear(message));
    worker.on("error", (error) => this.#die(`the database thread failed: ${error.message}`));
    worker.on("exit", () => {
      if (this.#closing === null) this.#die("the database thread ended");
    });
  }

  commit(unit: Unit): Promise<Returned> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    if (this.#closing !== null) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#units.push(this.#texts.pack(unit));
      this.#waiters.push({ resolve, reject });
      if (this.#underWay !== null || this.#isScheduled) return;
      // What other sessions hand over in this turn of the loop shares the sync.
      this.#isScheduled = true;
      setImmediate(() => this.#send());
    });
  }

  read(statement: Pick<Statement, "sql" | "parameters">): Promise<readonly Row[]> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    if (this.#closing !== null) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const id = this.#readsGiven++;
      this.#reads.set(id, { resolve, reject });
      this.#post({ do: "read", id, sql: statement.sql, parameters: statement.parameters });
    });
  }

  close(): Promise<void> {
    if (this.#dead !== null) return Promise.resolve();
    if (this.#closing === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closing = { promise, resolve };
      if (this.#underWay === null && this.#units.length === 0) this.#post({ do: "close" });
    }
    return this.#closing.promise;
  }

  #send(): void {
    this.#isScheduled = false;
    if (this.#units.length === 0) {
      if (this.#closing !== null) this.#post({ do: "close" });
      return;
    }
    const units = this.#units;
    this.#underWay = this.#waiters;
    this.#units = [];
    this.#waiters = [];
    this.#post({ do: "commit", texts: this.#texts.takeFresh(), units });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.say) {
      case "committed":
        return this.#answer(message.results);
      case "rows":
        this.#reads.get(message.id)?.resolve(message.rows);
        this.#reads.delete(message.id);
        return;
      case "unread":
        this.#reads.get(message.id)?.reject(new Error(message.error));
        this.#reads.delete(message.id);
        return;
      case "closed":
        return this.#closing?.resolve();
      case "open":
      case "not-open":
        return;
      default:
        message satisfies never;
    }
  }

  #answer(results: readonly UnitResult[] | null): void {
    const waiters = this.#underWay ?? [];
    this.#underWay = null;
    // The next batch is under way before the answers of this one are written.
    if (this.#units.length > 0 || this.#closing !== null) this.#send();
    let fatal: string | null = null;
    waiters.forEach((waiter, index) => {
      const result = results?.[index];
      if (result === undefined || "returned" in result) return waiter.resolve(result?.returned ?? nothing);
      if ("failed" in result) return waiter.reject(new UnitFailed(result.failed));
      if (result.isFatal) fatal = result.unavailable;
      return waiter.reject(new StoreUnavailable(`cannot be stored: ${result.unavailable}`, result));
    });
    if (fatal !== null) this.#die(`the database cannot be written: ${String(fatal)}`);
  }

  #die(problem: string): void {
    if (this.#dead !== null) return;
    this.#dead = new StoreUnavailable(problem, { isFatal: true, isFull: false });
    for (const waiter of [...(this.#underWay ?? []), ...this.#waiters]) waiter.reject(this.#dead);
    for (const reader of this.#reads.values()) reader.reject(this.#dead);
    this.#underWay = null;
    this.#waiters = [];
    this.#units = [];
    this.#reads.clear();
    this.#closing?.resolve();
    this.#onFatal(problem);
  }
}

function closed(): StoreUnavailable {
  return new StoreUnavailable("the store is closed", { isFatal: false, isFull: false });
}
