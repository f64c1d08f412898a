import type { DecisionRow } from "./journal-rows.ts";
import type { Row, Store, Value } from "./store.ts";

/** What people ask about the decision journal, and its forgetting. */

export type DecisionFilter = {
  readonly verdict?: DecisionRow["verdict"];
  readonly rule?: string;
  /** The address as it is written in the journal. */
  readonly client?: string;
  readonly account?: string;
  readonly reversePath?: string;
  readonly forwardPath?: string;
  readonly listener?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** Only rows with a smaller number: the last one of the page before. */
  readonly before?: number;
};

/** A fixed set of conditions, each with its column: a filter never writes SQL of its own. */
const conditions = {
  verdict: "verdict = ?",
  rule: "rule = ?",
  client: "client = ?",
  account: "account = ?",
  reversePath: "reverse_path = ?",
  forwardPath: "forward_path = ?",
  listener: "listener = ?",
  since: "at >= ?",
  before: "id < ?",
} as const satisfies Record<keyof DecisionFilter, string>;

export async function decisionById(store: Store, id: number): Promise<DecisionRow | null> {
  const [row] = await store.read({ sql: "SELECT * FROM decision WHERE id = ?", parameters: [id] });
  return row === undefined ? null : decisionOfRow(row);
}

/** Newest first. */
export async function recentDecisions(
  store: Store,
  filter: DecisionFilter,
  limit: number,
): Promise<readonly DecisionRow[]> {
  const given = (Object.keys(conditions) as (keyof DecisionFilter)[]).filter((name) => filter[name] !== undefined);
  const where = given.length === 0 ? "" : ` WHERE ${given.map((name) => conditions[name]).join(" AND ")}`;
  const parameters: Value[] = given.map((name) => filter[name] ?? null);
  const sql = `SELECT * FROM decision${where} ORDER BY id DESC LIMIT ?`;
  return (await store.read({ sql, parameters: [...parameters, limit] })).map(decisionOfRow);
}

/** How many decisions the journal holds, folded ones with their count. */
export async function countDecisions(store: Store): Promise<{ readonly rows: number; readonly decisions: number }> {
  const sql = "SELECT COUNT(*) AS rows_kept, COALESCE(SUM(count), 0) AS decisions FROM decision";
  const [row] = await store.read({ sql, parameters: [] });
  return { rows: Number(row?.["rows_kept"] ?? 0), decisions: Number(row?.["decisions"] ?? 0) };
}

function decisionOfRow(row: Row): DecisionRow {
  return {
    id: Number(row["id"]),
    at: Number(row["at"]),
    verdict: row["verdict"] as DecisionRow["verdict"],
    rule: String(row["rule"]),
    count: Number(row["count"]),
    policy_version: Number(row["policy_version"]),
    listener: String(row["listener"]),
    client: String(row["client"]),
    account: textOrNull(row["account"]),
    reverse_path: String(row["reverse_path"]),
    forward_path: String(row["forward_path"]),
    facts: String(row["facts"]),
    entry_id: row["entry_id"] === null || row["entry_id"] === undefined ? null : Number(row["entry_id"]),
  };
}

function textOrNull(value: Value | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** Rows that go in one unit, so that forgetting never holds up a message for long. */
const batch = 500;

/**
 * Forgets what is older than `days` and the oldest beyond `maxRows`, in small units one after the other. To be called
 * now and then; returns how many rows went. Stops early when `signal` says so.
 */
export async function forgetDecisions(
  store: Store,
  keep: { readonly now: number; readonly days: number; readonly maxRows: number },
  signal?: AbortSignal,
): Promise<number> {
  // Read from the index alone: the time of the newest row that is too many.
  const [excess] = await store.read({
    sql: "SELECT at FROM decision ORDER BY at DESC LIMIT 1 OFFSET ?",
    parameters: [keep.maxRows],
  });
  const tooOld = keep.now - keep.days * 86_400_000;
  // Rows of that very millisecond that would fit go too: the limit is a size, not a promise to keep.
  const until = excess === undefined ? tooOld : Math.max(tooOld, Number(excess["at"]) + 1);
  let forgotten = 0;
  while (signal?.aborted !== true) {
    const [deleted = []] = await store.commit([
      {
        sql: "DELETE FROM decision WHERE id IN (SELECT id FROM decision WHERE at < ? ORDER BY at LIMIT ?) RETURNING id",
        parameters: [until, batch],
        returns: true,
      },
    ]);
    forgotten += deleted.length;
    if (deleted.length < batch) break;
  }
  return forgotten;
}
