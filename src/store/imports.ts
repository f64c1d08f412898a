import type { Row, Statement, Store, Query } from "./store.ts";

/** Statements of `imported`. */

/** In the unit that appends the message: the unit fails when the account has it already. */
export function insertImported(
  accountId: number,
  { source, key }: { readonly source: string; readonly key: string },
): Statement {
  return {
    sql: "INSERT INTO imported (account_id, source, key) VALUES (?, ?, ?)",
    parameters: [accountId, source, key],
  };
}

function readImported(
  accountId: number,
  from: { readonly source: string; readonly after: string; readonly limit: number },
): Query {
  return {
    sql: "SELECT key FROM imported WHERE account_id = ? AND source = ? AND key > ? ORDER BY key LIMIT ?",
    parameters: [accountId, from.source, from.after, from.limit],
  };
}

const importedKeyOf = (row: Row): string => String(row["key"]);

const portion = 5000;

/** What an account has from each source; keys above `after` are read in portions. */
export function importsOf(store: Pick<Store, "read">, accountId: number) {
  return {
    async known(source: string): Promise<ReadonlySet<string>> {
      const keys = new Set<string>();
      for (let after = ""; ;) {
        const rows = await store.read(readImported(accountId, { source, after, limit: portion }));
        for (const row of rows) keys.add(importedKeyOf(row));
        if (rows.length < portion) return keys;
        after = importedKeyOf(rows.at(-1)!);
      }
    },
  };
}
