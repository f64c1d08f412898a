import type { Row, Statement } from "./store.ts";

/** Small facts that the server keeps for itself, by name: the highest time seen, secrets of smart hosts, … */

export function readSetting(name: string): { readonly sql: string; readonly parameters: readonly [string] } {
  return { sql: "SELECT value FROM setting WHERE name = ?", parameters: [name] };
}

export function settingOf(rows: readonly Row[]): string | null {
  const value = rows[0]?.["value"] ?? null;
  return value === null ? null : String(value);
}

export function writeSetting(name: string, value: string): Statement {
  return {
    sql: "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    parameters: [name, value],
  };
}

export function deleteSetting(name: string): Statement {
  return { sql: "DELETE FROM setting WHERE name = ?", parameters: [name] };
}

/** The password for an account at a smart host (relay-policy §2.1): a secret here, never in the document. */
export function smartHostPassword(account: string): string {
  return `smart-host-password:${account}`;
}

/** The highest time seen, for grants with an end (relay-policy §2.2 Expiry). */
export const highestTime = "highest-time";
