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

/**
 * Rows without their names at each: names once. One list of values crosses to another thread in less time than a list of lists.
 * Of many rows all bytes are in one buffer, which is moved and not copied: `true` stands where the next of `lengths` octets belong.
 */
export type Table = {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly values: readonly (Value | true)[];
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly lengths: readonly number[];
};

/** Fewer rows do not share a buffer: one that is kept for long would keep the octets of its neighbours. */
const fewRows = 64;

export function tableOf(columns: readonly string[], rows: number, values: Value[]): Table {
  if (rows <= fewRows) return { columns, rows, values, bytes: null, lengths: none };
  const packed: (Value | true)[] = values;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (!(value instanceof Uint8Array)) continue;
    chunks.push(value);
    size += value.length;
    packed[at] = true;
  }
  if (chunks.length === 0) return { columns, rows, values, bytes: null, lengths: none };
  const bytes = new Uint8Array(size);
  let begin = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, begin);
    begin += chunk.length;
  }
  return { columns, rows, values: packed, bytes, lengths: chunks.map(({ length }) => length) };
}

const none: readonly number[] = [];

/** What may be moved to the other thread with them. */
export function buffersOf(outcomes: Outcomes): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const outcome of outcomes ?? []) {
    if (outcome === null || !("tables" in outcome)) continue;
    for (const { bytes } of outcome.tables) if (bytes !== null) buffers.push(bytes.buffer);
  }
  return buffers;
}

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

function rowsOf({ columns, rows, values, bytes, lengths }: Table): Row[] {
  const found: Row[] = [];
  let at = 0;
  let begin = 0;
  let chunk = 0;
  for (let n = 0; n < rows; n++) {
    const row: Record<string, Value> = {};
    for (const column of columns) {
      const value = values[at++] ?? null;
      if (value !== true) row[column] = value;
      else {
        const end = begin + (lengths[chunk++] ?? 0);
        row[column] = bytes?.subarray(begin, end) ?? null;
        begin = end;
      }
    }
    found.push(row);
  }
  return found;
}
