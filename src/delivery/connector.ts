import type { Emit } from "../events/emit.ts";
import type { Dial } from "../net/dial.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { Clock } from "../time/clock.ts";
import { type Client, type ClientLimits, HostUnusable, openClient } from "./client.ts";
import type { Target, TargetHost } from "./target.ts";

export type ConnectorOptions = {
  /** What we call ourselves in EHLO. */
  readonly hello: string;
  readonly clock: Clock;
  readonly dial: Dial;
  readonly emit: Emit;
};

/** A host whose encryption failed is spoken to in clear for so long, where the route allows that. */
const clearForMs = 10 * 60_000;
const mostRemembered = 10_000;

/** Opens connections to the hosts of a target, and remembers which of them fail at encryption. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #clearUntil = new Map<string, number>();

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** The first host that can be spoken to, in the order of the target (RFC 5321 §5.1); else what the last one said. */
  async openAny(target: Target, limits: ClientLimits): Promise<Client | { readonly failed: RecipientOutcome | null }> {
    let failed: RecipientOutcome | null = null;
    for (const host of target.hosts) {
      const opened = await this.#open(host, target, limits);
      if ("peer" in opened) return opened;
      failed = opened.failed;
    }
    return { failed };
  }

  async #open(
    host: TargetHost,
    target: Target,
    limits: ClientLimits,
  ): Promise<Client | { readonly failed: RecipientOutcome }> {
    const { hello, clock, dial, emit } = this.#options;
    const key = `${host.name}:${host.port}`;
    const withoutTls = (this.#clearUntil.get(key) ?? 0) > clock.now();
    try {
      return await openClient(host, { target, limits, hello, withoutTls, clock, dial });
    } catch (error) {
      if (!(error instanceof HostUnusable)) throw error;
      if (!error.isTls || target.tls !== "opportunistic" || withoutTls) return { failed: error.outcome };
      // RFC 7435: encryption where possible; a host that fails at it is still better reached in clear than not (O-30).
      if (this.#clearUntil.size >= mostRemembered) this.#clearUntil.clear();
      const until = clock.now() + clearForMs;
      this.#clearUntil.set(key, until);
      emit({ name: "spoken-to-in-clear", host: key, reason: error.outcome.said, until });
      return this.#open(host, target, limits);
    }
  }
}
