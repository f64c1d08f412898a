import type { RecipientOutcome } from "../queue/entry.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { Client, ClientLimits } from "./client.ts";
import type { Connector } from "./connector.ts";
import { transient } from "./outcome.ts";
import type { Outgoing, Remote, SendResult, Target } from "./target.ts";
import { transact, type TransactionResult } from "./transaction.ts";

export type RemoteOptions = {
  readonly connector: Connector;
  readonly limits: ClientLimits;
  readonly messagesPerConnection: number;
  /** How long a connection is kept for a further message. */
  readonly idleMs: number;
  readonly clock: Clock;
};

type Kept = { readonly client: Client; readonly carried: number; readonly since: number };

/** Sends over kept or new connections, host after host (RFC 5321 §5.1). */
export class HostsRemote implements Remote {
  readonly #options: RemoteOptions;
  readonly #kept = new Map<string, Kept[]>();
  #underWay = 0;
  #whenQuiet: () => void = () => {};
  #sweeper: Timer | null = null;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  async send(target: Target, message: Outgoing): Promise<SendResult> {
    this.#underWay++;
    try {
      return await this.#send(target, message);
    } finally {
      if (--this.#underWay === 0) this.#whenQuiet();
    }
  }

  async close(graceMs: number): Promise<void> {
    if (this.#underWay > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenQuiet = resolve;
      const timer = this.#options.clock.after(graceMs, resolve);
      await promise.finally(() => timer.cancel());
    }
    this.#sweeper?.cancel();
    for (const connections of this.#kept.values()) for (const { client } of connections) client.peer.quit();
    this.#kept.clear();
  }

  async #send(target: Target, message: Outgoing): Promise<SendResult> {
    for (let kept = this.#take(target.key); kept !== null; kept = this.#take(target.key)) {
      const result = await this.#transact(target, message, kept);
      // A connection that the host closed while it was idle says nothing about the message.
      if (!result.isStale) return result;
    }
    const { connector, limits, clock } = this.#options;
    const opened = await connector.openAny(target, limits);
    if ("peer" in opened) return this.#transact(target, message, { client: opened, carried: 0, since: clock.now() });
    const outcome: RecipientOutcome = opened.failed ?? transient(null, "4.4.4", "there is no host to try");
    // A refused greeting is no word about the recipients: the next attempt may meet another host or mood (O-29 c).
    return { outcomes: message.recipients.map(() => ({ ...outcome, result: "transient" })), isDown: true };
  }

  async #transact(target: Target, message: Outgoing, { client, carried }: Kept): Promise<TransactionResult> {
    const { limits, messagesPerConnection, clock } = this.#options;
    const result = await transact(client, message, limits);
    if (!result.isUsable) client.peer.close();
    else if (carried + 1 >= messagesPerConnection) client.peer.quit();
    else this.#keep(target.key, { client, carried: carried + 1, since: clock.now() });
    return result;
  }

  #take(key: string): Kept | null {
    const connections = this.#kept.get(key);
    for (let kept = connections?.pop(); kept !== undefined; kept = connections?.pop()) {
      if (connections?.length === 0) this.#kept.delete(key);
      if (this.#isFresh(kept)) return kept;
      kept.client.peer.quit();
    }
    return null;
  }

  #keep(key: string, kept: Kept): void {
    const connections = this.#kept.get(key);
    if (connections === undefined) this.#kept.set(key, [kept]);
    else connections.push(kept);
    this.#sweeper ??= this.#options.clock.after(this.#options.idleMs, () => this.#sweep());
  }

  /** Nobody said anything on it meanwhile: what a host says unasked is a farewell (RFC 5321 §3.8). */
  #isFresh({ client: { peer }, since }: Kept): boolean {
    const { clock, idleMs } = this.#options;
    return !peer.isLost && peer.unread === null && clock.now() - since < idleMs;
  }

  /** Quits connections that nobody used for a while. One timer for all of them, and none while none is kept. */
  #sweep(): void {
    this.#sweeper = null;
    for (const [key, connections] of this.#kept) {
      const fresh = connections.filter((kept) => this.#isFresh(kept));
      for (const kept of connections) if (!fresh.includes(kept)) kept.client.peer.quit();
      if (fresh.length === 0) this.#kept.delete(key);
      else this.#kept.set(key, fresh);
    }
    const { clock, idleMs } = this.#options;
    if (this.#kept.size > 0) this.#sweeper = clock.after(idleMs, () => this.#sweep());
  }
}
