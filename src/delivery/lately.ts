import type { Clock } from "../time/clock.ts";

/** More names than this are not remembered: the oldest go first. */
const mostNames = 10_000;

/** Names of which something was found out lately, and counts for a while. */
export class Lately {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock;
    this.#forMs = forMs;
  }

  /** Returns until when it counts. */
  note(name: string): number {
    const until = this.#clock.now() + this.#forMs;
    // Behind the others.
    this.#until.delete(name);
    this.#until.set(name, until);
    const [oldest] = this.#until.keys();
    if (this.#until.size > mostNames && oldest !== undefined) this.#until.delete(oldest);
    return until;
  }

  forget(name: string): void {
    this.#until.delete(name);
  }

  has(name: string): boolean {
    return (this.#until.get(name) ?? 0) > this.#clock.now();
  }
}
