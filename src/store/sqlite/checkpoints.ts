import type { StatementSync } from "node:sqlite";
import { isFatal, outcomeOf } from "./outcome.ts";
import type { Database } from "./statements.ts";

/** Octets in the log from which on it is copied into the database. */
const longLog = 8 * 1024 * 1024;
/** From which on the log's file is also cut to nothing, which waits for readers. */
const overlongLog = 256 * 1024 * 1024;
/** How many batches, or octets of them, may pass unseen. */
const looksEvery = { batches: 8, octets: 4 * 1024 * 1024 };

/** Keeps the log short, between batches, so that no commit ever pays for it in its middle. */
export class Checkpoints {
  readonly #database: Database;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  readonly #pageSize: number;
  #batches = 0;
  #octets = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#pageSize = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
    this.#look = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#copy = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Throws on an I/O error: then nothing that is on disk can be relied on any more. */
  afterBatch(octets: number): void {
    this.#batches++;
    this.#octets += octets;
    if (this.#batches < looksEvery.batches && this.#octets < looksEvery.octets) return;
    this.#batches = 0;
    this.#octets = 0;
    const log = Number(this.#look.get()?.["log"] ?? 0) * this.#pageSize;
    if (log < longLog) return;
    tolerantly(() => this.#copy.get());
    if (log >= overlongLog) this.#cut();
  }

  /** Before the database is closed. */
  last(): void {
    this.#cut();
  }

  /** Without waiting: a reader in the middle of something is no reason to hold up commits; it is tried again. */
  #cut(): void {
    this.#database.exec("PRAGMA busy_timeout = 0");
    tolerantly(() => this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    this.#database.exec("PRAGMA busy_timeout = 5000");
  }
}

/** What is in the log is safe there: when the disk is too full for a copy, it waits for a better time. */
function tolerantly(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (isFatal(outcomeOf(error))) throw error;
  }
}
