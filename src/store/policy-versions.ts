import { UnitFailed } from "./store.ts";
import type { Row, Statement, Store } from "./store.ts";

/** Every policy that was ever in force is kept: who applied it, when, why, and the document as it was written. */
export type PolicyVersion = {
  /** From 1, without gaps. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly appliedAt: number;
  readonly who: string;
  readonly why: string;
  readonly document: string;
};

export type NewPolicyVersion = Omit<PolicyVersion, "version" | "appliedAt"> & { readonly at: number };

const columns = "version, applied_at, who, why, document";

export const readCurrentPolicy = {
  sql: `SELECT ${columns} FROM policy_version ORDER BY version DESC LIMIT 1`,
  parameters: [],
} as const;

export function readPolicyVersion(version: number): { readonly sql: string; readonly parameters: readonly [number] } {
  return { sql: `SELECT ${columns} FROM policy_version WHERE version = ?`, parameters: [version] };
}

/** Newest first; without the documents, which may be large. */
export function readPolicyHistory(limit: number): { readonly sql: string; readonly parameters: readonly [number] } {
  return {
    sql: "SELECT version, applied_at, who, why, '' AS document FROM policy_version ORDER BY version DESC LIMIT ?",
    parameters: [limit],
  };
}

export function policyVersionOfRow(row: Row): PolicyVersion {
  return {
    version: Number(row["version"]),
    appliedAt: Number(row["applied_at"]),
    who: String(row["who"]),
    why: String(row["why"]),
    document: String(row["document"]),
  };
}

/**
 * Puts the next version in force, provided that `after` is still the current one (0: there is none yet): two
 * administrators who apply at once do not overwrite each other unseen.
 */
export function insertPolicyVersion(policy: NewPolicyVersion, after: number): Statement {
  return {
    sql:
      "INSERT INTO policy_version (version, applied_at, who, why, document) SELECT ?, ?, ?, ?, ? " +
      "WHERE (SELECT COALESCE(MAX(version), 0) FROM policy_version) = ?",
    parameters: [after + 1, policy.at, policy.who, policy.why, policy.document, after],
    changes: 1,
  };
}

export async function currentPolicy(store: Store): Promise<PolicyVersion | null> {
  const [row] = await store.read(readCurrentPolicy);
  return row === undefined ? null : policyVersionOfRow(row);
}

export async function policyVersion(store: Store, version: number): Promise<PolicyVersion | null> {
  const [row] = await store.read(readPolicyVersion(version));
  return row === undefined ? null : policyVersionOfRow(row);
}

/** Newest first; `document` is "" here. */
export async function policyHistory(store: Store, limit: number): Promise<readonly PolicyVersion[]> {
  return (await store.read(readPolicyHistory(limit))).map(policyVersionOfRow);
}

/** The new version's number; `null` when another version came between. */
export async function addPolicyVersion(store: Store, policy: NewPolicyVersion, after: number): Promise<number | null> {
  try {
    await store.commit([insertPolicyVersion(policy, after)]);
    return after + 1;
  } catch (error) {
    if (error instanceof UnitFailed) return null;
    throw error;
  }
}

/**
 * Undo is one step: a new version with the document of the version before the current one. Nothing is forgotten, so an
 * undo is undone in the same way. `null`: there is no version before.
 */
export async function policyToUndoTo(store: Store): Promise<PolicyVersion | null> {
  const current = await currentPolicy(store);
  return current === null ? null : policyVersion(store, current.version - 1);
}
