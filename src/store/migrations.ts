import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from "kysely";
import type { Compilable, CreateTableBuilder, RawBuilder } from "kysely";
import type { Schema } from "./schema.ts";
import { schemaVersion } from "./schema-version.ts";

/**
 * Every version of the database as a list of statements that bring the one before it there. A driver runs each list
 * in one transaction; the last statement of a list writes down that it is done.
 */
export function migrationsAfter(version: number): readonly (readonly string[])[] {
  return versions
    .slice(version)
    .map((statements, index) => [...statements().map((one) => one.compile().sql), writeVersion(version + index + 1)]);
}

/** In order; never changed once released, only added to. */
const versions: readonly (() => readonly Compilable[])[] = [firstVersion];
if (versions.length !== schemaVersion) throw new Error("schemaVersion is not the number of versions");

/** Compiles for SQLite. PostgreSQL differs in the adapter, the compiler and `databaseTypes`. */
const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
const tableEnd = sql`STRICT`;
/** Rows in the order of the key: a mailbox is read from end to end, not row by row from all over the file. */
const orderedTableEnd = sql`STRICT, WITHOUT ROWID`;

const databaseTypes = {
  /** SQLite: exactly this word makes the column the row's own number, so that the key needs no index beside it. */
  id: sql`integer`,
  integer: sql`integer`,
  text: sql`text`,
  bytes: sql`blob`,
} as const satisfies Record<string, RawBuilder<unknown>>;

/** A column by the type that `schema.ts` gives it; "?" may be null. The compiler refuses a table that differs. */
type Kind<T> =
  | (null extends T ? never : T extends number ? "id" | "integer" : T extends string ? "text" : "bytes")
  | (null extends T
      ? NonNullable<T> extends number
        ? "integer?"
        : T extends string | null
          ? "text?"
          : "bytes?"
      : never);
type Columns = { readonly [Table in keyof Schema]: { readonly [C in keyof Schema[Table]]: Kind<Schema[Table][C]> } };

/** The tables of version 1. When a version changes one, this text stays and its `satisfies` goes to the new text. */
const firstTables = {
  content: { id: "id", size: "integer", inline: "bytes?", file: "text?" },
  entry: {
    id: "id",
    content_id: "integer",
    reverse_path: "text",
    born_at: "integer",
    body: "text",
    smtp_utf8: "integer",
    ret: "text?",
    envid: "text?",
    listener: "text",
    client: "text",
    account: "text?",
  },
  recipient: {
    id: "id",
    entry_id: "integer",
    forward_path: "text",
    original_path: "text?",
    orcpt: "text?",
    notify: "text?",
    due_at: "integer",
    lease_until: "integer",
    attempts: "integer",
    waits_for: "text?",
    delay_reported: "integer",
  },
  attempt: {
    id: "id",
    recipient_id: "integer",
    began_at: "integer",
    ended_at: "integer",
    host: "text?",
    code: "integer?",
    said: "text",
  },
  decision: {
    id: "id",
    at: "integer",
    verdict: "text",
    rule: "text",
    count: "integer",
    policy_version: "integer",
    listener: "text",
    client: "text",
    account: "text?",
    reverse_path: "text",
    forward_path: "text",
    facts: "text",
    entry_id: "integer?",
  },
  account: {
    id: "id",
    name: "text",
    domain: "text",
    enabled: "integer",
    may_relay: "integer",
    senders: "text",
    may_send_as: "text",
    password_version: "integer",
    password: "text?",
    scram: "text?",
    plus_addressing: "integer",
    created_at: "integer",
  },
  app_password: {
    id: "id",
    account_id: "integer",
    label: "text",
    scram: "text",
    expires_at: "integer?",
    last_used_at: "integer?",
    created_at: "integer",
  },
  alias: { id: "id", kind: "text", local_part: "text", domain: "text", targets: "text", created_at: "integer" },
  mailbox: {
    id: "id",
    account_id: "integer",
    name: "text",
    uid_validity: "integer",
    uid_next: "integer",
    modseq: "integer",
    messages: "integer",
    octets: "integer",
  },
  message: {
    mailbox_id: "integer",
    uid: "integer",
    content_id: "integer",
    prefix: "text",
    size: "integer",
    internal_date: "integer",
    flags: "text",
    modseq: "integer",
  },
  policy_version: { version: "id", applied_at: "integer", who: "text", why: "text", document: "text" },
} as const satisfies Omit<Columns, "setting">;

function firstVersion(): readonly Compilable[] {
  const { schema } = builder;
  const index = (table: string, columns: string[]) =>
    schema
      .createIndex(`${table}_${columns.join("_")}`)
      .on(table)
      .columns(columns);
  return [
    ...Object.entries(firstTables).map(([table, columns]) => tableOf(table, columns)),
    index("entry", ["content_id"]),
    index("recipient", ["due_at"]),
    index("recipient", ["entry_id"]),
    index("attempt", ["recipient_id"]),
    index("decision", ["at"]),
    index("account", ["domain", "name"]).unique(),
    index("app_password", ["account_id"]),
    index("alias", ["domain", "local_part"]).unique(),
    index("mailbox", ["account_id", "name"]).unique(),
    index("message", ["content_id"]),
  ];
}

/** A unit that would take away what another row needs fails by itself, whoever wrote it. */
const references: Readonly<
  Record<string, { readonly [column: string]: { to: string; whenDeleted: "restrict" | "cascade" } }>
> = {
  entry: { content_id: { to: "content.id", whenDeleted: "restrict" } },
  recipient: { entry_id: { to: "entry.id", whenDeleted: "restrict" } },
  attempt: { recipient_id: { to: "recipient.id", whenDeleted: "cascade" } },
  app_password: { account_id: { to: "account.id", whenDeleted: "cascade" } },
  mailbox: { account_id: { to: "account.id", whenDeleted: "restrict" } },
  message: {
    mailbox_id: { to: "mailbox.id", whenDeleted: "restrict" },
    content_id: { to: "content.id", whenDeleted: "restrict" },
  },
};

function tableOf(table: string, columns: Readonly<Record<string, string>>): Compilable {
  let create = builder.schema.createTable(table);
  for (const [column, kind] of Object.entries(columns)) {
    const type = databaseTypes[kind.replace("?", "") as keyof typeof databaseTypes];
    const reference = references[table]?.[column];
    create = create.addColumn(column, type, (made) => {
      if (kind === "id") made = made.primaryKey();
      if (!kind.endsWith("?")) made = made.notNull();
      return reference === undefined ? made : made.references(reference.to).onDelete(reference.whenDeleted);
    });
  }
  // The builder does not know the columns of a table that is named by a variable.
  const named = create as unknown as CreateTableBuilder<string, string>;
  if (table !== "message") return named.modifyEnd(tableEnd);
  return named.addPrimaryKeyConstraint("message_key", ["mailbox_id", "uid"]).modifyEnd(orderedTableEnd);
}

function writeVersion(version: number): string {
  return (
    `INSERT INTO setting (name, value) VALUES ('schema-version', '${version}') ` +
    `ON CONFLICT (name) DO UPDATE SET value = excluded.value`
  );
}
