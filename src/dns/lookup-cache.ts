import type { Clock } from "../time/clock.ts";
import type { Lookup } from "./resolver.ts";

/** What a question came to, and for how long that may be kept. */
export type Learnt<T> = { readonly lookup: Lookup<T>; readonly keepSeconds: number };

type Entry<T> = {
  readonly lookup: Promise<Lookup<T>>;
  learntAt: number;
  /** `null` while the answer is awaited: whoever asks meanwhile shares it. */
  keepMs: number | null;
  weight: number;
};

/** Lookups that are known or under way, by name. A hit costs a look into a map and makes nothing new. */
export class LookupCache<T> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<T>>();
  #weight = 0;

  /** `most` bounds names and records together; the oldest go first. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  get weight(): number {
    return this.#weight;
  }

  find(name: string, ask: (name: string) => Promise<Learnt<T>>): Promise<Lookup<T>> {
    const known = this.#entries.get(name);
    if (known !== undefined && this.#isAlive(known)) return known.lookup;
    if (known !== undefined) this.#drop(name, known);
    const asking = ask(name);
    const entry: Entry<T> = { lookup: asking.then(({ lookup }) => lookup), learntAt: 0, keepMs: null, weight: 1 };
    this.#entries.set(name, entry);
    this.#weight += 1;
    void asking.then(({ lookup, keepSeconds }) => {
      if (this.#entries.get(name) !== entry) return;
      if (keepSeconds <= 0) return this.#drop(name, entry);
      entry.learntAt = this.#clock.now();
      entry.keepMs = keepSeconds * 1000;
      const records = typeof lookup === "object" && "records" in lookup ? lookup.records.length : 0;
      entry.weight += records;
      this.#weight += records;
      this.#makeRoom();
    });
    this.#makeRoom();
    return entry.lookup;
  }

  #isAlive({ learntAt, keepMs }: Entry<T>): boolean {
    if (keepMs === null) return true;
    const age = this.#clock.now() - learntAt;
    // A clock that was set back must not make an answer live longer.
    return age >= 0 && age < keepMs;
  }

  #makeRoom(): void {
    for (const [name, entry] of this.#entries) {
      if (this.#weight <= this.#most) return;
      this.#drop(name, entry);
    }
  }

  #drop(name: string, entry: Entry<T>): void {
    this.#entries.delete(name);
    this.#weight -= entry.weight;
  }
}
