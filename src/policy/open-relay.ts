import { countIpv4, countIpv6, intersect, type IpSet, subtract, unionOf } from "../address/ip-set.ts";
import { publicIps } from "../address/special-purpose.ts";
import type { PolicyContext } from "./context.ts";
import type { Grant, Restrictions } from "./policy.ts";

const mostIpv4 = 65_536n;
const mostIpv6 = 1n << 96n;

export type OpenRelay = { readonly listener: string | null; readonly ipv4: bigint; readonly ipv6: bigint };

/**
 * Judges the union of all grants per listener, not each by itself (relay-policy §2.2): every grant counts, limited by `to` or
 * not, expired or not; only `never` is taken off. `null`: no listener is open to the public.
 */
export function findOpenRelay(restrictions: Restrictions, context: PolicyContext): OpenRelay | null {
  const named = new Set<string>(context.listeners.map(({ name }) => name));
  for (const { listeners } of [...restrictions.addresses, ...restrictions.localAddresses]) {
    for (const name of listeners ?? []) named.add(name);
  }
  // Any other listener: `null` is one that no entry names.
  for (const listener of [...named, null]) {
    const open = intersect(mayRelay(restrictions, listener), publicIps);
    const [ipv4, ipv6] = [countIpv4(open), countIpv6(open)];
    if (ipv4 > mostIpv4 || ipv6 > mostIpv6) return { listener, ipv4, ipv6 };
  }
  return null;
}

function mayRelay({ addresses, localAddresses, never }: Restrictions, listener: string | null): IpSet {
  const counts = ({ listeners }: Grant) => listeners === null || (listener !== null && listeners.includes(listener));
  const clients = [
    ...addresses.filter(counts).map(({ set }) => set),
    ...localAddresses.filter(counts).map((grant) => grant.clients),
  ];
  return subtract(unionOf(clients), unionOf(never.map(({ set }) => set)));
}
