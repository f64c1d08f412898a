/** What SQLite and PostgreSQL both take as a parameter or give back. */
export type Value = string | number | bigint | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

/** One statement, decided beforehand. The text is a constant: drivers keep it prepared. */
export type Statement = {
  readonly sql: string;
  readonly parameters: readonly Value[];
  /** Fails the unit when another number of rows was changed (a quota that does not suffice, a lease that was lost). */
  readonly changes?: number;
  /** The rows it returns are part of the unit's outcome. */
  readonly returns?: boolean;
};

/** A read for `Store.read`. */
export type Query = Pick<Statement, "sql" | "parameters">;

/** Statements that are committed together or not at all. */
export type Unit = readonly Statement[];

/** `soon`: nobody is kept waiting for it, so it may ride along with the next unit for a few milliseconds rather than cost a sync. */
export type Pace = "now" | "soon";

/** The rows of each statement that `returns`, in order. */
export type Returned = readonly (readonly Row[])[];

/**
 * Keeps what was answered with 250. A port with one contract suite (`store/contract.ts`) that every driver passes.
 * Units that arrive while a commit is syncing go into the next one (group commit).
 */
export interface Store {
  /**
   * Resolves once the unit is on stable storage.
   * Rejects with `UnitFailed` (this unit alone: a condition or constraint did not hold) or `StoreUnavailable`
   * (the disk is full or broken; nothing of the unit is kept).
   */
  commit(unit: Unit, pace?: Pace): Promise<Returned>;
  /** A read outside of any unit; sees every unit that was resolved before the call. */
  read(statement: Query): Promise<readonly Row[]>;
  /** A new number, never given before by any start of any node: ascending within this start. */
  nextId(): number;
  /** Ends after the units that were handed over are committed. */
  close(): Promise<void>;
}

/** A condition or constraint of this unit did not hold; its neighbours are not touched. */
export class UnitFailed extends Error {
  override readonly name = "UnitFailed";
}

/** Another server works on this data folder. */
export class DataFolderInUse extends Error {
  override readonly name = "DataFolderInUse";
  constructor(folder: string, pid: number | null) {
    const holder = pid === null ? "another Gatepost" : `another Gatepost, process ${pid}`;
    super(`${folder} is in use by ${holder}: stop that one first, or give this one a data folder of its own`);
  }
}

/**
 * The store cannot keep anything now. `isFatal`: an I/O error on commit or sync; the process must end. `isDamage`: what was to
 * be read stands where the disk or the file is damaged; other reads go on.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly isFatal: boolean;
  readonly isFull: boolean;
  readonly isDamage: boolean;
  constructor(message: string, state: { isFatal: boolean; isFull: boolean; isDamage?: boolean }, cause?: unknown) {
    super(message, { cause });
    this.isFatal = state.isFatal;
    this.isFull = state.isFull;
    this.isDamage = state.isDamage ?? false;
  }
}
