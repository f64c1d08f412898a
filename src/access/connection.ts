import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { AccessKind } from "../config/schema.ts";
import type { SessionEnd } from "../events/catalogue.ts";
import type { Emit } from "../events/emit.ts";
import type { Chunk } from "../imap/response.ts";
import type { Visit as AnyVisit } from "../net/visit.ts";
import type { Certificates } from "../tls/certificates.ts";
import { Outbox } from "./outbox.ts";

export type Visit = AnyVisit<AccessKind>;

/** What all connections of a listener share. */
export type ConnectionContext = {
  readonly certificates: Certificates;
  readonly handshakeMs: number;
  readonly now: () => number;
  readonly emit: Emit;
  /** The connection with this visit is over, its socket closed. */
  readonly closed: (visit: Visit) => void;
};

/** The session that talks over a connection. All of it is called by the connection, never within a call of its own. */
export interface Speaker {
  receive(octets: Buffer): void;
  /** The client closed its side; what it sent is still to be answered. */
  clientFinished(): void;
  /** The TLS handshake is done: the first thing with implicit TLS, or after `startTls`. */
  secured(): void;
  /** The deadline is over. */
  timedOut(): void;
  /** The client reads again, after too much was left unread. */
  drained(): void;
  /** Once, however the connection came to its end: what the session holds is free now. */
  over(reason: SessionEnd): void;
}

/** How long a client has to close its side and to read our last words. */
const lingerMs = 10_000;
/** A peer that is gone without a word is noticed after this and ten seconds more, whatever the protocol's own timeout is. */
const aliveEveryMs = 60_000;

/**
 * The socket of one session that reads mail: the TLS upgrade, back-pressure, the deadline and the end. It knows no protocol; POP3 and IMAP
 * talk over it.
 */
export class Connection {
  readonly visit: Visit;
  /** Milliseconds since 1970. */
  deadline = 0;
  readonly #context: ConnectionContext;
  readonly #speaker: Speaker;
  readonly #out: Outbox;
  #socket: Socket;
  #state: "open" | "handshake" | "over" = "open";
  #isHeld = false;

  constructor(context: ConnectionContext, at: { readonly socket: Socket; readonly visit: Visit }, speaker: Speaker) {
    this.#context = context;
    this.#socket = at.socket;
    this.visit = at.visit;
    this.#speaker = speaker;
    at.socket.setKeepAlive(true, aliveEveryMs);
    this.#out = new Outbox(at.socket, () => this.#drained());
    this.#listen(at.socket);
  }

  /** For a login's channel binding. */
  get socket(): Socket {
    return this.#socket;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  get isInHandshake(): boolean {
    return this.#state === "handshake";
  }

  /** The client leaves too much unread: say no more until `drained`, or await `send`. */
  get isBlocked(): boolean {
    return this.#out.isBlocked;
  }

  /** Sets the deadline. */
  wait(ms: number): void {
    this.deadline = this.#context.now() + ms;
  }

  /** Leaves with the next flush. */
  say(text: string): void {
    this.#out.say(text);
  }

  /** Few octets leave with the next flush. They must not change any more. */
  sendOctets(octets: Uint8Array): void {
    this.#out.sendOctets(octets);
  }

  /** Null: go on. Else it resolves when the client has read enough, or when the connection is over. */
  send(chunk: Chunk): Promise<void> | null {
    if (typeof chunk === "string") this.#out.say(chunk);
    else if (chunk instanceof Uint8Array) this.#out.sendOctets(chunk);
    else if (chunk.content.bytes !== null) this.#out.sendOctets(chunk.content.bytes.subarray(chunk.from, chunk.to));
    else return this.#stream(chunk);
    return this.#out.isBlocked ? this.#out.room() : null;
  }

  flush(): void {
    this.#out.flush();
  }

  room(): Promise<void> {
    return this.#out.room();
  }

  /** Reads no more from the socket until `release`: too much is there that cannot be worked on yet. */
  hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#readOn();
  }

  /** What the client sent behind the command in clear is the caller's to forget: it is never read as if it had come inside TLS. */
  startTls(): void {
    this.#out.flush();
    const raw = this.#socket;
    raw.removeAllListeners();
    this.#state = "handshake";
    this.wait(this.#context.handshakeMs);
    const secure = new TLSSocket(raw, { isServer: true, secureContext: this.#context.certificates.current() });
    this.#socket = secure;
    this.#out.moveTo(secure);
    this.#listen(secure);
    secure.once("secure", () => {
      if (this.#state !== "handshake") return;
      this.#state = "open";
      this.visit.tls = { protocol: secure.getProtocol() ?? "TLS", cipher: secure.getCipher().name };
      this.#speaker.secured();
    });
  }

  /** `lastWords` where a client may still read them. Nothing that it sends is looked at any more. */
  end(reason: SessionEnd, lastWords = ""): void {
    if (this.#state === "over") return;
    if (this.#state === "open") {
      this.#out.say(lastWords);
      this.#out.flush();
    }
    // After its farewell a client sends no more: once the kernel has ours, nothing is left to wait for.
    const hasSaidAll = reason === "quit" && this.visit.tls === null && this.#out.isEmpty;
    if (this.#state === "handshake" || hasSaidAll) this.#socket.destroy();
    else this.#socket.end();
    this.#over(reason);
    // What it sends is read and forgotten, so that it can read ours to the end.
    this.#socket.resume();
  }

  destroy(reason: SessionEnd): void {
    this.#over(reason);
    this.#socket.destroy();
  }

  /** We are wrong: this session ends, the others go on. */
  fault(error: unknown, lastWords: string): void {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.emit({ name: "trouble", doing: `session ${this.visit.session}`, problem });
    this.end("broken", lastWords);
  }

  /** The listener's sweep found the deadline over. */
  expire(): void {
    if (this.#state === "over") this.#socket.destroy();
    else if (this.#state === "handshake") this.end("timeout");
    else this.#speaker.timedOut();
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", this.#onError);
  }

  readonly #onData = (octets: Buffer): void => {
    if (this.#state === "open") this.#speaker.receive(octets);
  };

  readonly #onEnd = (): void => {
    if (this.#state === "open") this.#speaker.clientFinished();
    else this.#socket.end();
  };

  readonly #onClose = (): void => {
    this.#over(this.#state === "handshake" ? "tls failed" : "closed by client");
    this.#context.closed(this.visit);
  };

  readonly #onError = (error: Error): void => {
    if (this.#state === "handshake") {
      const { session, clientText } = this.visit;
      this.#context.emit({ name: "tls-failed", session, client: clientText, reason: error.message });
    }
    this.#over(this.#state === "handshake" ? "tls failed" : "broken");
    this.#socket.destroy();
  };

  #drained(): void {
    if (this.#state === "over") return;
    this.#speaker.drained();
    this.#readOn();
  }

  #readOn(): void {
    if (this.#state === "open" && !this.#isHeld && !this.#out.isBlocked) this.#socket.resume();
  }

  async #stream(chunk: Exclude<Chunk, string | Uint8Array>): Promise<void> {
    const { content, from, to } = chunk;
    for await (const octets of content.stream({ from, to })) {
      if (this.isOver) return;
      this.#out.sendOctets(octets);
      if (this.#out.isBlocked) await this.#out.room();
    }
  }

  #over(reason: SessionEnd): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.deadline = this.#context.now() + lingerMs;
    this.#out.close();
    this.#speaker.over(reason);
    const { session, listener, clientText } = this.visit;
    this.#context.emit({ name: "session-closed", session, listener: listener.name, client: clientText, reason });
  }
}
