export type PaceLimits = {
  /** How long a client may be late: as long as it may wait between two pieces (RFC 5321 §4.5.3.2.5). */
  readonly lateMs: number;
  /** Octets a second. */
  readonly leastRate: number;
};

/**
 * The time that a client has for a content as a whole: as long as what it sent takes at the least rate, and a while more, so that a
 * slow line may falter. Without it an octet now and then would hold a session for ever. While we hold the client up no time passes.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #beganAt: number;
  #octets = 0;
  #heldUpAt: number | null = null;

  constructor(now: number, limits: PaceLimits) {
    this.#beganAt = now;
    this.#limits = limits;
  }

  count(octets: number): void {
    this.#octets += octets;
  }

  holdUp(now: number): void {
    this.#heldUpAt ??= now;
  }

  goOn(now: number): void {
    if (this.#heldUpAt !== null) this.#beganAt += now - this.#heldUpAt;
    this.#heldUpAt = null;
  }

  /** Milliseconds since 1970, as far as is known now. */
  get endsAt(): number {
    const { lateMs, leastRate } = this.#limits;
    return this.#beganAt + lateMs + Math.ceil((this.#octets * 1_000) / leastRate);
  }
}
