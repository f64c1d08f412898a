import type { Clock } from "../time/clock.ts";
import { formatNameServer, type NameServer } from "./name-server.ts";

type State = { readonly failures: number; readonly restsUntil: number };

const firstRestMs = 5_000;
const longestRestMs = 5 * 60_000;

/** Which servers answer. One that did not is asked last for a while that doubles, so that not every question waits for it. */
export class Health {
  readonly #clock: Clock;
  readonly #states = new Map<string, State>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that rest come last, the one whose rest ends first before the others; else in the administrator's order. */
  inOrder(servers: readonly NameServer[]): readonly NameServer[] {
    if (this.#states.size === 0) return servers;
    const now = this.#clock.now();
    const restOf = (server: NameServer) => {
      const until = this.#states.get(formatNameServer(server))?.restsUntil ?? 0;
      // A rest that ends later than any lasts was written before the clock was set back.
      return until <= now || until > now + longestRestMs ? 0 : until;
    };
    return servers.toSorted((a, b) => restOf(a) - restOf(b));
  }

  answered(server: NameServer): void {
    if (this.#states.size > 0) this.#states.delete(formatNameServer(server));
  }

  wasSilent(server: NameServer): void {
    const key = formatNameServer(server);
    const failures = (this.#states.get(key)?.failures ?? 0) + 1;
    const restMs = Math.min(firstRestMs * 2 ** Math.min(failures - 1, 10), longestRestMs);
    this.#states.set(key, { failures, restsUntil: this.#clock.now() + restMs });
  }
}
