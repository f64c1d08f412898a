import type { Unit, Value } from "../store.ts";

/**
 * Units on the way to the database. Flat on purpose: one array of simple values and one buffer cross to a thread in
 * a third of the time that nested ones take, and a small buffer does not bring the slab along that it is cut from.
 */
export type Packed = {
  /** SQL texts that were not sent before, in the order of their numbers. */
  readonly texts: readonly string[];
  readonly units: number;
  /**
   * For each unit its number of statements; for each statement its text (a number, or the text itself), the changes
   * expected (-1: any), whether it returns rows, how many slots follow, and its parameters. Bytes are `true`, where
   * they begin and how long they are.
   */
  readonly values: readonly (Value | boolean)[];
  /** All the bytes, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Texts are constants (`Statement`), so there are few; what comes after so many is sent along each time. */
const mostTexts = 1000;

/** Numbers the SQL texts for one connection. */
export class TextRegistry {
  readonly #numbers = new Map<string, number>();
  #fresh: string[] = [];

  numberOf(sql: string): number | string {
    const known = this.#numbers.get(sql);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    if (number === mostTexts) return sql;
    this.#numbers.set(sql, number);
    this.#fresh.push(sql);
    return number;
  }

  /** The texts that were numbered since the last call. */
  takeFresh(): readonly string[] {
    if (this.#fresh.length === 0) return this.#fresh;
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}

/** Gathers the units of one batch. */
export class Packer {
  readonly #texts: TextRegistry;
  readonly #values: (Value | boolean)[] = [];
  readonly #chunks: Uint8Array[] = [];
  /** Octets of bytes so far. */
  size = 0;
  units = 0;

  constructor(texts: TextRegistry) {
    this.#texts = texts;
  }

  /** Throws a `TypeError` for what is no `Value`, and then keeps nothing of the unit. */
  add(unit: Unit): void {
    const { length } = this.#values;
    const chunks = this.#chunks.length;
    const { size } = this;
    try {
      this.#add(unit);
      this.units++;
    } catch (error) {
      this.#values.length = length;
      this.#chunks.length = chunks;
      this.size = size;
      throw error;
    }
  }

  /** Copies the bytes: they may be changed or let go afterwards. */
  take(): Packed {
    const bytes = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return { texts: this.#texts.takeFresh(), units: this.units, values: this.#values, bytes };
  }

  #add(unit: Unit): void {
    const values = this.#values;
    values.push(unit.length);
    for (const { sql, parameters, changes, returns } of unit) {
      values.push(this.#texts.numberOf(sql), changes ?? -1, returns === true, 0);
      const begin = values.length;
      for (const parameter of parameters) {
        if (parameter instanceof Uint8Array) this.#addBytes(parameter);
        else if (isSimple(parameter)) values.push(parameter);
        else throw new TypeError(`${describe(parameter)} is no value for a database: ${sql.slice(0, 80)}`);
      }
      values[begin - 1] = values.length - begin;
    }
  }

  #addBytes(bytes: Uint8Array): void {
    this.#values.push(true, this.size, bytes.length);
    this.#chunks.push(bytes);
    this.size += bytes.length;
  }
}

export function pack(units: readonly Unit[], texts: TextRegistry): Packed {
  const packer = new Packer(texts);
  for (const unit of units) packer.add(unit);
  return packer.take();
}

/**
 * The engine takes a Date for a list of named parameters and binds null, NaN becomes null, true becomes 1: none of
 * them may get so far, whatever the types let through.
 */
function isSimple(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "bigint":
      return true;
    case "number":
      return Number.isFinite(value);
    default:
      return value === null;
  }
}

function describe(value: unknown): string {
  return value instanceof Date
    ? "a Date"
    : typeof value === "number"
      ? String(value)
      : `a value of type ${typeof value}`;
}
