import type { DecisionRow } from "./journal-rows.ts";
import type { Row, Store, Value } from "./store.ts";

/** What people ask about the decision journal. */

export type DecisionFilter = {
  readonly verdict?: DecisionRow["verdict"] | undefined;
  readonly rule?: string | undefined;
  /** The address as it is written in the journal. */
  readonly client?: string | undefined;
  readonly account?: string | undefined;
  readonly reversePath?: string | undefined;
  readonly forwardPath?: string | undefined;
  readonly listener?: string | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Only rows with a smaller number: the last one of the page before. */
  readonly before?: number | undefined;
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

/** When each grant let somebody relay the last time, by its id, and since when the journal knows anything. */
export async function lastUseOfGrants(
  store: Store,
): Promise<{ readonly lastUsed: ReadonlyMap<string, number>; readonly since: number | null }> {
  const used = await store.read({
    sql: "SELECT rule, MAX(at) AS last_used FROM decision WHERE verdict = 'relay' GROUP BY rule",
    parameters: [],
  });
  const [oldest] = await store.read({ sql: "SELECT MIN(at) AS since FROM decision", parameters: [] });
  const lastUsed = new Map<string, number>();
  for (const row of used) {
    const id = /^(?:local-)?address:(.*)$/.exec(String(row["rule"]))?.[1];
    if (id !== undefined) lastUsed.set(id, Number(row["last_used"]));
  }
  const since = oldest?.["since"] ?? null;
  return { lastUsed, since: since === null ? null : Number(since) };
}

/** Domains of the recipients of late, the newest first. */
export async function domainsWrittenTo(store: Store): Promise<readonly string[]> {
  const sql = "SELECT forward_path FROM decision ORDER BY id DESC LIMIT 10000";
  const rows = await store.read({ sql, parameters: [] });
  const domains = rows.map((row) => String(row["forward_path"])).map((path) => path.slice(path.lastIndexOf("@") + 1));
  return [...new Set(domains)].filter((domain) => domain !== "");
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
