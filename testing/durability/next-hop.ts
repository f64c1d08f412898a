import { createServer, type AddressInfo, type Socket } from "node:net";
import { onLines } from "./lines.ts";
import { recognised } from "./numbered-message.ts";

/** Moments of a delivery as the next hop sees them: the content begins, has come and is not answered yet, is answered. */
export type Moment = "content" | "dot" | "answered";

/** A next hop that outlives the server under test and remembers what it took. */
export interface NextHop {
  readonly port: number;
  /** How often each far recipient was taken, as the next hop answered it. */
  readonly taken: ReadonlyMap<string, number>;
  /** When each was taken first, in seconds since 1970. */
  readonly takenAt: ReadonlyMap<string, number>;
  /** What came otherwise than it was sent. */
  readonly changed: readonly string[];
  /** Resolves when each was named in a RCPT from now on. */
  awaitAsked(recipients: readonly string[]): Promise<void>;
  /** Called at each moment until it is replaced. */
  atMoment: (moment: Moment) => void;
  close(): Promise<void>;
}

type Remembered = {
  readonly taken: Map<string, number>;
  readonly takenAt: Map<string, number>;
  readonly deferred: Set<string>;
  readonly changed: string[];
  /** Who is waited for, and who waits. */
  readonly awaited: Set<string>;
  allAsked: () => void;
};

/** `gone.…@` is refused, `later.…@` put off at its first attempt, everyone else taken. */
export async function openNextHop(): Promise<NextHop> {
  const remembered: Remembered = {
    taken: new Map(),
    takenAt: new Map(),
    deferred: new Set(),
    changed: [],
    awaited: new Set(),
    allAsked() {},
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const session = new Session(socket, remembered, (moment) => hop.atMoment(moment));
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    session.run();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hop: NextHop = {
    ...remembered,
    port: (server.address() as AddressInfo).port,
    awaitAsked(recipients) {
      for (const recipient of recipients) remembered.awaited.add(recipient);
      return new Promise<void>((resolve) => {
        remembered.allAsked = resolve;
        if (remembered.awaited.size === 0) resolve();
      });
    },
    atMoment: () => {},
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return hop;
}

class Session {
  #recipients: string[] = [];
  readonly #socket: Socket;
  readonly #remembered: Remembered;
  readonly #atMoment: (moment: Moment) => void;
  #content: string[] | null = null;

  constructor(socket: Socket, remembered: Remembered, atMoment: (moment: Moment) => void) {
    this.#socket = socket;
    this.#remembered = remembered;
    this.#atMoment = atMoment;
  }

  run(): void {
    this.#say("220 next.hop.test ESMTP");
    onLines(this.#socket, (line) => (this.#content === null ? this.#command(line) : this.#line(this.#content, line)));
  }

  #say(reply: string): void {
    if (this.#socket.writable) this.#socket.write(`${reply}\r\n`);
  }

  #command(line: string): void {
    switch (line.slice(0, 4).toUpperCase()) {
      case "EHLO":
        return this.#say("250-next.hop.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES");
      case "MAIL":
      case "RSET":
        this.#recipients = [];
        return this.#say("250 2.0.0 Ok");
      case "RCPT":
        return this.#rcpt(/<(.*)>/.exec(line)?.[1] ?? "");
      case "DATA":
        if (this.#recipients.length === 0) return this.#say("554 5.5.1 No valid recipients");
        this.#content = [];
        this.#say("354 Go ahead");
        return this.#atMoment("content");
      case "QUIT":
        this.#say("221 2.0.0 Bye");
        return void this.#socket.end();
      default:
        return this.#say("500 5.5.1 What?");
    }
  }

  #rcpt(recipient: string): void {
    const { deferred, awaited } = this.#remembered;
    if (awaited.delete(recipient) && awaited.size === 0) this.#remembered.allAsked();
    if (recipient.startsWith("gone.")) return this.#say("550 5.1.1 Nobody of that name");
    if (recipient.startsWith("later.") && !deferred.has(recipient)) {
      deferred.add(recipient);
      return this.#say("450 4.2.0 Come back");
    }
    this.#recipients.push(recipient);
    this.#say("250 2.1.5 Ok");
  }

  #line(content: string[], line: string): void {
    if (line !== ".") return void content.push(line.startsWith(".") ? line.slice(1) : line);
    this.#content = null;
    this.#atMoment("dot");
    this.#take(Buffer.from(`${content.join("\r\n")}\r\n`, "latin1"));
    this.#recipients = [];
    this.#say("250 2.0.0 Taken");
    this.#atMoment("answered");
  }

  #take(content: Buffer): void {
    const { taken, takenAt, changed } = this.#remembered;
    const found = recognised(content);
    for (const recipient of this.#recipients) {
      if (found === null || !found.isWhole || !recipient.includes(`.${found.number}@`)) {
        changed.push(`${recipient} was sent ${content.length} octets: ${content.toString("latin1", 0, 300)}`);
      }
      taken.set(recipient, (taken.get(recipient) ?? 0) + 1);
      if (!takenAt.has(recipient)) takenAt.set(recipient, (performance.timeOrigin + performance.now()) / 1000);
    }
  }
}
