import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, TLSSocket } from "node:tls";
import { formatIp } from "../address/ip.ts";
import type { Dial } from "../net/dial.ts";
import { ClientReplyDecoder, type DecodedReply, type PeerReply } from "../smtp/client-reply-decoder.ts";
import { DotStuffer } from "../smtp/dot-stuffing.ts";
import type { ContentSource } from "../queue/entry.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { TargetHost } from "./target.ts";

/** The connection failed, or what came is no SMTP: nothing more can be said on it. */
export class PeerLost extends Error {
  override readonly name = "PeerLost";
}

type Waiter = { readonly resolve: (reply: PeerReply) => void; readonly reject: (error: PeerLost) => void };

/** One connection to a host: lines out, replies in, each with its time. The dialogue itself is in `client.ts`. */
export class Peer {
  readonly host: TargetHost;
  #socket: Duplex;
  #decoder = new ClientReplyDecoder();
  #replies: PeerReply[] = [];
  /** One at most: a dialogue waits for one reply after the other. */
  #waiter: Waiter | null = null;
  #lost: PeerLost | null = null;
  #timer: Timer | null = null;
  readonly #clock: Clock;

  private constructor(host: TargetHost, socket: Duplex, clock: Clock) {
    this.host = host;
    this.#clock = clock;
    this.#socket = socket;
    this.#listen(socket);
  }

  static async open(
    host: TargetHost,
    { timeoutMs, clock, dial }: { readonly timeoutMs: number; readonly clock: Clock; readonly dial: Dial },
  ): Promise<Peer> {
    try {
      return new Peer(host, await dial({ ip: host.ip, port: host.port, timeoutMs }), clock);
    } catch (error) {
      throw new PeerLost(error instanceof Error ? error.message : String(error));
    }
  }

  /** "mx.example.net [192.0.2.7]:25". */
  get name(): string {
    return nameOf(this.host);
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** What the host said and nobody has asked for: 421 before it closes (RFC 5321 §3.8). */
  get unread(): PeerReply | null {
    return this.#replies[0] ?? null;
  }

  /** What SCRAM binds to (RFC 9266): keying material that only the two ends of this connection have; `null`: none can be had. */
  get channelBinding(): Buffer | null {
    return this.#socket instanceof TLSSocket ? exportedBy(this.#socket) : null;
  }

  write(text: string): void {
    if (this.#lost === null) this.#socket.write(text, "utf8");
  }

  /** The next reply. Rejects with `PeerLost` when it does not come in time: the connection is of no use then. */
  reply(timeoutMs: number): Promise<PeerReply> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#lost !== null) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      // None is made for a reply that is there already.
      this.#timer = this.#clock.after(timeoutMs, () => this.#lose(`no reply within ${Math.round(timeoutMs / 1000)} s`));
    });
  }

  /** Sends a content with its final dot, no faster than the peer takes it. */
  async sendContent(content: ContentSource, blockTimeoutMs: number): Promise<void> {
    const stuffer = new DotStuffer();
    if (content.bytes !== null) {
      this.#socket.cork();
      for (const piece of [...stuffer.push(content.bytes), ...stuffer.finish()]) this.#socket.write(piece);
      this.#socket.uncork();
      return;
    }
    for await (const chunk of content.stream()) {
      for (const piece of stuffer.push(chunk)) if (!this.#socket.write(piece)) await this.#drained(blockTimeoutMs);
      if (this.#lost !== null) throw this.#lost;
    }
    for (const piece of stuffer.finish()) this.#socket.write(piece);
  }

  /** The handshake after 220. Nothing that was read in clear is used afterwards (CVE-2011-0411 on the client's side). */
  async startTls(options: {
    readonly verifies: boolean;
    readonly fingerprint: string | null;
    readonly timeoutMs: number;
  }): Promise<void> {
    const raw = this.#socket;
    raw.removeAllListeners();
    this.#decoder = new ClientReplyDecoder();
    this.#replies = [];
    const secure = connectTls({
      socket: raw,
      // RFC 6066 §3: an address is no server name.
      servername: isIP(this.host.name) === 0 ? this.host.name : "",
      rejectUnauthorized: false,
    });
    this.#socket = secure;
    await this.#handshake(secure, options.timeoutMs);
    this.#listen(secure);
    const flaw = flawOf(secure, options);
    if (flaw !== null) throw new PeerLost(`TLS: ${flaw}`);
  }

  /** Says good-bye without waiting for an answer: nothing is under way. */
  quit(): void {
    const socket = this.#socket;
    if (this.#lost !== null) return;
    this.#giveUp("closed by us");
    socket.end("QUIT\r\n", () => socket.destroy());
  }

  /** In the middle of whatever it is. */
  close(): void {
    this.#lose("closed by us");
  }

  async #handshake(secure: TLSSocket, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) => reject(new PeerLost(`TLS: ${why}`));
    const timer = this.#clock.after(timeoutMs, () => fail("the handshake took too long"));
    secure.once("secureConnect", resolve);
    // Also for those that come after the first: an error that nobody hears ends the process.
    secure.on("error", (error) => fail(error.message));
    secure.once("close", () => fail("the connection was closed"));
    await promise.finally(() => timer.cancel());
  }

  #listen(socket: Duplex): void {
    socket.on("data", (chunk: Buffer) => {
      for (const reply of this.#decoder.push(chunk)) this.#take(reply);
    });
    socket.on("error", (error) => this.#lose(error.message));
    socket.on("close", () => this.#lose("the connection was closed"));
    socket.on("end", () => this.#lose("the connection was closed"));
  }

  #take(reply: DecodedReply): void {
    if (reply === null) return this.#lose("what the host said is no SMTP reply");
    const waiter = this.#waiter;
    this.#waiter = null;
    if (waiter === null) {
      // 421 may come at any time (RFC 5321 §3.8); other words that nobody asked for are bounded by the pool's next look.
      if (this.#replies.length > 1_000) this.#lose("replies to nothing");
      else this.#replies.push(reply);
      return;
    }
    this.#timer?.cancel();
    waiter.resolve(reply);
  }

  #drained(timeoutMs: number): Promise<void> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => this.#lose("the message was not taken in time"));
      const done = () => {
        timer.cancel();
        this.#socket.removeListener("drain", done);
        this.#socket.removeListener("close", done);
        if (this.#lost === null) resolve();
        else reject(this.#lost);
      };
      this.#socket.once("drain", done);
      this.#socket.once("close", done);
    });
  }

  #lose(why: string): void {
    this.#giveUp(why);
    this.#socket.destroy();
  }

  /** Nobody gets a reply any more. */
  #giveUp(why: string): void {
    if (this.#lost !== null) return;
    this.#lost = new PeerLost(why);
    this.#timer?.cancel();
    this.#waiter?.reject(this.#lost);
    this.#waiter = null;
  }
}

/** "mx.example.net [192.0.2.7]:25". */
export function nameOf({ name, ip, port }: TargetHost): string {
  return `${name} [${formatIp(ip)}]:${port}`;
}

function exportedBy(socket: TLSSocket): Buffer | null {
  // Before TLS 1.3 what is exported need not be unique to the connection (RFC 9266 §3).
  if (socket.getProtocol() !== "TLSv1.3") return null;
  return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}

function flawOf(
  socket: TLSSocket,
  { verifies, fingerprint }: { readonly verifies: boolean; readonly fingerprint: string | null },
): string | null {
  if (fingerprint !== null) {
    const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase();
    return shown === fingerprint ? null : "the certificate is not the one that the route pins";
  }
  if (!verifies || socket.authorized) return null;
  return `the certificate is not trusted: ${String(socket.authorizationError)}`;
}
