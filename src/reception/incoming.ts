import { ContentDecoder, type ContentLimits } from "../smtp/content-decoder.ts";
import type { Reply } from "../smtp/reply.ts";
import { type Agreed, Intake, type IntakeContext } from "./intake.ts";

/** The content of one transaction from 354 to its reply: what comes from the socket is decoded and handed to the intake. */
export class Incoming {
  readonly #decoder: ContentDecoder;
  readonly #intake: Intake;

  constructor(context: IntakeContext, agreed: Agreed, limits: ContentLimits) {
    this.#decoder = new ContentDecoder(limits);
    this.#intake = new Intake(context, agreed);
  }

  /** What came behind the final dot, empty when nothing did; null: the content goes on. */
  push(chunk: Buffer): Buffer | null {
    const { pieces, ended, rest } = this.#decoder.push(chunk);
    for (const piece of pieces) this.#intake.write(piece);
    return ended ? (rest ?? nothing) : null;
  }

  /** The socket has to wait until `drained`. */
  get isFull(): boolean {
    return this.#intake.isFull;
  }

  drained(): Promise<void> {
    return this.#intake.drained();
  }

  /** After the final dot: the reply, with 250 only once the message is on stable storage. */
  finish(): Promise<Reply> {
    return this.#intake.finish(this.#decoder);
  }

  /** The client is gone while the message is stored. */
  abandon(): void {
    this.#intake.abandon();
  }

  /** The session ended before the dot. */
  discard(): void {
    this.#intake.discard();
  }
}

const nothing = Buffer.alloc(0);
