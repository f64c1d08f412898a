import type { Socket } from "node:net";

/** Octets that a client may leave unread before it gets no more. */
const maxUnread = 256 * 1024;
/** Small pieces are joined up to here, so that many of them are one write. */
const batchSize = 64 * 1024;
/** Text that waits for the flush; more goes into a batch. */
const maxText = 8 * 1024;
/** Batches that lie ready for all connections together. */
const maxSpare = 16;

const spare: Buffer[] = [];

/**
 * What is on its way to the client: text and octets in order, few writes for many pieces. Whoever has much to say looks at
 * `isBlocked` after each piece and awaits `room`.
 */
export class Outbox {
  readonly #drained: () => void;
  #socket: Socket;
  #text = "";
  #batch: Buffer | null = null;
  #filled = 0;
  #isBlocked = false;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  /** `drained`: the client reads again. */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket;
    this.#drained = drained;
  }

  /** The client leaves too much unread. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether the kernel has all that was said. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#filled === 0 && this.#socket.writableLength === 0;
  }

  /** From now on everything goes there: inside TLS. */
  moveTo(socket: Socket): void {
    this.#socket = socket;
  }

  /** Leaves with the next flush, as UTF-8. */
  say(text: string): void {
    this.#text += text;
    if (this.#text.length > maxText) this.#settle();
  }

  /** Leaves with the next flush, or at once where there are many. They are not changed any more by the caller. */
  sendOctets(octets: Uint8Array): void {
    this.#settle();
    if (octets.length > batchSize / 2) {
      this.#leave();
      this.#write(octets);
      return;
    }
    if (this.#filled + octets.length > batchSize) this.#leave();
    this.#room().set(octets, this.#filled);
    this.#filled += octets.length;
  }

  flush(): void {
    if (this.#filled === 0) {
      const text = this.#text;
      this.#text = "";
      if (text !== "" && !this.#isClosed) this.#blockAfter(this.#socket.write(text));
      return;
    }
    this.#settle();
    this.#leave();
  }

  /** Resolves when the client has read enough, or will never. */
  room(): Promise<void> {
    if (!this.#isBlocked || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing more is sent; whoever waits for room goes on. */
  close(): void {
    this.#isClosed = true;
    this.#text = "";
    this.#filled = 0;
    this.#batch = null;
    this.#wake();
  }

  #room(): Buffer {
    return (this.#batch ??= spare.pop() ?? Buffer.allocUnsafeSlow(batchSize));
  }

  /** Moves the waiting text into the batch, where the octets that follow go too. */
  #settle(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    // At most three octets for each UTF-16 unit.
    if (text.length * 3 > batchSize) return this.sendOctets(Buffer.from(text));
    if (this.#filled + text.length * 3 > batchSize) this.#leave();
    this.#filled += this.#room().write(text, this.#filled);
  }

  #leave(): void {
    const batch = this.#batch;
    const filled = this.#filled;
    this.#batch = null;
    this.#filled = 0;
    if (batch === null || filled === 0) return;
    this.#write(batch.subarray(0, filled), () => {
      if (spare.length < maxSpare) spare.push(batch);
    });
  }

  #write(octets: Uint8Array, done?: () => void): void {
    if (this.#isClosed) return;
    this.#blockAfter(this.#socket.write(octets, done));
  }

  /** `hasRoom` is what `write` returned: only after false there is a "drain". */
  #blockAfter(hasRoom: boolean): void {
    if (hasRoom || this.#isBlocked || this.#socket.writableLength <= maxUnread) return;
    this.#isBlocked = true;
    this.#socket.pause();
    this.#socket.once("drain", () => {
      this.#isBlocked = false;
      this.#wake();
      this.#drained();
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
