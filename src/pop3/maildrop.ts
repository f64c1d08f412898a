/**
 * The messages of a maildrop as one session sees them, fixed at its login (RFC 1939 §4): numbers, sizes, unique ids and what was marked
 * as deleted. The one part of a session that changes in place: marking 100,000 messages must not copy as many marks each time.
 */
export class Maildrop {
  readonly #uidValidity: number;
  readonly #uids: readonly number[];
  readonly #sizes: readonly number[];
  readonly #marks: Uint8Array;
  readonly #allOctets: number;
  #count: number;
  #octets: number;

  /** UIDs ascending; `sizes`: what RETR sends of each, without what transparency adds (§11). */
  constructor(uidValidity: number, messages: { readonly uids: readonly number[]; readonly sizes: readonly number[] }) {
    this.#uidValidity = uidValidity;
    this.#uids = messages.uids;
    this.#sizes = messages.sizes;
    this.#marks = new Uint8Array(messages.uids.length);
    this.#allOctets = messages.sizes.reduce((sum, size) => sum + size, 0);
    this.#count = messages.uids.length;
    this.#octets = this.#allOctets;
  }

  /** Numbers go from 1 to here. */
  get highest(): number {
    return this.#uids.length;
  }

  /** Of messages that are not marked. */
  get count(): number {
    return this.#count;
  }

  get octets(): number {
    return this.#octets;
  }

  state(number: number): "here" | "marked" | "none" {
    if (number < 1 || number > this.#uids.length) return "none";
    return this.#marks[number - 1] === 1 ? "marked" : "here";
  }

  uidOf(number: number): number {
    return this.#uids[number - 1] ?? 0;
  }

  sizeOf(number: number): number {
    return this.#sizes[number - 1] ?? 0;
  }

  /**
   * §7: never given to another message of this maildrop, in no session. A UID never comes again (RFC 9051 §2.3.1.1), and where UIDs had to
   * begin anew the validity differs.
   */
  uniqueId(number: number): string {
    return `${this.#uidValidity}.${this.uidOf(number)}`;
  }

  mark(number: number): void {
    if (this.state(number) !== "here") return;
    this.#marks[number - 1] = 1;
    this.#count--;
    this.#octets -= this.sizeOf(number);
  }

  unmark(): void {
    this.#marks.fill(0);
    this.#count = this.#uids.length;
    this.#octets = this.#allOctets;
  }

  /** Numbers that are not marked, ascending. */
  *numbers(): Generator<number> {
    for (let number = 1; number <= this.#uids.length; number++) if (this.#marks[number - 1] === 0) yield number;
  }

  /** UIDs of what was marked, ascending. */
  markedUids(): number[] {
    return this.#uids.filter((_, index) => this.#marks[index] === 1);
  }
}
