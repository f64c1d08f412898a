import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { has, type IpSet } from "../address/ip-set.ts";
import type { MxRecord, Resolver } from "./resolver.ts";
import { wordsForFailure } from "./resolver.ts";

export type Exchange = { readonly name: string; readonly ip: Ip };

/** Where mail for a domain goes, or why it goes nowhere now or ever. */
export type Exchanges =
  | { readonly hosts: readonly Exchange[] }
  | { readonly fails: "transient" | "permanent"; readonly status: string; readonly said: string };

export type Own = {
  /** Lower case. */
  readonly names: ReadonlySet<string>;
  readonly addresses: IpSet;
  /** What DNS may not send us to (relay-policy §2.5). */
  readonly neverDialled: IpSet;
};

export type Asking = {
  readonly resolver: Resolver;
  readonly own: Own;
  /** From 0 to 1: equal preferences are tried in random order. */
  readonly random: () => number;
};

/** More exchanges than this are not tried. */
const mostExchanges = 20;
const mostHosts = 30;
/** Of one family of one exchange; so one exchange with many addresses leaves room for the next, and IPv6 for IPv4. */
const mostAddresses = 5;

/** The hosts that take mail for a domain in the order in which to try them (RFC 5321 §5.1, RFC 7505). */
export async function exchangesFor(domain: string, asking: Asking): Promise<Exchanges> {
  const literal = literalIp(domain);
  if (literal !== null) return usable([{ name: domain, ips: [literal] }], asking, null);
  if (domain.startsWith("[")) return { fails: "permanent", status: "5.1.2", said: `${domain} is no address of a host` };
  const mx = await asking.resolver.resolveMx(domain);
  if (mx === "nxdomain") return { fails: "permanent", status: "5.1.2", said: `there is no domain ${domain}` };
  // The domain itself is the exchange only when an authority says that it has no MX.
  if (mx === "nodata") return resolved([{ preference: 0, exchange: domain }], { domain, asking });
  if ("failed" in mx)
    return {
      fails: "transient",
      status: "4.4.3",
      said: `the MX of ${domain} cannot be looked up: ${wordsForFailure(mx.failed)}`,
    };
  const named = mx.records.filter(({ exchange }) => exchange !== "" && exchange !== ".");
  if (named.length === 0) return { fails: "permanent", status: "5.1.10", said: `${domain} takes no mail (null MX)` };
  return resolved(inOrder(named, asking.random), { domain, asking });
}

function inOrder(records: readonly MxRecord[], random: () => number): MxRecord[] {
  return records
    .map((record) => ({ record, turn: random() }))
    .sort((a, b) => a.record.preference - b.record.preference || a.turn - b.turn)
    .map(({ record }) => record)
    .slice(0, mostExchanges);
}

type Candidate = { readonly name: string; readonly preference: number; readonly ips: readonly Ip[] };

async function resolved(
  records: readonly MxRecord[],
  { domain, asking }: { readonly domain: string; readonly asking: Asking },
): Promise<Exchanges> {
  const { own, resolver } = asking;
  const lookups = await Promise.all(
    records.map(async ({ exchange }) => (own.names.has(exchange) ? "own" : resolver.resolveAddresses(exchange))),
  );
  const candidates: Candidate[] = [];
  const failures: { readonly preference: number; readonly said: string }[] = [];
  let ownPreference = Infinity;
  for (const [index, { exchange, preference }] of records.entries()) {
    const lookup = lookups[index] ?? "nodata";
    if (lookup === "own") ownPreference = Math.min(ownPreference, preference);
    if (typeof lookup === "string") continue;
    if ("failed" in lookup) failures.push({ preference, said: `${exchange}: ${wordsForFailure(lookup.failed)}` });
    else if (lookup.records.some((ip) => has(own.addresses, ip))) ownPreference = Math.min(ownPreference, preference);
    else candidates.push({ name: exchange, preference, ips: inTurn(lookup.records, asking.random) });
  }
  // Our own and worse ones are never tried: that would be a loop (RFC 5321 §5.1).
  const isBetter = ({ preference }: { readonly preference: number }) => preference < ownPreference;
  const better = candidates.filter(isBetter);
  const failure = failures.find(isBetter);
  if (failure !== undefined) {
    const said = `an exchange of ${domain} cannot be looked up: ${failure.said}`;
    return usable(better, asking, { fails: "transient", status: "4.4.3", said });
  }
  if (better.length === 0 && ownPreference < Infinity)
    return { fails: "permanent", status: "5.4.6", said: `the MX of ${domain} leads back to this server` };
  return usable(better, asking, null);
}

/**
 * IPv6 before IPv4, each beginning with another address each time: the resolver keeps an answer for a while, so its own
 * turning of the list (RFC 1794) would send everything to the first.
 */
function inTurn(ips: readonly Ip[], random: () => number): readonly Ip[] {
  if (ips.length === 1) return ips;
  return ([6, 4] as const).flatMap((family) => {
    const some = ips.filter((ip) => ip.family === family);
    const first = Math.floor(random() * some.length);
    return [...some.slice(first), ...some.slice(0, first)].slice(0, mostAddresses);
  });
}

function usable(
  candidates: readonly Pick<Candidate, "name" | "ips">[],
  { own }: Asking,
  failure: Exchanges | null,
): Exchanges {
  const hosts = candidates
    .flatMap(({ name, ips }) => ips.map((ip) => ({ name, ip })))
    .filter(({ ip }) => !has(own.neverDialled, ip) && !has(own.addresses, ip))
    .slice(0, mostHosts);
  if (hosts.length > 0) return { hosts };
  if (failure !== null) return failure;
  const isHidden = candidates.some(({ ips }) => ips.length > 0);
  const said = isHidden
    ? "DNS names only addresses that are never dialled (loopback, private, our own)"
    : "no exchange has an address";
  return { fails: "permanent", status: "5.4.4", said };
}

/** "[192.0.2.7]", "[IPv6:2001:db8::7]". */
function literalIp(domain: string): Ip | null {
  return domain.startsWith("[") ? parseIp(domain.slice(1, -1).replace(/^ipv6:/i, "")) : null;
}
