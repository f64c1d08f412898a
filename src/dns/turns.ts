/** At most so many at the same time; the rest wait for their turn, first come, first served, up to a bound. */
export class Turns {
  readonly #most: { readonly atOnce: number; readonly waiting: number };
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(most: { readonly atOnce: number; readonly waiting: number }) {
    this.#most = most;
  }

  /** `null`: too many wait already. */
  async take<T>(act: () => Promise<T>): Promise<T | null> {
    if (this.#underWay >= this.#most.atOnce) {
      if (this.#waiting.length >= this.#most.waiting) return null;
      // Whoever ends hands its turn over.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#underWay++;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
