import type { Compilable } from "kysely";
import { schemaVersion } from "./schema-version.ts";
import { firstVersion } from "./versions/first.ts";
import { secondVersion } from "./versions/second.ts";

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
const versions: readonly (() => readonly Compilable[])[] = [firstVersion, secondVersion];
if (versions.length !== schemaVersion) throw new Error("schemaVersion is not the number of versions");

function writeVersion(version: number): string {
  return (
    `INSERT INTO setting (name, value) VALUES ('schema-version', '${version}') ` +
    `ON CONFLICT (name) DO UPDATE SET value = excluded.value`
  );
}
