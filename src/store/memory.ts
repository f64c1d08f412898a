/** Holds octets of a message on its way in, and can let go of them. */
export interface Holder {
  /**
   * Memory is wanted: what can go to the disk goes there. `isShort`: there is none left, and what cannot go to the disk is
   * forgotten with its message (452).
   */
  letGo(isShort: boolean): void;
}

/** Reads octets of messages, so that more have to be held. */
export interface Reader {
  /** Memory became short, or there is room again. */
  memoryChanged(): void;
}

/**
 * One number for all octets of messages that memory may hold, on their way in and out (`limits.memory` of the boot file). From its half on
 * the oldest holder goes to the disk for each that takes more, so that clients which never finish hold nothing for long; beyond
 * it nobody reads on. Room comes back by itself: everything that is held is being written, committed, or let go of.
 */
export class Memory {
  readonly most: number;
  readonly #holders = new Set<Holder>();
  readonly #readers = new Set<Reader>();
  #held = 0;
  #isShort = false;

  constructor(most: number) {
    this.most = most;
  }

  get held(): number {
    return this.#held;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  take(octets: number): void {
    this.#held += octets;
    if (this.#held * 2 <= this.most) return;
    if (this.#held > this.most) this.#runShort();
    else this.#askOldest();
  }

  give(octets: number): void {
    this.#held -= octets;
    // Not at once at the limit: every octet that is given back would wake all readers.
    if (!this.#isShort || this.#held * 4 > this.most * 3) return;
    this.#isShort = false;
    for (const reader of [...this.#readers]) reader.memoryChanged();
  }

  addHolder(holder: Holder): void {
    this.#holders.add(holder);
  }

  removeHolder(holder: Holder): void {
    this.#holders.delete(holder);
  }

  addReader(reader: Reader): void {
    this.#readers.add(reader);
  }

  removeReader(reader: Reader): void {
    this.#readers.delete(reader);
  }

  #askOldest(): void {
    const [oldest] = this.#holders;
    if (oldest === undefined) return;
    // Behind the others, in case it can let go only when there is no other way.
    this.#holders.delete(oldest);
    this.#holders.add(oldest);
    oldest.letGo(false);
  }

  #runShort(): void {
    if (this.#isShort) return;
    this.#isShort = true;
    for (const reader of [...this.#readers]) reader.memoryChanged();
    for (const holder of [...this.#holders]) holder.letGo(true);
  }
}
