import { parseScramVerifier, formatScramVerifier, type ScramVerifier } from "../sasl/scram-keys.ts";
import type { Purpose } from "../accounts/exchange.ts";
import type { Row, Statement, Unit, Value, Query } from "./store.ts";

/** Statements and rows of what a login is checked against: read at the moment of the login, kept nowhere else. */

export type Credentials = {
  readonly passwordVersion: number;
  /** PHC string of the chosen password. */
  readonly password: string | null;
  /** Verifier of the chosen password, by opt-in. */
  readonly verifier: ScramVerifier | null;
  readonly appPasswords: readonly AppPassword[];
};

export type AppPassword = {
  readonly id: number;
  readonly label: string;
  readonly scope: readonly Purpose[];
  readonly verifier: ScramVerifier | null;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly createdAt: number;
};

/** More app passwords than an account may have: see `administer.ts`. */
const mostRows = 1000;

export function readCredentials(accountId: number): Query {
  return {
    sql: "SELECT a.password_version, a.password, a.scram, p.id AS app_id, p.label, p.scope, p.scram AS app_scram, p.expires_at, p.last_used_at, p.created_at FROM account a LEFT JOIN app_password p ON p.account_id = a.id WHERE a.id = ? ORDER BY p.id LIMIT ?",
    parameters: [accountId, mostRows],
  };
}

/** `null`: no such account. */
export function credentialsOf(rows: readonly Row[]): Credentials | null {
  const first = rows[0];
  if (first === undefined) return null;
  return {
    passwordVersion: Number(first["password_version"]),
    password: textOf(first["password"]),
    verifier: verifierOf(first["scram"]),
    appPasswords: rows.filter((row) => row["app_id"] != null).map(appPasswordOf),
  };
}

function appPasswordOf(row: Row): AppPassword {
  return {
    id: Number(row["app_id"]),
    label: String(row["label"]),
    scope: (["send", "read"] as const).filter((one) => String(row["scope"]).split(",").includes(one)),
    verifier: verifierOf(row["app_scram"]),
    expiresAt: numberOf(row["expires_at"]),
    lastUsedAt: numberOf(row["last_used_at"]),
    createdAt: Number(row["created_at"]),
  };
}

/** Whether any account could pass SCRAM: a row when there is one. */
export function readAnyVerifier(): Query {
  return {
    sql: "SELECT 1 AS found FROM app_password UNION ALL SELECT 1 FROM account WHERE scram IS NOT NULL LIMIT 1",
    parameters: [],
  };
}

/** Sets or takes away (`null`) the chosen password; what was warm or logged in by the old one ends. */
export function updatePassword(accountId: number, password: string | null, verifier: ScramVerifier | null): Statement {
  return {
    sql: "UPDATE account SET password = ?, scram = ?, password_version = password_version + 1 WHERE id = ?",
    parameters: [password, verifier && formatScramVerifier(verifier), accountId],
    changes: 1,
  };
}

export function insertAppPassword(
  accountId: number,
  made: Omit<AppPassword, "lastUsedAt"> & { verifier: ScramVerifier },
): Statement {
  return {
    sql: "INSERT INTO app_password (id, account_id, label, scope, scram, expires_at, last_used_at, created_at) VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
    parameters: [
      made.id,
      accountId,
      made.label,
      made.scope.join(","),
      formatScramVerifier(made.verifier),
      made.expiresAt,
      made.createdAt,
    ],
  };
}

/** The version goes up too: a session or a warm login by this password ends. */
export function deleteAppPassword(accountId: number, id: number): Unit {
  return [
    { sql: "DELETE FROM app_password WHERE id = ? AND account_id = ?", parameters: [id, accountId], changes: 1 },
    { sql: "UPDATE account SET password_version = password_version + 1 WHERE id = ?", parameters: [accountId] },
  ];
}

export function noteAppPasswordUse(id: number, now: number): Statement {
  return { sql: "UPDATE app_password SET last_used_at = ? WHERE id = ?", parameters: [now, id] };
}

/** Keeps a secret for salts that are imagined; one that is there already stays. */
export function keepLoginSecret(secret: Buffer): Statement {
  return {
    sql: "INSERT INTO setting (name, value) VALUES ('login-secret', ?) ON CONFLICT (name) DO NOTHING",
    parameters: [secret.toString("base64")],
  };
}

export function readLoginSecret(): Query {
  return { sql: "SELECT value FROM setting WHERE name = 'login-secret'", parameters: [] };
}

export function loginSecretOf(rows: readonly Row[]): Buffer {
  return Buffer.from(String(rows[0]?.["value"] ?? ""), "base64");
}

function verifierOf(value: Value | undefined): ScramVerifier | null {
  return typeof value === "string" ? parseScramVerifier(value) : null;
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: Value | undefined): number | null {
  return value == null ? null : Number(value);
}
