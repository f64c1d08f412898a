import { DatabaseSync, type StatementSync } from "node:sqlite";
import { migrationsAfter } from "../migrations.ts";
import { createSettings, readVersion, schemaVersion, versionFrom } from "../schema-version.ts";
import { DataFolderInUse, type Returned, type Row, type Statement, type Unit, type Value } from "../store.ts";

/** What became of one unit, as a value that can cross threads. */
export type UnitResult =
  | { readonly returned: Returned }
  | { readonly failed: string }
  | { readonly unavailable: string; readonly isFatal: boolean; readonly isFull: boolean };

const nothing: Returned = [];
const committed: UnitResult = { returned: nothing };

/** Primary result codes of SQLite: https://sqlite.org/rescode.html */
const code = {
  busy: 5,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  constraint: 19,
  notADatabase: 26,
};

/** One connection that runs units in batches; synchronous, so that it lives in a thread of its own. */
export class Engine {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  /** Opens and migrates. Throws `DataFolderInUse`, `DatabaseIsNewer`, or what SQLite says. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
    try {
      // An exclusive lock keeps a second server out, and the index of the log in this process's memory.
      for (const pragma of [
        "page_size = 16384",
        "locking_mode = EXCLUSIVE",
        "journal_mode = WAL",
        "synchronous = FULL",
      ]) {
        this.#database.exec(`PRAGMA ${pragma}`);
      }
      this.#database.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY");
      this.#migrate();
    } catch (error) {
      this.#database.close();
      throw primaryCode(error) === code.busy ? new DataFolderInUse(path) : error;
    }
  }

  /** Runs units in one transaction with one sync; each is answered by its own outcome. */
  commit(units: readonly Unit[]): UnitResult[] {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
    } catch (error) {
      return units.map(() => unavailable(error));
    }
    const results: UnitResult[] = [];
    try {
      for (const unit of units) {
        results.push(this.#runInSavepoint(unit));
        // The engine gave the whole transaction up (disk full, no memory): what was done before is gone too.
        if (!this.#database.isTransaction) return this.#oneByOne(units, results.at(-1) ?? committed);
      }
      this.#database.exec("COMMIT");
      return results;
    } catch (error) {
      this.#rollBack();
      const result = unavailable(error);
      return "isFatal" in result && result.isFatal ? units.map(() => result) : this.#oneByOne(units, result);
    }
  }

  read(statement: Pick<Statement, "sql" | "parameters">): Row[] {
    return this.#prepare(statement.sql)
      .all(...bind(statement.parameters))
      .map(plainRow);
  }

  /** Copies the log into the database. Called between batches, so that no session waits for it in the middle of one. */
  checkpoint(): void {
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** A limit on the file, in pages: for tests of a full disk. */
  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${pages}`);
  }

  get pages(): number {
    return Number(this.#database.prepare("PRAGMA page_count").get()?.["page_count"] ?? 0);
  }

  close(): void {
    this.#database.close();
  }

  #runInSavepoint(unit: Unit): UnitResult {
    this.#database.exec("SAVEPOINT unit");
    try {
      const result = this.#run(unit);
      this.#database.exec("RELEASE unit");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK TO unit; RELEASE unit");
      return failure(error);
    }
  }

  #run(unit: Unit): UnitResult {
    let returned: Row[][] | null = null;
    for (const statement of unit) {
      const prepared = this.#prepare(statement.sql);
      if (statement.returns === true) {
        (returned ??= []).push(prepared.all(...bind(statement.parameters)).map(plainRow));
        continue;
      }
      const { changes } = prepared.run(...bind(statement.parameters));
      if (statement.changes !== undefined && Number(changes) !== statement.changes) {
        throw new ConditionFailed(
          `${changes} rows changed where ${statement.changes} had to: ${statement.sql.slice(0, 80)}`,
        );
      }
    }
    return returned === null ? committed : { returned };
  }

  /** After a rollback of everything: each unit alone, so that the one that cannot be kept takes nobody along. */
  #oneByOne(units: readonly Unit[], cause: UnitResult): UnitResult[] {
    if (units.length === 1) return [cause];
    return units.map((unit) => this.commit([unit])[0] ?? cause);
  }

  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #migrate(): void {
    this.#database.exec(createSettings);
    const version = versionFrom(this.#database.prepare(readVersion).get()?.["value"]);
    if (version === schemaVersion) return;
    for (const statements of migrationsAfter(version)) {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        for (const statement of statements) this.#database.exec(statement);
        this.#database.exec("COMMIT");
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    }
  }
}

class ConditionFailed extends Error {}

/** node:sqlite would take an object as first parameter for named ones: only what `Value` allows may come here. */
function bind(parameters: readonly Value[]): readonly Value[] {
  return parameters;
}

/** Rows of node:sqlite have no prototype, which surprises whoever compares them. */
function plainRow(row: Record<string, unknown>): Row {
  return { ...row } as Row;
}

function primaryCode(error: unknown): number {
  const errcode = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return errcode & 0xff;
}

function failure(error: unknown): UnitResult {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConditionFailed || primaryCode(error) === code.constraint) return { failed: message };
  if (primaryCode(error) === 0) return { failed: message };
  return unavailable(error);
}

function unavailable(error: unknown): UnitResult {
  const message = error instanceof Error ? error.message : String(error);
  const primary = primaryCode(error);
  const isFatal = [code.ioError, code.corrupt, code.cantOpen, code.notADatabase, code.readOnly].includes(primary);
  return { unavailable: message, isFatal, isFull: primary === code.full };
}
