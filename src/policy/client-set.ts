import { countIpv4, countIpv6, intersect, type IpSet, toCidrs } from "../address/ip-set.ts";
import { publicIps } from "../address/special-purpose.ts";

/** An exact set of clients as proofs and differences show it. */
export type ClientSet = {
  /** CIDR blocks, minimal and sorted. */
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Decimal strings, since they go beyond 2^53. */
  readonly count4: string;
  readonly count6: string;
  /** How many of them are globally reachable. */
  readonly public4: string;
  readonly public6: string;
};

export function clientSet(set: IpSet): ClientSet {
  const open = intersect(set, publicIps);
  return {
    ...toCidrs(set),
    count4: String(countIpv4(set)),
    count6: String(countIpv6(set)),
    public4: String(countIpv4(open)),
    public6: String(countIpv6(open)),
  };
}
