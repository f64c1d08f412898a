/** Octets that make a chunk worth sending. */
const enough = 64 * 1024;
const capacity = enough + 32 * 1024;

/** Joins the many small pieces of responses into few large chunks. */
export class Batch {
  #text = "";
  #octets: Buffer | null = null;
  #filled = 0;

  get isFull(): boolean {
    return this.#filled + this.#text.length >= enough;
  }

  get isEmpty(): boolean {
    return this.#filled === 0 && this.#text === "";
  }

  put(text: string): void {
    this.#text += text;
  }

  putOctets(octets: Uint8Array): void {
    this.#settle();
    this.#reserve(octets.length).set(octets, this.#filled);
    this.#filled += octets.length;
  }

  /** All that was put in, in order. */
  take(): Uint8Array | string {
    if (this.#octets === null) {
      const text = this.#text;
      this.#text = "";
      return text;
    }
    this.#settle();
    const octets = this.#octets.subarray(0, this.#filled);
    this.#octets = null;
    this.#filled = 0;
    return octets;
  }

  #settle(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    // At most three octets for each UTF-16 unit.
    this.#filled += this.#reserve(text.length * 3).write(text, this.#filled);
  }

  #reserve(octets: number): Buffer {
    const room = (this.#octets ??= Buffer.allocUnsafeSlow(Math.max(capacity, octets)));
    if (this.#filled + octets <= room.length) return room;
    const larger = Buffer.allocUnsafeSlow(Math.max(room.length * 2, this.#filled + octets));
    larger.set(room.subarray(0, this.#filled));
    this.#octets = larger;
    return larger;
  }
}
