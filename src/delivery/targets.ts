import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { exchangesFor, type Own } from "../dns/exchanges.ts";
import { type Resolver, wordsForFailure } from "../dns/resolver.ts";
import type { Destination, NextHop } from "../policy/decision.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import { nextHopKey } from "../queue/plan.ts";
import type { Target, TargetHost } from "./target.ts";

export type TargetsOptions = {
  readonly resolver: Resolver;
  readonly own: Own;
  readonly random: () => number;
  /** Where hosts listen that MX records name. */
  readonly exchangePort: number;
  /** Our own listeners are never dialled, not even by a route (relay-policy §2.5). */
  readonly isOwnListener: (ip: Ip, port: number) => boolean;
  /** The password of an account at a smart host; `null`: none is kept. */
  readonly passwordOf: (account: string) => Promise<string | null>;
};

/** Finds the hosts of a next hop; an outcome when there are none now (transient) or ever (permanent). */
export function targetsBy(options: TargetsOptions) {
  return async ({
    nextHop,
    isBackupMx,
  }: Extract<Destination, { kind: "away" }>): Promise<Target | RecipientOutcome> => {
    const hosts = nextHop.via === "mx" ? await byMx(nextHop.domain, options) : await byName(nextHop, options);
    if ("result" in hosts) {
      // A backup that finds only itself waits for the primary to come back.
      return isBackupMx && hosts.status === "5.4.6" ? { ...hosts, result: "transient", status: "4.4.6" } : hosts;
    }
    return withCredentials(nextHop, { hosts, options });
  };
}

async function byMx(domain: string, options: TargetsOptions): Promise<readonly TargetHost[] | RecipientOutcome> {
  const found = await exchangesFor(domain, options);
  if ("fails" in found) return { result: found.fails, code: null, status: found.status, said: found.said, host: null };
  return found.hosts.map(({ name, ip }) => ({ name, ip, port: options.exchangePort }));
}

async function byName(
  nextHop: Extract<NextHop, { via: "host" }>,
  { resolver, isOwnListener }: TargetsOptions,
): Promise<readonly TargetHost[] | RecipientOutcome> {
  const { host, port } = nextHop;
  const literal = parseIp(host);
  const lookup = literal === null ? await resolver.resolveHost(host) : { records: [literal] };
  // The administrator named the host: that it cannot be found is a mistake to be put right, not the end of the mail.
  if (typeof lookup === "string") return failure("4.4.4", `the host ${host} of the route has no address`);
  if ("failed" in lookup)
    return failure("4.4.3", `the host ${host} of the route cannot be looked up: ${wordsForFailure(lookup.failed)}`);
  const hosts = lookup.records.filter((ip) => !isOwnListener(ip, port)).map((ip) => ({ name: host, ip, port }));
  return hosts.length > 0 ? hosts : failure("4.4.6", `the route leads to ${host}, which is this server`);
}

type Found = { readonly hosts: readonly TargetHost[]; readonly options: TargetsOptions };

async function withCredentials(nextHop: NextHop, { hosts, options }: Found): Promise<Target | RecipientOutcome> {
  const { tls, fingerprint } = nextHop;
  const target: Target = {
    key: nextHopKey(nextHop),
    hosts,
    tls,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
  if (nextHop.via !== "host" || nextHop.account === undefined) return target;
  const { account } = nextHop;
  const password = await options.passwordOf(account);
  if (password === null) return failure("4.7.0", `no password is kept for the account ${account} at ${nextHop.host}`);
  return { ...target, credentials: { account, password } };
}

const failure = (status: string, said: string): RecipientOutcome => ({
  result: "transient",
  code: null,
  status,
  said,
  host: null,
});
