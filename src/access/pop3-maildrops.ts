/** Who has which maildrop open (RFC 1939 §4: exclusive), and when it was opened last (LOGIN-DELAY, RFC 2449 §6.5). */
export class Maildrops {
  readonly #open = new Set<number>();
  readonly #openedAt = new Map<number, number>();
  readonly #delayMs: number;
  readonly #now: () => number;

  constructor(delayMs: number, now: () => number) {
    this.#delayMs = delayMs;
    this.#now = now;
  }

  /**
   * Takes the maildrop of an account until `release`. This process is alone on the data folder, so a lock in memory is one, and none
   * outlives whoever held it.
   */
  take(account: number): Taken | "in use" | "too soon" {
    if (this.#open.has(account)) return "in use";
    const now = this.#now();
    const before = this.#openedAt.get(account);
    // A clock that was set back makes nobody wait.
    if (before !== undefined && now >= before && now - before < this.#delayMs) return "too soon";
    this.#open.add(account);
    if (this.#delayMs > 0) this.#openedAt.set(account, now);
    let isReleased = false;
    return {
      release: () => {
        if (!isReleased) this.#open.delete(account);
        isReleased = true;
      },
    };
  }
}

export type Taken = { release(): void };
