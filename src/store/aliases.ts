import type { Alias } from "../accounts/alias.ts";
import { textsOf } from "./accounts.ts";
import type { Row, Statement, Query } from "./store.ts";

/** Statements and rows of `alias`: aliases, groups and catch-alls. Targets are kept as text, as they go into RCPT. */
export type StoredAlias = Omit<Alias, "targets"> & { readonly targets: readonly string[] };

/** Aliases with an id above `after`, in order of id: for reading all of them in portions. */
export function readAliases(after: number, limit: number): Query {
  return {
    sql: "SELECT id, kind, local_part, domain, targets FROM alias WHERE id > ? ORDER BY id LIMIT ?",
    parameters: [after, limit],
  };
}

export function aliasOf(row: Row): StoredAlias {
  const kind = row["kind"];
  return {
    id: Number(row["id"]),
    kind: kind === "group" || kind === "catch-all" ? kind : "alias",
    localPart: String(row["local_part"]),
    domain: String(row["domain"]),
    targets: textsOf(row["targets"]),
  };
}

/** Fails as a unit when the address has an alias already. */
export function insertAlias(alias: StoredAlias, now: number): Statement {
  return {
    sql: "INSERT INTO alias (id, kind, local_part, domain, targets, created_at) VALUES (?, ?, ?, ?, ?, ?)",
    parameters: [alias.id, alias.kind, alias.localPart, alias.domain, JSON.stringify(alias.targets), now],
  };
}

export function updateAliasTargets(alias: StoredAlias): Statement {
  return {
    sql: "UPDATE alias SET kind = ?, targets = ? WHERE id = ?",
    parameters: [alias.kind, JSON.stringify(alias.targets), alias.id],
    changes: 1,
  };
}

export function deleteAlias(id: number): Statement {
  return { sql: "DELETE FROM alias WHERE id = ?", parameters: [id], changes: 1 };
}
