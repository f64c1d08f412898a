import type { ContentSource } from "../queue/entry.ts";
import { mostInline } from "../store/content.ts";
import type { Claim } from "../store/handover.ts";
import type { Memory } from "../store/memory.ts";

/** Of the memory for messages, what may be on its way out: the rest is for what comes in. */
const share = 1 / 4;

/**
 * What the runner has taken and not recorded yet: recipients, and the octets of their contents that are in memory. These come out of
 * the same budget as those of messages being received; what finds no room in it waits in the store, where it is anyway.
 */
export class Held {
  readonly #memory: Memory;
  readonly #mostOctets: number;
  /** How many recipients still need a content. */
  readonly #needing = new Map<ContentSource, number>();
  #recipients = 0;
  #octets = 0;
  /** Of claims that were reserved and not given yet: until then their octets are counted where they come in. */
  #promisedOctets = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#mostOctets = memory.most * share;
  }

  get recipients(): number {
    return this.#recipients;
  }

  hasRoomFor(octets: number): boolean {
    return this.#octets + this.#promisedOctets + octets <= this.#mostOctets;
  }

  /** Contents that can be read from the store without asking for their size first; one at least when nothing is held. */
  get roomForContents(): number {
    const room = Math.floor((this.#mostOctets - this.#octets - this.#promisedOctets) / mostInline);
    return room < 1 && this.#recipients === 0 ? 1 : room;
  }

  promise({ recipients, octets }: Claim): void {
    this.#recipients += recipients;
    this.#promisedOctets += octets;
  }

  /** The promise was kept, and its recipients are held from now on. */
  redeem({ octets }: Claim): void {
    this.#promisedOctets -= octets;
  }

  takeBack(claim: Claim): void {
    this.redeem(claim);
    this.#recipients -= claim.recipients;
  }

  take(recipients: number): void {
    this.#recipients += recipients;
  }

  /** For so many of the recipients that are held already. */
  keep(content: ContentSource, recipients: number): void {
    this.#needing.set(content, recipients);
    const octets = octetsOf(content);
    this.#octets += octets;
    this.#memory.take(octets);
  }

  /** So many recipients are on record; `null`: their content could not be read. */
  drop(recipients: number, content: ContentSource | null): void {
    this.#recipients -= recipients;
    if (content === null) return;
    const left = (this.#needing.get(content) ?? 0) - recipients;
    if (left > 0) return void this.#needing.set(content, left);
    if (!this.#needing.delete(content)) return;
    const octets = octetsOf(content);
    this.#octets -= octets;
    this.#memory.give(octets);
  }
}

/** A large content is read from its file piece by piece. */
function octetsOf({ bytes }: ContentSource): number {
  return bytes?.length ?? 0;
}
