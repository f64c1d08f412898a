import { ContentDecoder, type ContentLimits } from "../smtp/content-decoder.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Memory, Reader } from "../store/memory.ts";
import { type Agreed, Intake, type IntakeContext } from "./intake.ts";
import { Pace, type PaceLimits } from "./pace.ts";

export type IncomingOptions = ContentLimits & {
  readonly pace: PaceLimits;
  /** `isHeldUp` changed: the socket is to be paused, or read again. */
  readonly heldUpChanged: () => void;
  /** The disk takes no more octets. */
  readonly failed: (error: unknown) => void;
};

/**
 * The content of one transaction from 354 to its reply: what comes from the socket is decoded and handed to the intake, while the
 * disk takes it and the memory has room.
 */
export class Incoming implements Reader {
  readonly #options: IncomingOptions;
  readonly #decoder: ContentDecoder;
  readonly #intake: Intake;
  readonly #memory: Memory;
  readonly #pace: Pace;
  readonly #now: () => number;
  /** The disk has not taken yet what came. */
  #isDraining = false;
  #isHeldUp = false;

  constructor(context: IntakeContext, agreed: Agreed, options: IncomingOptions) {
    this.#options = options;
    this.#decoder = new ContentDecoder(options);
    this.#intake = new Intake(context, agreed);
    this.#memory = context.memory;
    this.#now = context.now;
    this.#pace = new Pace(context.now(), options.pace);
  }

  /** By us, not by the client: its time does not run. */
  get isHeldUp(): boolean {
    return this.#isHeldUp;
  }

  /** When the client will have been too slow on the whole, however often it sends something. */
  get endsAt(): number {
    return this.#pace.endsAt;
  }

  /** From now on content may come. */
  begin(): void {
    this.#memory.addReader(this);
    this.memoryChanged();
  }

  /** What came behind the final dot, empty when nothing did; null: the content goes on. */
  push(chunk: Buffer): Buffer | null {
    this.#pace.count(chunk.length);
    const { pieces, ended, rest } = this.#decoder.push(chunk);
    for (const piece of pieces) this.#intake.write(piece);
    if (!ended && this.#intake.isFull) this.#waitUntilDrained();
    return ended ? (rest ?? nothing) : null;
  }

  memoryChanged(): void {
    const isHeldUp = this.#isDraining || this.#memory.isShort;
    if (isHeldUp === this.#isHeldUp) return;
    this.#isHeldUp = isHeldUp;
    if (isHeldUp) this.#pace.holdUp(this.#now());
    else this.#pace.goOn(this.#now());
    this.#options.heldUpChanged();
  }

  /** After the final dot: the reply, with 250 only once the message is on stable storage. */
  finish(): Promise<Reply> {
    this.#end();
    return this.#intake.finish(this.#decoder);
  }

  /** After `finish`: what one recipient hears although others got the message. */
  refusalOf(index: number): Reply | null {
    return this.#intake.refusalOf(index);
  }

  /** The client is gone while the message is stored. */
  abandon(): void {
    this.#intake.abandon();
  }

  /** The session ended before the dot. */
  discard(): void {
    this.#end();
    this.#intake.discard();
  }

  #waitUntilDrained(): void {
    this.#isDraining = true;
    this.memoryChanged();
    this.#intake.drained().then(
      () => {
        this.#isDraining = false;
        this.memoryChanged();
      },
      (error: unknown) => this.#options.failed(error),
    );
  }

  #end(): void {
    this.#isHeldUp = false;
    this.#memory.removeReader(this);
  }
}

const nothing = Buffer.alloc(0);
