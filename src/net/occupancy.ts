import type { Ip } from "../address/address.ts";
import type { Config } from "../config/schema.ts";

/** The boot file's limits that count connections. */
export type Limits = Pick<Config["limits"], "connections" | "connectionsPerAddress" | "connectionsPerNetwork">;

export type Refused = "all" | "address" | "network";

/** Counts open connections in all, per address and per network (/24, /64). */
export class Occupancy {
  readonly #limits: Limits;
  readonly #byAddress = new Map<number | bigint, number>();
  readonly #byNetwork = new Map<number | bigint, number>();
  #all = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get all(): number {
    return this.#all;
  }

  /** Takes a place, or says which limit stands in the way. */
  enter(client: Ip): Refused | null {
    const address = addressKey(client);
    const network = networkKey(client);
    const onAddress = this.#byAddress.get(address) ?? 0;
    const onNetwork = this.#byNetwork.get(network) ?? 0;
    if (this.#all >= this.#limits.connections) return "all";
    if (onAddress >= this.#limits.connectionsPerAddress) return "address";
    if (onNetwork >= this.#limits.connectionsPerNetwork) return "network";
    this.#byAddress.set(address, onAddress + 1);
    this.#byNetwork.set(network, onNetwork + 1);
    this.#all++;
    return null;
  }

  leave(client: Ip): void {
    this.#all--;
    lower(this.#byAddress, addressKey(client));
    lower(this.#byNetwork, networkKey(client));
  }
}

function lower(counts: Map<number | bigint, number>, key: number | bigint): void {
  const count = counts.get(key) ?? 0;
  if (count > 1) counts.set(key, count - 1);
  else counts.delete(key);
}

// An IPv4 number and an IPv6 bigint never are the same key of a Map.
const addressKey = (client: Ip) => client.value;
const networkKey = (client: Ip) => (client.family === 4 ? client.value >>> 8 : client.value >> 64n);
