import type { Clock, Timer } from "../src/time/clock.ts";

type Waiting = { readonly at: number; readonly order: number; readonly act: () => void };

/** A clock that a test turns by hand: five days pass in an instant. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(startAt = Date.UTC(2026, 10, 25, 8)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, act: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, act };
    this.#waiting.add(timer);
    return { cancel: () => void this.#waiting.delete(timer) };
  }

  /** How many timers wait: a test of bounded memory looks here. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** When the next timer is due, `null` when none waits. */
  get nextAt(): number | null {
    return this.#next()?.at ?? null;
  }

  /** Turns the clock and runs what comes due, in order and without letting promises go on in between. */
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.#runNext(until));
    this.#now = until;
  }

  /** Turns the clock; after each timer, what waits for it goes on until all is quiet. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await quiet();
    while (this.#runNext(until)) await quiet();
    this.#now = until;
  }

  /** Sets the wall time without running anything, as an administrator does; timers keep their distance. */
  set(now: number): void {
    const shift = now - this.#now;
    this.#now = now;
    for (const timer of [...this.#waiting]) {
      this.#waiting.delete(timer);
      this.#waiting.add(Object.assign(timer, { at: timer.at + shift }));
    }
  }

  #runNext(until: number): boolean {
    const next = this.#next();
    if (next === null || next.at > until) return false;
    this.#waiting.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.act();
    return true;
  }

  #next(): Waiting | null {
    let next: Waiting | null = null;
    for (const timer of this.#waiting) {
      if (next === null || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Lets everything that is ready go on: chains of promises and callbacks of finished work, not sockets that wait. */
export async function quiet(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
