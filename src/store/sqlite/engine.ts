import { isFatal, isUnitsOwn, type Outcome, type Outcomes, outcomeOf } from "./outcome.ts";
import type { Packed } from "./packed.ts";
import { type Database, skipUnit, Statements, type Walk } from "./statements.ts";

/** What a try to commit a batch came to: its outcomes, or nothing, and how to try next. */
type Try = Outcomes | "try with savepoints" | "try one by one";

/** The connection that writes: runs units in batches; synchronous, so that it lives in a thread of its own. */
export class Engine {
  readonly #database: Database;
  readonly #statements: Statements;
  readonly #begin: () => void;
  readonly #end: () => void;
  /** Set by an I/O error: what is on disk is not known any more, so nothing more is written. */
  #broken: Outcome = null;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = new Statements(database);
    const [begin, end] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
    this.#begin = () => void begin.run();
    this.#end = () => void end.run();
  }

  /** Runs units in one transaction with one sync; each is answered by its own outcome. */
  commit(batch: Packed): Outcomes {
    const walk = this.#statements.open(batch);
    if (this.#broken !== null) return everyUnit(batch, this.#broken);
    const outcomes = batch.units === 1 ? this.#oneByOne(walk) : this.#together(walk);
    if (outcomes === null || outcomes.every((outcome) => outcome === null)) return null;
    this.#broken = outcomes.find(isFatal) ?? null;
    return outcomes;
  }

  /** Each unit is a read by itself; sees what was committed before. */
  read(batch: Packed): Outcomes {
    return this.#statements.readEach(batch);
  }

  close(): void {
    this.#database.close();
  }

  /** A try that fails leaves nothing behind: the next one begins from the same state. */
  #together(walk: Walk): Outcomes {
    const begin = walk.at;
    let result = this.#tryPlainly(walk);
    if (result === "try with savepoints") {
      walk.at = begin;
      result = this.#tryWithSavepoints(walk);
    }
    if (typeof result !== "string") return result;
    walk.at = begin;
    return this.#oneByOne(walk);
  }

  /**
   * Nearly always every unit holds; then the savepoints would only cost: with them the engine sets a copy of a page
   * aside whenever a unit touches one that another unit touched before.
   */
  #tryPlainly(walk: Walk): Try {
    let outcomes: Outcome[] | null = null;
    try {
      this.#begin();
      for (let unit = 0; unit < walk.batch.units; unit++) {
        const tables = this.#statements.run(walk);
        if (tables !== null) (outcomes ??= everyUnit(walk.batch, null))[unit] = { tables };
      }
    } catch (error) {
      this.#rollBack();
      return isUnitsOwn(error) ? "try with savepoints" : "try one by one";
    }
    return this.#commitTry(walk, outcomes);
  }

  /** A unit that fails by its own fault is taken back alone. */
  #tryWithSavepoints(walk: Walk): Try {
    const outcomes: Outcome[] = [];
    try {
      this.#begin();
      for (let unit = 0; unit < walk.batch.units; unit++) outcomes.push(this.#runInSavepoint(walk));
    } catch {
      this.#rollBack();
      return "try one by one";
    }
    return this.#commitTry(walk, outcomes);
  }

  #runInSavepoint(walk: Walk): Outcome {
    const begin = walk.at;
    this.#database.exec("SAVEPOINT unit");
    try {
      const tables = this.#statements.run(walk);
      this.#database.exec("RELEASE unit");
      return tables === null ? null : { tables };
    } catch (error) {
      // Anything else may have taken the neighbours along (disk full, no memory).
      if (!isUnitsOwn(error)) throw error;
      this.#database.exec("ROLLBACK TO unit; RELEASE unit");
      walk.at = begin;
      skipUnit(walk);
      return outcomeOf(error);
    }
  }

  #commitTry(walk: Walk, outcomes: Outcomes): Try {
    try {
      this.#end();
      return outcomes;
    } catch (error) {
      this.#rollBack();
      const outcome = outcomeOf(error);
      // A sync that failed must not be tried again: the kernel may have dropped the pages and call the next one a success.
      return isFatal(outcome) ? everyUnit(walk.batch, outcome) : "try one by one";
    }
  }

  /** Each unit in a transaction of its own, so that one that cannot be kept takes nobody along. */
  #oneByOne(walk: Walk): Outcomes {
    const outcomes: Outcome[] = [];
    while (outcomes.length < walk.batch.units) {
      const outcome = this.#alone(walk);
      outcomes.push(outcome);
      if (isFatal(outcome)) return [...outcomes, ...everyUnit(walk.batch, outcome).slice(outcomes.length)];
    }
    return outcomes;
  }

  #alone(walk: Walk): Outcome {
    const begin = walk.at;
    try {
      this.#begin();
      const tables = this.#statements.run(walk);
      this.#end();
      return tables === null ? null : { tables };
    } catch (error) {
      this.#rollBack();
      walk.at = begin;
      skipUnit(walk);
      return outcomeOf(error);
    }
  }

  /** Throws when even that fails: the thread ends then, and with it the process. */
  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}

function everyUnit(batch: Packed, outcome: Outcome): Outcome[] {
  return Array.from({ length: batch.units }, () => outcome);
}
