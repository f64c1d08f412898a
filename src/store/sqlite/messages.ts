import type { Row, Statement, Unit, Value } from "../store.ts";
import type { UnitResult } from "./engine.ts";

/**
 * What crosses between the threads. SQL texts go over once and are named by their number afterwards: a batch is then
 * little more than its parameters.
 */
export type ToWorker =
  | { readonly do: "commit"; readonly texts: readonly string[]; readonly units: readonly PackedUnit[] }
  | { readonly do: "read"; readonly id: number; readonly sql: string; readonly parameters: readonly Value[] }
  | { readonly do: "close" };

export type FromWorker =
  | { readonly say: "open"; readonly epoch: number }
  | { readonly say: "not-open"; readonly error: string; readonly name: string }
  /** `null`: every unit was committed and none returns rows. */
  | { readonly say: "committed"; readonly results: readonly UnitResult[] | null }
  | { readonly say: "rows"; readonly id: number; readonly rows: readonly Row[] }
  | { readonly say: "unread"; readonly id: number; readonly error: string }
  | { readonly say: "closed" };

/** Text number, parameters, expected changes (-1: any), whether rows are returned; statement after statement. */
export type PackedUnit = readonly (number | boolean | readonly Value[])[];

/** Numbers texts on the side of the main thread. */
export class TextRegistry {
  readonly #numbers = new Map<string, number>();
  #fresh: string[] = [];

  pack(unit: Unit): PackedUnit {
    const packed: (number | boolean | readonly Value[])[] = [];
    for (const { sql, parameters, changes, returns } of unit) {
      packed.push(this.#numberOf(sql), parameters, changes ?? -1, returns ?? false);
    }
    return packed;
  }

  /** The texts that the worker does not know yet, in the order of their numbers. */
  takeFresh(): readonly string[] {
    const fresh = this.#fresh;
    if (fresh.length > 0) this.#fresh = [];
    return fresh;
  }

  #numberOf(sql: string): number {
    let number = this.#numbers.get(sql);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(sql, number);
      this.#fresh.push(sql);
    }
    return number;
  }
}

export function unpack(packed: PackedUnit, texts: readonly string[]): Unit {
  const unit: Statement[] = [];
  for (let at = 0; at < packed.length; at += 4) {
    const sql = texts[Number(packed[at])];
    if (sql === undefined) throw new Error(`no SQL text has the number ${String(packed[at])}`);
    const changes = Number(packed[at + 2]);
    const parameters = packed[at + 1] as readonly Value[];
    unit.push({
      sql,
      parameters,
      ...(changes < 0 ? {} : { changes }),
      ...(packed[at + 3] === true ? { returns: true } : {}),
    });
  }
  return unit;
}
