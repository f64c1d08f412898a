import type { Query } from "./accounts.ts";
import type { Row, Statement } from "./store.ts";

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

/** Keys above `after`, in order: for reading all of them in portions. */
export function readImported(
  accountId: number,
  from: { readonly source: string; readonly after: string; readonly limit: number },
): Query {
  return {
    sql: "SELECT key FROM imported WHERE account_id = ? AND source = ? AND key > ? ORDER BY key LIMIT ?",
    parameters: [accountId, from.source, from.after, from.limit],
  };
}

export const importedKeyOf = (row: Row): string => String(row["key"]);
