import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Peer } from "../src/cli/play-dialogue.ts";

/** How the octets of a client turn are cut; `turn` is its index among the client turns. */
export type Cut = (octets: Buffer, turn: number) => readonly Buffer[];

export const whole: Cut = (octets) => [octets];

export type SocketPeerOptions = {
  readonly port: number;
  /** Any address of 127.0.0.0/8, so that a test has clients of several networks, or "::1". */
  readonly from: string;
  readonly isTls: boolean;
  readonly cut: Cut;
};

/** Longer than any reply takes, and short enough for a test that fails. */
const patienceMs = 30_000;

/** The client's end of a dialogue over a real socket, whose octets go out in pieces that the server reads one by one. */
export class SocketPeer implements Peer {
  #socket: Socket;
  readonly #cut: Cut;
  #turn = 0;
  #sent: Promise<void> = Promise.resolve();
  #heard = "";
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket, cut: Cut) {
    this.#socket = socket;
    this.#cut = cut;
    this.#listen();
  }

  static async open({ port, from, isTls, cut }: SocketPeerOptions): Promise<SocketPeer> {
    const host = from.includes(":") ? "::1" : "127.0.0.1";
    const socket = connect({ port, host, localAddress: from, noDelay: true, allowHalfOpen: true });
    const peer = new SocketPeer(socket, cut);
    await peer.#until("connect");
    if (isTls) await peer.handshake();
    return peer;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(octets: Buffer): void {
    const pieces = this.#cut(octets, this.#turn++);
    this.#sent = this.#sent.then(() => this.#write(pieces));
  }

  async nextLine(): Promise<string | null> {
    const end = await this.#patiently(() => this.#heard.indexOf("\r\n"));
    if (end < 0) return null;
    const line = this.#heard.slice(0, end);
    this.#heard = this.#heard.slice(end + 2);
    return line;
  }

  async handshake(): Promise<void> {
    await this.#sent;
    this.#socket.removeAllListeners("data");
    this.#socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    this.#listen();
    await this.#until("secureConnect");
  }

  /** Closes this side and listens to the end: what the server said that nobody asked for. */
  async finish(): Promise<string> {
    await this.#sent;
    if (!this.#isClosed) this.#socket.end();
    await this.#patiently(() => -1);
    if (!this.#isClosed) throw new Error("the server does not close its side");
    this.#socket.destroy();
    return this.#heard;
  }

  end(): void {
    this.#socket.destroy();
  }

  /**
   * Pieces leave when the event loop has just polled, each in a round of its own: in between it polls again, and the server reads
   * the one before.
   */
  async #write(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (pieces.length > 1) await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#socket.writable) this.#socket.write(piece);
    }
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#heard += chunk.toString();
      this.#wake();
    });
    for (const event of ["end", "error", "close"]) {
      this.#socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  /** Waits until `find` finds something in what was heard; -1 when the server closed, or said no more for too long. */
  async #patiently(find: () => number): Promise<number> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.#wake();
    }, patienceMs);
    let found = find();
    while (found < 0 && !this.#isClosed && !isOver) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      found = find();
    }
    clearTimeout(timer);
    return found;
  }

  #until(event: "connect" | "secureConnect"): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.once(event, resolve);
    this.#socket.once("error", reject);
    this.#socket.once("close", () => reject(new Error("closed before it was open")));
    return promise;
  }
}
