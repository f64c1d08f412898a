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
  readonly #takeEpoch: () => Promise<number>;
  #next: number;
  #end: number;
  #renewAt: number;
  #following: number | null = null;

  constructor(epoch: number, takeAnother: () => Promise<number>) {
    this.#takeEpoch = takeAnother;
    this.#next = epoch * idsPerEpoch;
    this.#end = this.#next + idsPerEpoch;
    this.#renewAt = this.#next + idsPerEpoch / 2;
  }

  next(): number {
    if (this.#next >= this.#renewAt) this.#renew();
    return this.#next++;
  }

  #renew(): void {
    if (this.#next < this.#end) {
      // Asked again after as many ids if it fails: a store that fails says so to its writers.
      this.#renewAt += idsPerEpoch / 16;
      if (this.#following === null)
        this.#takeEpoch()
          .then((epoch) => (this.#following = epoch))
          .catch(() => {});
      return;
    }
    if (this.#following === null) throw new Error("all ids of this start are given and no more could be had");
    this.#next = this.#following * idsPerEpoch;
    this.#end = this.#next + idsPerEpoch;
    this.#renewAt = this.#next + idsPerEpoch / 2;
    this.#following = null;
  }
}

export function epochOf(id: number): number {
  return Math.floor(id / idsPerEpoch);
}
