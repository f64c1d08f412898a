import type { Row, Unit } from "./store.ts";

/** Ids of one epoch. Times 2^21 epochs they stay exact as numbers. */
const idsPerEpoch = 2 ** 32;

/** Takes the next epoch for this start alone: committed before the first id of it is given. Returns one row, `epoch`. */
export const takeEpoch: Unit = [
  {
    sql:
      "INSERT INTO setting (name, value) VALUES ('epoch', '1') ON CONFLICT (name) " +
      "DO UPDATE SET value = CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT) RETURNING value AS epoch",
    parameters: [],
    returns: true,
  },
];

export function epochOfRows(rows: readonly Row[] | undefined): number {
  const epoch = Number(rows?.[0]?.["epoch"]);
  if (Number.isSafeInteger(epoch) && epoch > 0) return epoch;
  throw new Error(`the number of this start could not be taken: ${JSON.stringify(rows)}`);
}

/**
 * Gives ids: ascending within a start, never given before by any start. A start that runs for long takes another epoch
 * when half of its ids are given.
 */
export class Ids {
  readonly #takeAnother: () => Promise<number>;
  readonly #size: number;
  #next = 0;
  #end = 0;
  #askAt = 0;
  #following: number | null = null;

  /** `takeAnother` takes an epoch from the store. `size`: ids to give of each epoch. */
  constructor(epoch: number, takeAnother: () => Promise<number>, size = idsPerEpoch) {
    this.#takeAnother = takeAnother;
    this.#size = size;
    this.#beginEpoch(epoch);
  }

  next(): number {
    if (this.#next >= this.#askAt) this.#lookAhead();
    return this.#next++;
  }

  #beginEpoch(epoch: number): void {
    this.#next = epoch * idsPerEpoch;
    this.#end = this.#next + this.#size;
    this.#askAt = this.#next + this.#size / 2;
    this.#following = null;
  }

  #lookAhead(): void {
    if (this.#next >= this.#end) {
      if (this.#following === null) throw new Error("all ids of this start are given and no more could be had");
      return this.#beginEpoch(this.#following);
    }
    // Asked again some ids later if it fails: a store that fails tells its writers.
    this.#askAt = Math.min(this.#askAt + this.#size / 16, this.#end);
    if (this.#following === null) {
      this.#takeAnother().then(
        (epoch) => (this.#following = epoch),
        () => {},
      );
    }
  }
}

export function epochOf(id: number): number {
  return Math.floor(id / idsPerEpoch);
}
