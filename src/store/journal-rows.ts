import type { DecisionTable } from "./schema.ts";
import type { Statement, Value } from "./store.ts";

/** A row of the decision journal. */
export type DecisionRow = DecisionTable;

/** A decision that was made: a row without its number and count. `facts` makes its JSON, asked once a row. */
export type JournalledDecision = Omit<DecisionTable, "id" | "count" | "facts"> & { readonly facts: () => string };

const columns = [
  "id",
  "at",
  "verdict",
  "rule",
  "count",
  "policy_version",
  "listener",
  "client",
  "account",
  "reverse_path",
  "forward_path",
  "facts",
  "entry_id",
] as const satisfies readonly (keyof DecisionTable)[];

const placeholders = `(${columns.map(() => "?").join(", ")})`;

/** How many rows one statement inserts: a statement has its own cost, and databases limit the parameters of one. */
export const rowsAtOnce = 32;

const insertOne = `INSERT INTO decision (${columns.join(", ")}) VALUES ${placeholders}`;
const insertMany = `${insertOne}${`, ${placeholders}`.repeat(rowsAtOnce - 1)}`;

export function insertDecision(row: DecisionRow): Statement {
  return { sql: insertOne, parameters: valuesOf(row) };
}

/** Few statements for many rows; their texts are two constants. */
export function insertDecisions(rows: readonly DecisionRow[]): readonly Statement[] {
  const statements: Statement[] = [];
  let done = 0;
  for (; done + rowsAtOnce <= rows.length; done += rowsAtOnce) {
    statements.push({ sql: insertMany, parameters: rows.slice(done, done + rowsAtOnce).flatMap(valuesOf) });
  }
  for (; done < rows.length; done++) {
    const row = rows[done];
    if (row !== undefined) statements.push(insertDecision(row));
  }
  return statements;
}

/** More refusals that share a row. */
export function raiseCount(id: number, by: number): Statement {
  return { sql: "UPDATE decision SET count = count + ? WHERE id = ?", parameters: [by, id] };
}

function valuesOf(row: DecisionRow): Value[] {
  return [
    row.id,
    row.at,
    row.verdict,
    row.rule,
    row.count,
    row.policy_version,
    row.listener,
    row.client,
    row.account,
    row.reverse_path,
    row.forward_path,
    row.facts,
    row.entry_id,
  ];
}
