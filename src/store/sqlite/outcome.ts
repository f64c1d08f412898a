import { type Returned, type Row, StoreUnavailable, UnitFailed, type Value } from "../store.ts";

/** What became of one unit, as a value that can cross threads; `null`: kept, and no statement returns rows. */
export type Outcome =
  | null
  | { readonly tables: readonly Table[] }
  | { readonly failed: string }
  | {
      readonly unavailable: string;
      readonly isFatal: boolean;
      readonly isFull: boolean;
      /** A statement met a place in the file that is damaged. */
      readonly isDamage?: boolean;
    };

/** `null`: every unit of the batch was kept and none returns rows. */
export type Outcomes = readonly Outcome[] | null;

/** Rows without their names at each: names once. */
export type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly Value[])[] };

/** Result codes of the engine: https://sqlite.org/rescode.html */
const codes = {
  error: 1,
  busy: 5,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  protocol: 15,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADatabase: 26,
};
/** An I/O error that is none: there was no memory for the buffer. */
const ioErrorNoMemory = codes.ioError | (12 << 8);

/** The statement or the data is at fault, so that the same unit fails again, and only it. */
const unitsOwn = new Set([codes.error, codes.tooBig, codes.constraint, codes.mismatch, codes.range]);
const fatal = new Set([codes.ioError, codes.cantOpen, codes.protocol, codes.notADatabase]);

/** A unit asked for another number of changed rows. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
}

/**
 * Without a code it is our condition, or a value that the binding refuses. A damaged page concerns the unit that came by it: one
 * message that cannot be read any more is no reason to end (field case O-33).
 */
export function isUnitsOwn(error: unknown): boolean {
  const code = resultCode(error);
  return code === 0 || unitsOwn.has(code & 0xff) || isDamage(code);
}

function isDamage(code: number): boolean {
  return (code & 0xff) === codes.corrupt;
}

export function outcomeOf(error: unknown): NonNullable<Outcome> {
  const message = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  if (isUnitsOwn(error) && !isDamage(code)) return { failed: message };
  const primary = code & 0xff;
  const isFatal = code !== ioErrorNoMemory && fatal.has(primary);
  return {
    unavailable: `${message} (SQLite ${code})`,
    isFatal,
    isFull: primary === codes.full,
    isDamage: isDamage(code),
  };
}

export function isBusy(error: unknown): boolean {
  return (resultCode(error) & 0xff) === codes.busy;
}

export function isFatal(outcome: Outcome): boolean {
  return outcome !== null && "isFatal" in outcome && outcome.isFatal;
}

/** Extended result code; 0 when the error is not the engine's. */
function resultCode(error: unknown): number {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0;
}

const nothing: Returned = [];

/** What the caller gets. Throws `UnitFailed` and `StoreUnavailable`. */
export function returnedBy(outcome: Outcome | undefined): Returned {
  if (outcome === null || outcome === undefined) return nothing;
  if ("tables" in outcome) return outcome.tables.map(rowsOf);
  if ("failed" in outcome) throw new UnitFailed(outcome.failed);
  throw new StoreUnavailable(`nothing can be kept: ${outcome.unavailable}`, outcome);
}

function rowsOf({ columns, rows }: Table): Row[] {
  return rows.map((values) => {
    const row: Record<string, Value> = {};
    for (let at = 0; at < columns.length; at++) row[columns[at] ?? ""] = values[at] ?? null;
    return row;
  });
}
