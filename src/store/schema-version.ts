/** The version that this program makes and understands. Apart from `migrations.ts`, so that a start with nothing to do loads no builder. */
export const schemaVersion = 2;

/** The one table that exists before any version does: it holds the version. The same text on both databases. */
export const createSettings = `CREATE TABLE IF NOT EXISTS setting (name text NOT NULL PRIMARY KEY, value text NOT NULL)`;

export const readVersion = `SELECT value FROM setting WHERE name = 'schema-version'`;

/** The data folder was last used by a newer Gatepost: going on could destroy what that one knows. */
export class DatabaseIsNewer extends Error {
  override readonly name = "DatabaseIsNewer";
  constructor(found: number) {
    super(
      `the database has version ${found}, this Gatepost knows up to ${schemaVersion}: ` +
        `start the newer Gatepost again, or restore the copy made before the upgrade`,
    );
  }
}

/** The version in the setting; 0 for a fresh database. Throws `DatabaseIsNewer`, and for a value that is no version. */
export function versionFrom(setting: unknown): number {
  if (setting === undefined) return 0;
  const version = typeof setting === "string" && /^[0-9]{1,9}$/.test(setting) ? Number(setting) : NaN;
  if (Number.isNaN(version)) throw new Error(`the setting schema-version holds no version: ${JSON.stringify(setting)}`);
  if (version > schemaVersion) throw new DatabaseIsNewer(version);
  return version;
}
