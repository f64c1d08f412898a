import type { DecisionTable } from "./schema.ts";
import type { Statement, Value } from "./store.ts";

/** A row of the decision journal. */
export type DecisionRow = DecisionTable;

/** A decision that was made: a row without its number and count. `facts` makes its JSON, asked once a row. */
export type JournalledDecision = Omit<DecisionTable, "id" | "count" | "facts"> & { readonly facts: () => string };

/** Spelt out and not spread: it is made for every message and for every refusal that does not fold. */
export function rowOf(decision: JournalledDecision, id: number): DecisionRow {
  return {
    id,
    at: decision.at,
    verdict: decision.verdict,
    rule: decision.rule,
    count: 1,
    policy_version: decision.policy_version,
    listener: decision.listener,
    client: decision.client,
    account: decision.account,
    reverse_path: decision.reverse_path,
    forward_path: decision.forward_path,
    facts: decision.facts(),
    entry_id: decision.entry_id,
  };
}

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
  const parameters: Value[] = [];
  addValues(parameters, row);
  return { sql: insertOne, parameters };
}

/** Few statements for many rows; their texts are two constants. */
export function insertDecisions(rows: readonly DecisionRow[]): readonly Statement[] {
  const statements: Statement[] = [];
  const inFull = rows.length - (rows.length % rowsAtOnce);
  let parameters: Value[] = [];
  rows.forEach((row, index) => {
    if (index >= inFull) return void statements.push(insertDecision(row));
    addValues(parameters, row);
    if ((index + 1) % rowsAtOnce !== 0) return;
    statements.push({ sql: insertMany, parameters });
    parameters = [];
  });
  return statements;
}

/** More refusals that share a row. */
export function raiseCount(id: number, by: number): Statement {
  return { sql: "UPDATE decision SET count = count + ? WHERE id = ?", parameters: [by, id] };
}

function addValues(parameters: Value[], row: DecisionRow): void {
  parameters.push(
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
  );
}
