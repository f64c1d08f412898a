import { isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { formatIp } from "../address/ip.ts";
import { dial } from "../net/dial.ts";
import { ClientReplyDecoder, type DecodedReply, type PeerReply } from "../smtp/client-reply-decoder.ts";
import { DotStuffer } from "../smtp/dot-stuffing.ts";
import type { ContentSource } from "../queue/entry.ts";
import type { TargetHost } from "./target.ts";

/** The connection failed, or what came is no SMTP: nothing more can be said on it. */
export class PeerLost extends Error {
  override readonly name = "PeerLost";
}

type Waiter = { readonly resolve: (reply: PeerReply) => void; readonly reject: (error: PeerLost) => void };

/** One connection to a host: lines out, replies in, each with its time. The dialogue itself is in `client.ts`. */
export class Peer {
  readonly host: TargetHost;
  #socket: Socket;
  #decoder = new ClientReplyDecoder();
  #replies: PeerReply[] = [];
  #waiters: Waiter[] = [];
  #lost: PeerLost | null = null;
  #timer: NodeJS.Timeout | null = null;

  private constructor(host: TargetHost, socket: Socket) {
    this.host = host;
    this.#socket = socket;
    this.#listen(socket);
  }

  static async open(host: TargetHost, timeoutMs: number): Promise<Peer> {
    try {
      return new Peer(host, await dial({ ip: host.ip, port: host.port, timeoutMs }));
    } catch (error) {
      throw new PeerLost(error instanceof Error ? error.message : String(error));
    }
  }

  /** "mx.example.net [192.0.2.7]:25". */
  get name(): string {
    return `${this.host.name} [${formatIp(this.host.ip)}]:${this.host.port}`;
  }

  get isLost(): boolean {
    return this.#lost !== null;
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
      this.#waiters.push({ resolve, reject });
      // One timer a connection, put off by each reply: none is made for a reply that comes at once.
      this.#timer ??= setTimeout(() => this.#lose(`no reply within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
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
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new PeerLost("the TLS handshake took too long")), options.timeoutMs);
      secure.once("secureConnect", resolve);
      secure.once("error", (error) => reject(new PeerLost(`TLS: ${error.message}`)));
      secure.once("close", () => reject(new PeerLost("TLS: the connection was closed")));
      secure.once("secureConnect", () => clearTimeout(timer));
    });
    this.#listen(secure);
    const flaw = flawOf(secure, options);
    if (flaw !== null) throw new PeerLost(`TLS: ${flaw}`);
  }

  close(): void {
    this.#lose("closed by us");
    this.#socket.destroySoon();
  }

  #listen(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      for (const reply of this.#decoder.push(chunk)) this.#take(reply);
    });
    socket.on("error", (error) => this.#lose(error.message));
    socket.on("close", () => this.#lose("the connection was closed"));
    socket.on("end", () => this.#lose("the connection was closed"));
  }

  #take(reply: DecodedReply): void {
    if (reply === null) return this.#lose("what the host said is no SMTP reply");
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      // 421 may come at any time (RFC 5321 §3.8); other words that nobody asked for are bounded by the pool's next look.
      if (this.#replies.length > 1_000) this.#lose("replies to nothing");
      else this.#replies.push(reply);
      return;
    }
    if (this.#timer !== null) {
      if (this.#waiters.length > 0) this.#timer.refresh();
      else {
        clearTimeout(this.#timer);
        this.#timer = null;
      }
    }
    waiter.resolve(reply);
  }

  #drained(timeoutMs: number): Promise<void> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lose("the message was not taken in time"), timeoutMs);
      const done = () => {
        clearTimeout(timer);
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
    if (this.#lost !== null) return;
    this.#lost = new PeerLost(why);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#lost);
    this.#socket.destroySoon();
  }
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
