import { formatIp } from "../address/ip.ts";
import type { Emit } from "../events/emit.ts";
import type { Dial } from "../net/dial.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { Clock } from "../time/clock.ts";
import { type Client, type ClientLimits, HostUnusable, openClient } from "./client.ts";
import { Lately } from "./lately.ts";
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
/** An address that did not answer comes behind the others for so long. */
const silentForMs = 10 * 60_000;
/** A host that took a password by PLAIN and not in SCRAM is asked in SCRAM again after so long. */
const scramRefusedForMs = 24 * 60 * 60_000;

/** Opens connections to the hosts of a target, and remembers which of them fail at encryption, or do not answer. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #inClear: Lately;
  readonly #silent: Lately;
  readonly #scramRefused: Lately;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#inClear = new Lately(options.clock, clearForMs);
    this.#silent = new Lately(options.clock, silentForMs);
    this.#scramRefused = new Lately(options.clock, scramRefusedForMs);
  }

  /**
   * The first host that can be spoken to, in the order of the target (RFC 5321 §5.1); else what the last one said. Those that did
   * not answer lately come last (§4.5.4.1: a list of hosts that cannot be reached), so that no connection waits for them again
   * while another host is there.
   */
  async openAny(target: Target, limits: ClientLimits): Promise<Client | { readonly failed: RecipientOutcome | null }> {
    let failed: RecipientOutcome | null = null;
    for (const host of this.#answeringFirst(target.hosts)) {
      const opened = await this.#open(host, target, limits);
      if ("peer" in opened) return opened;
      failed = opened.failed;
    }
    return { failed };
  }

  #answeringFirst(hosts: readonly TargetHost[]): readonly TargetHost[] {
    const silent = hosts.filter((host) => this.#silent.has(whereOf(host)));
    return silent.length === 0 ? hosts : [...hosts.filter((host) => !silent.includes(host)), ...silent];
  }

  async #open(
    host: TargetHost,
    target: Target,
    limits: ClientLimits,
  ): Promise<Client | { readonly failed: RecipientOutcome }> {
    const { hello, clock, dial, emit } = this.#options;
    const key = `${host.name}:${host.port}`;
    const scramRefused = this.#scramRefused;
    const withoutTls = this.#inClear.has(key);
    try {
      const client = await openClient(host, { target, limits, hello, withoutTls, scramRefused, clock, dial });
      this.#silent.forget(whereOf(host));
      return client;
    } catch (error) {
      if (!(error instanceof HostUnusable)) throw error;
      if (error.because === "silence") this.#silent.note(whereOf(host));
      if (error.because !== "encryption" || target.tls !== "opportunistic" || withoutTls)
        return { failed: error.outcome };
      // RFC 7435: encryption where possible; a host that fails at it is still better reached in clear than not (O-30).
      const until = this.#inClear.note(key);
      emit({ name: "spoken-to-in-clear", host: key, reason: error.outcome.said, until });
      return this.#open(host, target, limits);
    }
  }
}

function whereOf({ ip, port }: TargetHost): string {
  return `${formatIp(ip)} ${port}`;
}
