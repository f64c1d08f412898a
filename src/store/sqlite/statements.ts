import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Value } from "../store.ts";
import { ConditionFailed, type Outcome, outcomeOf, type Table, tableOf } from "./outcome.ts";
import type { Packed } from "./packed.ts";

/** What is needed of a database: a test puts one in between that fails. */
export type Database = Pick<DatabaseSync, "exec" | "prepare" | "isTransaction" | "close">;

/** Rows that one statement may return: who wants more asks in chunks. What is read is held in memory as a whole. */
export const mostRows = 20_000;

/** A statement kept prepared, with the names of the columns it returns. */
type Prepared = { readonly statement: StatementSync; readonly columns: readonly string[] };

/** Runs packed statements on one connection and keeps them prepared. */
export class Statements {
  readonly #database: Database;
  readonly #texts: string[] = [];
  readonly #prepared: Prepared[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** Takes over the texts of a batch; every batch must come by here, in order. */
  open(batch: Packed): Walk {
    for (const text of batch.texts) this.#texts.push(text);
    return { batch, at: 0 };
  }

  /** Runs the statements of the next unit. Throws what the engine says and `ConditionFailed`. */
  run(walk: Walk): Table[] | null {
    const { values } = walk.batch;
    const statements = Number(values[walk.at++]);
    let tables: Table[] | null = null;
    for (let n = 0; n < statements; n++) {
      const { statement, columns } = this.#preparedFor(values[walk.at]);
      const changes = Number(values[walk.at + 1]);
      const returns = values[walk.at + 2] === true;
      const parameters = takeParameters(walk);
      if (returns) {
        const values = readValues(statement, parameters);
        const rows = columns.length === 0 ? 0 : values.length / columns.length;
        expect(changes, rows, statement);
        (tables ??= []).push(tableOf(columns, rows, values));
      } else if (changes < 0) {
        statement.run(...parameters);
      } else {
        expect(changes, Number(statement.run(...parameters).changes), statement);
      }
    }
    return tables;
  }

  /** Each unit is one read; what fails is that one's outcome. */
  readEach(batch: Packed): readonly Outcome[] {
    const walk = this.open(batch);
    const outcomes: Outcome[] = [];
    while (outcomes.length < batch.units) {
      const begin = walk.at;
      try {
        outcomes.push({ tables: this.run(walk) ?? [] });
      } catch (error) {
        walk.at = begin;
        skipUnit(walk);
        const outcome = outcomeOf(error);
        // A damaged place in the file concerns those who read it; only what cannot be written ends the process.
        outcomes.push(
          "isFatal" in outcome
            ? { ...outcome, isFatal: false, isDamage: outcome.isFatal || outcome.isDamage === true }
            : outcome,
        );
      }
    }
    return outcomes;
  }

  #preparedFor(text: Value | boolean | undefined): Prepared {
    if (typeof text === "string") return prepare(this.#database, text);
    const number = Number(text);
    const known = this.#prepared[number];
    if (known !== undefined) return known;
    const sql = this.#texts[number];
    if (sql === undefined) throw new Error(`no SQL text has the number ${number}`);
    return (this.#prepared[number] = prepare(this.#database, sql));
  }
}

/** A place in a batch. */
export type Walk = { readonly batch: Packed; at: number };

/** Goes past the unit that begins here without running it. */
export function skipUnit(walk: Walk): void {
  const { values } = walk.batch;
  const statements = Number(values[walk.at++]);
  for (let n = 0; n < statements; n++) walk.at += 4 + Number(values[walk.at + 3]);
}

function prepare(database: Database, sql: string): Prepared {
  const statement = database.prepare(sql);
  const columns = statement.columns().map(({ name }) => name);
  if (columns.length > 0) statement.setReturnArrays(true);
  return { statement, columns };
}

function takeParameters(walk: Walk): Value[] {
  const { values, bytes } = walk.batch;
  let at = walk.at + 4;
  const end = at + Number(values[walk.at + 3]);
  const parameters: Value[] = [];
  while (at < end) {
    const value = values[at++];
    if (value === true) {
      const begin = Number(values[at]);
      parameters.push(bytes.subarray(begin, begin + Number(values[at + 1])));
      at += 2;
    } else {
      parameters.push(value as Value);
    }
  }
  walk.at = end;
  return parameters;
}

/** Of all rows, one after the other. */
function readValues(statement: StatementSync, parameters: Value[]): Value[] {
  const values: Value[] = [];
  let rows = 0;
  try {
    for (const row of statement.iterate(...parameters)) {
      if (rows++ === mostRows) throw new Error(`more than ${mostRows} rows: ${statement.sourceSQL.slice(0, 80)}`);
      for (const value of row as unknown as Value[]) values.push(value);
    }
    return values;
  } catch (error) {
    forgetError(statement, parameters);
    throw error;
  }
}

/** node:sqlite throws the error of a statement that failed while it was read once more, at whatever it is asked for next. */
function forgetError(statement: StatementSync, parameters: Value[]): void {
  try {
    statement.iterate(...parameters);
  } catch {
    // This was the second time.
  }
}

function expect(wanted: number, changed: number, statement: StatementSync): void {
  if (wanted < 0 || wanted === changed) return;
  throw new ConditionFailed(`${changed} rows changed where ${wanted} had to: ${statement.sourceSQL.slice(0, 80)}`);
}
