import type { Ip } from "../address/address.ts";

/** A client's network: its IPv4 /24 or IPv6 /64, which is what one customer gets. Short text, for keys of maps. */
export type Network = string;

export function networkOf(client: Ip): Network {
  return client.family === 4 ? `4:${client.value >>> 8}` : `6:${(client.value >> 64n).toString(36)}`;
}
