import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { printable } from "../events/escape.ts";
import { matchesReplies, type Dialogue, type Turn } from "./dialogue-file.ts";

export type Played =
  | { readonly passed: true }
  /** `line`: of the dialogue's file. */
  | { readonly passed: false; readonly line: number; readonly problem: string; readonly heard: readonly string[] };

/** The host at the other end. */
export interface Peer {
  write(octets: Buffer): void;
  /** The next line without its end; `null` when the host closed, or said nothing for as long as one is patient. */
  nextLine(): Promise<string | null>;
  readonly isClosed: boolean;
  /** Negotiates TLS on the connection, without verifying. */
  handshake(): Promise<void>;
  end(): void;
}

/** A reply of so many lines is no reply. */
const mostLines = 200;

/** Says the client's turns and compares what comes back; stops at the first that differs. */
export async function playDialogue(dialogue: Dialogue, peer: Peer, show: (line: string) => void): Promise<Played> {
  for (const turn of dialogue.turns) {
    const problem = await play(turn, peer, show);
    if (problem !== null) return { passed: false, line: turn.line, ...problem };
  }
  return { passed: true };
}

type Problem = { readonly problem: string; readonly heard: readonly string[] };

async function play(turn: Turn, peer: Peer, show: (line: string) => void): Promise<Problem | null> {
  switch (turn.turn) {
    case "client":
      for (const line of turn.octets.toString("latin1").split(/(?<=\n)/)) show(`C: ${printable(line.trimEnd())}`);
      peer.write(turn.octets);
      return null;
    case "server":
      return hear(turn.patterns, peer, show);
    case "handshake":
      show("---- handshake");
      return peer.handshake().then(
        () => null,
        (error: Error) => ({ problem: `the handshake failed: ${error.message}`, heard: [] }),
      );
    case "closed": {
      const line = await peer.nextLine();
      if (line === null && peer.isClosed) return null;
      return { problem: "the host was expected to close the connection", heard: line === null ? [] : [line] };
    }
    default:
      return turn satisfies never;
  }
}

async function hear(patterns: readonly string[], peer: Peer, show: (line: string) => void): Promise<Problem | null> {
  const heard: string[] = [];
  const wanted = patterns.filter((pattern) => pattern === "..." || /^\d{3}(?: |\.\.\.|$)/.test(pattern)).length;
  let replies = 0;
  while (heard.length < mostLines) {
    const line = await peer.nextLine();
    if (line === null) {
      const how = peer.isClosed ? "the host closed the connection" : "the host says no more";
      return { problem: `${how}; expected: ${patterns.join(" / ")}`, heard };
    }
    show(`S: ${printable(line)}`);
    heard.push(line);
    if (!/^\d{3}(?: |$)/.test(line)) continue;
    if (matchesReplies(patterns, heard)) return null;
    if (++replies >= wanted) break;
  }
  return { problem: `expected: ${patterns.join(" / ")}; heard: ${heard.join(" / ")}`, heard };
}

export type PeerOptions = {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly patienceMs: number;
};

/** Lines longer than this are cut: a host that never ends its line must not fill the memory. */
const longestLine = 65_536;

/** Rejects when the host cannot be reached. */
export async function openPeer({ host, port, isTls, patienceMs }: PeerOptions): Promise<Peer> {
  // Unverified on purpose: this looks at what a host says, and sends it nothing but the dialogue.
  const socket = isTls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
  const lines = new Lines(socket, patienceMs);
  await lines.opened(isTls ? "secureConnect" : "connect");
  return lines;
}

class Lines implements Peer {
  #socket: Socket;
  readonly #patienceMs: number;
  readonly #lines: string[] = [];
  #rest = "";
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(octets: Buffer): void {
    if (this.#socket.writable) this.#socket.write(octets);
  }

  end(): void {
    this.#socket.destroy();
  }

  async nextLine(): Promise<string | null> {
    const until = performance.now() + this.#patienceMs;
    while (this.#lines.length === 0 && !this.#isClosed) {
      const left = until - performance.now();
      if (left <= 0) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
    return this.#lines.shift() ?? null;
  }

  async handshake(): Promise<void> {
    const clear = this.#socket;
    clear.removeAllListeners("data");
    // What was said in clear behind the reply to STARTTLS is not said inside.
    this.#lines.length = 0;
    this.#rest = "";
    this.#socket = connectTls({ socket: clear, rejectUnauthorized: false });
    this.#listen();
    await this.opened("secureConnect");
  }

  opened(event: "connect" | "secureConnect"): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      reject(new Error("no answer in time"));
      this.#socket.destroy();
    }, this.#patienceMs);
    this.#socket.once("error", reject);
    this.#socket.once(event, resolve);
    return promise.finally(() => clearTimeout(timer));
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk.toString("latin1")));
    for (const event of ["end", "error", "close"]) {
      this.#socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, longestLine);
    // Octets of UTF-8 come together again only when the line is whole.
    for (const line of lines) this.#lines.push(Buffer.from(line.replace(/\r$/, ""), "latin1").toString("utf8"));
    this.#wake();
  }
}
