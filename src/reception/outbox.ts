import type { Socket } from "node:net";
import { formatReply, type Reply } from "../smtp/reply.ts";

/** Octets of replies that a client may leave unread. */
const maxUnread = 64 * 1024;

/** Replies on their way to the client: pipelined commands are answered in one packet (RFC 2920 §3.2). */
export class Outbox {
  readonly #drained: () => void;
  #socket: Socket;
  #text = "";
  #isBlocked = false;

  /** `drained`: the client reads again. */
  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket;
    this.#drained = drained;
  }

  /** A client that never reads its replies gets no more of them until it does. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether the kernel has all that was flushed. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#socket.writableLength === 0;
  }

  /** From now on replies go there: inside TLS. */
  moveTo(socket: Socket): void {
    this.#socket = socket;
  }

  /** Leaves with the next flush. */
  say(reply: Reply): void {
    this.#text += formatReply(reply);
  }

  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#socket.write(text, "latin1");
    if (this.#socket.writableLength <= maxUnread) return;
    this.#isBlocked = true;
    this.#socket.pause();
    this.#socket.once("drain", () => {
      this.#isBlocked = false;
      this.#drained();
    });
  }
}
