import type { MessageContent, OpenMailbox } from "../imap/mail.ts";
import { numbersOf } from "../imap/number-set.ts";
import type { Maildrop } from "../pop3/maildrop.ts";

/** Of one portion. */
const mostOctets = 512 * 1024;
const mostMessages = 256;
/** A larger message is streamed when it is asked for. */
const contentUpTo = 64 * 1024;

/** Null: the message is gone. */
type Found = MessageContent | null;
type Reading = { readonly numbers: ReadonlySet<number>; readonly done: Promise<void> };

/**
 * Contents of a maildrop for a client that takes one message after the other: those that follow are read together while the ones before are
 * sent. Who jumps about gets each by itself. Holds two portions at most.
 *
 * Deviation: RFC 6856 §3 wants a surrogate (RFC 6858) of a message with UTF-8 in its header for who did not say UTF8. They get it as it is,
 * as they always got what strangers send: a surrogate has another size, and LIST would have to read every message to know it.
 */
export class ReadAhead {
  readonly #mailbox: Pick<OpenMailbox, "rows" | "content">;
  readonly #maildrop: Maildrop;
  readonly #ready = new Map<number, Found>();
  /** TOP and RETR of the same message come in a row. */
  #last: { readonly number: number; readonly found: Found } | null = null;
  #expected = 1;
  /** Messages of the next portion: more each time the guess was right. */
  #portion = 1;
  /** Where it begins. */
  #from = 1;
  #reading: Reading | null = null;

  constructor(mailbox: Pick<OpenMailbox, "rows" | "content">, maildrop: Maildrop) {
    this.#mailbox = mailbox;
    this.#maildrop = maildrop;
  }

  /** Of a message that is not marked. One at a time: the next call comes after the answer. */
  take(number: number): Found | Promise<Found> {
    if (this.#last?.number === number) return this.#last.found;
    // Messages that were marked as deleted are skipped by a client that goes on.
    if (number < this.#expected || !(this.#ready.has(number) || this.#reading?.numbers.has(number) === true))
      this.#jump(number);
    this.#expected = number + 1;
    return this.#ready.has(number) ? this.#taken(number) : this.#awaited(number);
  }

  async #awaited(number: number): Promise<Found> {
    this.#reading ??= this.#read();
    await this.#reading?.done;
    return this.#taken(number);
  }

  #taken(number: number): Found {
    const found = this.#ready.get(number) ?? null;
    this.#last = { number, found };
    for (const passed of this.#ready.keys()) if (passed <= number) this.#ready.delete(passed);
    if (this.#reading === null && this.#portion > 1 && this.#ready.size <= this.#portion / 8)
      this.#reading = this.#read();
    return found;
  }

  #jump(number: number): void {
    if (number !== this.#expected) this.#portion = 1;
    this.#ready.clear();
    this.#reading = null;
    this.#from = number;
  }

  #read(): Reading | null {
    const numbers = this.#following();
    if (numbers.size === 0) return null;
    this.#portion = Math.min(this.#portion * 4, mostMessages);
    const reading: Reading = { numbers, done: this.#fill(numbers) };
    const forget = () => {
      if (this.#reading === reading) this.#reading = null;
    };
    // Whoever waits for it hears of a failure; if nobody does, the next reading fails as well.
    reading.done.then(forget, forget);
    return reading;
  }

  async #fill(numbers: ReadonlySet<number>): Promise<void> {
    const byUid = new Map(Array.from(numbers, (number) => [this.#maildrop.uidOf(number), number]));
    const found = new Map<number, Found>();
    for await (const rows of this.#mailbox.rows(numbersOf(byUid.keys()), { contentUpTo })) {
      for (const { uid, content } of rows) {
        const number = byUid.get(uid);
        if (number !== undefined) found.set(number, content ?? (await this.#mailbox.content(uid)));
      }
    }
    // Unless the client has jumped away meanwhile.
    if (this.#reading !== null && this.#reading.numbers !== numbers) return;
    for (const number of numbers) this.#ready.set(number, found.get(number) ?? null);
  }

  /** The numbers of the next portion; `#from` moves behind them. */
  #following(): Set<number> {
    const numbers = new Set<number>();
    let octets = 0;
    for (; this.#from <= this.#maildrop.highest && numbers.size < this.#portion; this.#from++) {
      if (this.#maildrop.state(this.#from) !== "here") continue;
      const size = this.#maildrop.sizeOf(this.#from);
      if (numbers.size > 0 && octets + Math.min(size, contentUpTo) > mostOctets) break;
      octets += Math.min(size, contentUpTo);
      numbers.add(this.#from);
    }
    return numbers;
  }
}
