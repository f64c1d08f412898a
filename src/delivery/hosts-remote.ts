import type { RecipientOutcome } from "../queue/entry.ts";
import { type Client, type ClientLimits, HostUnusable, openClient, transact } from "./client.ts";
import type { Outgoing, Remote, SendResult, Target, TargetHost } from "./target.ts";

export type RemoteOptions = {
  /** What we call ourselves in EHLO. */
  readonly hello: string;
  readonly limits: ClientLimits;
  readonly messagesPerConnection: number;
  /** How long a connection is kept for a further message. */
  readonly idleMs: number;
  readonly now: () => number;
};

type Kept = { readonly client: Client; readonly carried: number; readonly since: number };

/** A host whose encryption failed is spoken to in clear for so long, where the route allows that. */
const plainForMs = 10 * 60_000;
const mostRemembered = 10_000;

/** Sends over kept or new connections, host after host (RFC 5321 §5.1). */
export class HostsRemote implements Remote {
  readonly #options: RemoteOptions;
  readonly #kept = new Map<string, Kept[]>();
  readonly #plainUntil = new Map<string, number>();
  #underWay = 0;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  async send(target: Target, message: Outgoing): Promise<SendResult> {
    this.#underWay++;
    try {
      return await this.#send(target, message);
    } finally {
      this.#underWay--;
    }
  }

  async close(graceMs: number): Promise<void> {
    const until = this.#options.now() + graceMs;
    while (this.#underWay > 0 && this.#options.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    for (const connections of this.#kept.values()) for (const { client } of connections) quit(client);
    this.#kept.clear();
  }

  async #send(target: Target, message: Outgoing): Promise<SendResult> {
    for (let kept = this.#take(target.key); kept !== null; kept = this.#take(target.key)) {
      const result = await this.#transact(target, message, kept);
      // A connection that the host closed while it was idle says nothing about the message.
      if (!isLostBefore(result)) return result;
    }
    let last: RecipientOutcome | null = null;
    for (const host of target.hosts) {
      const opened = await this.#open(target, host);
      if ("client" in opened)
        return this.#transact(target, message, { client: opened.client, carried: 0, since: this.#options.now() });
      last = opened.failed;
    }
    const outcome: RecipientOutcome = last ?? {
      result: "transient",
      code: null,
      status: "4.4.4",
      said: "there is no host to try",
      host: null,
    };
    // A refused greeting is no word about the recipients: the next attempt may meet another host or mood (O-29 c).
    return { outcomes: message.recipients.map(() => ({ ...outcome, result: "transient" })), isDown: true };
  }

  async #open(
    target: Target,
    host: TargetHost,
  ): Promise<{ readonly client: Client } | { readonly failed: RecipientOutcome }> {
    const { limits, hello, now } = this.#options;
    const key = `${host.name} ${host.port}`;
    const isPlain = (this.#plainUntil.get(key) ?? 0) > now();
    try {
      return { client: await openClient(host, { target, limits, hello, withoutTls: isPlain }) };
    } catch (error) {
      if (!(error instanceof HostUnusable)) throw error;
      if (!error.isTls || target.tls !== "opportunistic" || isPlain) return { failed: error.outcome };
      // RFC 7435: encryption where possible; a host that fails at it is still better reached in clear than not.
      if (this.#plainUntil.size >= mostRemembered) this.#plainUntil.clear();
      this.#plainUntil.set(key, now() + plainForMs);
      return this.#open(target, host);
    }
  }

  async #transact(target: Target, message: Outgoing, { client, carried }: Kept): Promise<SendResult> {
    const { outcomes, isDown, isUsable } = await transact(client, message, this.#options.limits);
    if (isUsable && carried + 1 < this.#options.messagesPerConnection) {
      this.#keep(target.key, { client, carried: carried + 1, since: this.#options.now() });
    } else if (isUsable) quit(client);
    else client.peer.close();
    return { outcomes, isDown };
  }

  #take(key: string): Kept | null {
    const connections = this.#kept.get(key);
    for (let kept = connections?.pop(); kept !== undefined; kept = connections?.pop()) {
      if (connections?.length === 0) this.#kept.delete(key);
      if (!kept.client.peer.isLost && this.#options.now() - kept.since < this.#options.idleMs) return kept;
      quit(kept.client);
    }
    return null;
  }

  #keep(key: string, kept: Kept): void {
    const connections = this.#kept.get(key);
    if (connections === undefined) this.#kept.set(key, [kept]);
    else connections.push(kept);
    this.#sweeper ??= setTimeout(() => this.#sweep(), this.#options.idleMs).unref();
  }

  /** Quits connections that nobody used for a while. One timer for all of them, and none while none is kept. */
  #sweep(): void {
    this.#sweeper = null;
    const { now, idleMs } = this.#options;
    for (const [key, connections] of this.#kept) {
      const fresh = connections.filter((kept) => {
        const isFresh = !kept.client.peer.isLost && now() - kept.since < idleMs;
        if (!isFresh) quit(kept.client);
        return isFresh;
      });
      if (fresh.length === 0) this.#kept.delete(key);
      else this.#kept.set(key, fresh);
    }
    if (this.#kept.size > 0) this.#sweeper = setTimeout(() => this.#sweep(), idleMs).unref();
  }
}

function isLostBefore({ outcomes }: SendResult): boolean {
  return outcomes.every(({ status, code, said }) => status === "4.4.2" && code === null && !said.includes("duplicate"));
}

function quit({ peer }: Client): void {
  peer.write("QUIT\r\n");
  peer.close();
}
