import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from "kysely";
import type { Compilable, CreateTableBuilder, RawBuilder } from "kysely";
import type { Schema } from "../schema.ts";

/** What the versions are written with. */

/** Compiles for SQLite. PostgreSQL differs in the adapter, the compiler and `databaseTypes`. */
export const builder = new Kysely<Schema>({
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
export type Columns = {
  readonly [Table in keyof Schema]: { readonly [C in keyof Schema[Table]]: Kind<Schema[Table][C]> };
};

/** A unit that would take away what another row needs fails by itself, whoever wrote it. */
export type References = {
  readonly [column: string]: { readonly to: string; readonly whenDeleted: "restrict" | "cascade" };
};

export type TableText = {
  readonly columns: Readonly<Record<string, string>>;
  readonly references?: References | undefined;
  /** Absent: a column of kind "id" is the key. */
  readonly key?: readonly string[];
};

export function createTable(table: string, { columns, references = {}, key }: TableText): Compilable {
  let create = builder.schema.createTable(table);
  for (const [column, kind] of Object.entries(columns)) {
    const reference = references[column];
    create = create.addColumn(column, typeOf(kind), (made) => {
      if (kind === "id") made = made.primaryKey();
      if (!kind.endsWith("?")) made = made.notNull();
      return reference === undefined ? made : made.references(reference.to).onDelete(reference.whenDeleted);
    });
  }
  // The builder does not know the columns of a table that is named by a variable.
  const named = create as unknown as CreateTableBuilder<string, string>;
  if (key === undefined) return named.modifyEnd(tableEnd);
  return named.addPrimaryKeyConstraint(`${table}_key`, [...key]).modifyEnd(orderedTableEnd);
}

/** A new column of a table with rows: what they get. Without a value it may be null. */
export function addColumn(
  table: string,
  {
    column,
    kind,
    value,
  }: { readonly column: string; readonly kind: string; readonly value: number | string | undefined },
): Compilable {
  return builder.schema
    .alterTable(table)
    .addColumn(column, typeOf(kind), (made) => (value === undefined ? made : made.notNull().defaultTo(value)));
}

export function createIndex(table: string, columns: readonly string[]) {
  return builder.schema
    .createIndex(`${table}_${columns.join("_")}`)
    .on(table)
    .columns([...columns]);
}

/** For what the builder has no words for. */
export function plain(text: string): Compilable {
  return { compile: () => sql.raw(text).compile(builder) };
}

function typeOf(kind: string): RawBuilder<unknown> {
  return databaseTypes[kind.replace("?", "") as keyof typeof databaseTypes];
}
