import { compareIp, formatIp } from "../address/ip.ts";
import {
  everyIpv4,
  everyIpv6,
  intersect,
  type IpSet,
  isEmpty,
  isSubset,
  sample,
  subtract,
  union,
  unionOf,
} from "../address/ip-set.ts";
import { publicIps } from "../address/special-purpose.ts";
import { type ClientSet, clientSet } from "./client-set.ts";
import { ownersMeeting } from "./interval-index.ts";
import { refusedClients } from "./connections.ts";
import type { ListenerKind } from "./context.ts";
import type { Grant, LocalGrant, Policy } from "./policy.ts";
import { arriveAt, type VerifiedHost } from "./routing-table.ts";
import { formatVerification } from "./verification.ts";

export type ProvedSet = ClientSet & { readonly exampleIn: string | null; readonly exampleOut: string | null };

export type OpenDestination = {
  readonly sentTo: string;
  readonly route: string;
  readonly endsAt: string;
  /** How recipients at another host are verified: "callout", "list of 3", "ldap staff", "any". */
  readonly recipients?: string | undefined;
};

export type Proof = {
  readonly listeners: readonly {
    readonly name: string;
    readonly kind: ListenerKind;
    readonly withoutLogin: ProvedSet;
    readonly withLogin: ProvedSet;
  }[];
  /** Open to strangers. */
  readonly destinations: readonly OpenDestination[];
  readonly entries: readonly {
    readonly id: string;
    readonly status: "live" | "expired" | "shadowed" | "dead";
    readonly because: string;
  }[];
  readonly openRelay: boolean;
};

const everybody = union(everyIpv4, everyIpv6);

/** Who can relay, computed over address sets and not sampled (relay-policy §3). `now`: milliseconds since 1970, for dated grants. */
export function prove(policy: Policy, now: number): Proof {
  return {
    listeners: whoCanRelay(policy, now).map(({ name, kind, withoutLogin, withLogin }) => ({
      name,
      kind,
      withoutLogin: provedSet(withoutLogin),
      withLogin: provedSet(withLogin),
    })),
    destinations: destinationsOf(policy),
    entries: entriesOf(policy, now),
    openRelay: policy.isOpenRelay,
  };
}

export type RelaySets = {
  readonly name: string;
  readonly kind: ListenerKind;
  readonly withoutLogin: IpSet;
  readonly withLogin: IpSet;
};

/** The exact sets of clients that can relay on each listener now. */
export function whoCanRelay(policy: Policy, now: number): readonly RelaySets[] {
  const shutOut = union(neverSet(policy), refusedClients(policy.connections));
  return policy.context.listeners.map(({ name, kind }) => {
    const grants = grantsOn(policy, { name, kind, now });
    const withoutLogin = subtract(unionOf(grants.map(({ set }) => set)), shutOut);
    const withLogin = policy.restrictions.authenticated ? subtract(everybody, shutOut) : withoutLogin;
    return { name, kind, withoutLogin, withLogin };
  });
}

type Live = { readonly id: string; readonly set: IpSet };

/** The clients of each grant that counts on this listener now; for a local entry those are its `clients`. */
function grantsOn(
  { restrictions }: Policy,
  at: { readonly name: string; readonly kind: ListenerKind; readonly now: number },
): Live[] {
  const counts = ({ listeners, expires }: Grant) =>
    (expires === null || at.now < expires.at) &&
    (listeners === null ? at.kind !== "submission" : listeners.includes(at.name));
  const local = (grant: LocalGrant) => at.kind !== "submission" && !isEmpty(grant.set) && counts(grant);
  return [
    ...restrictions.addresses.filter(counts).map(({ id, set }) => ({ id, set })),
    ...restrictions.localAddresses.filter(local).map(({ id, clients }) => ({ id, set: clients })),
  ];
}

function neverSet({ restrictions }: Policy): IpSet {
  return unionOf(restrictions.never.map(({ set }) => set));
}

function provedSet(set: IpSet): ProvedSet {
  const open = intersect(set, publicIps);
  const outside = subtract(everybody, set);
  return {
    ...clientSet(set),
    exampleIn: example(isEmpty(open) ? set : open),
    exampleOut: example(intersect(outside, publicIps)) ?? example(outside),
  };
}

function example(set: IpSet): string | null {
  const [first] = [...sample(set, 4, 1), ...sample(set, 6, 1)].toSorted(compareIp);
  return first === undefined ? null : formatIp(first);
}

/** Every destination that a stranger may write to, and where it ends. */
export function destinationsOf({ routing }: Policy): Proof["destinations"] {
  return routing.entries.flatMap(({ sentTo, route }) => {
    switch (route.kind) {
      case "inbound": {
        if (route.unknownTo === null) return [{ sentTo, route: "inbound", endsAt: "here" }];
        const { endsAt, recipients } = verifiedHost(route.unknownTo);
        return [{ sentTo, route: "unknown-to", endsAt: `here, else ${endsAt}`, recipients }];
      }
      case "gateway":
        return [{ sentTo, route: route.kind, ...verifiedHost(route.to) }];
      case "always-relay":
        return [{ sentTo, route: route.kind, endsAt: "its MX" }];
      case "reroute": {
        const { entry, domain } = arriveAt(routing, route.domain);
        const isOpen = entry !== null && entry.route.kind !== "outbound";
        return isOpen ? [{ sentTo, route: route.kind, endsAt: domain }] : [];
      }
      case "outbound":
        return [];
      default:
        return route satisfies never;
    }
  });
}

function verifiedHost({ nextHop, recipients }: VerifiedHost): { readonly endsAt: string; readonly recipients: string } {
  const endsAt = nextHop.via === "host" ? `${nextHop.host}:${nextHop.port}` : "its MX";
  return { endsAt, recipients: formatVerification(recipients) };
}

function entriesOf({ restrictions }: Policy, now: number): Proof["entries"] {
  const shutOut = unionOf(restrictions.never.map(({ set }) => set));
  // Only entries that share an address can be wider: among 10,000 of them, looking at each pair would take seconds.
  const meeting = (set: IpSet) =>
    ownersMeeting(restrictions.addressIndex, set).flatMap((owner) => restrictions.addresses[owner] ?? []);
  const statusOf = (
    grant: Grant,
    clients: IpSet,
    rivals: (set: IpSet) => readonly Grant[],
  ): Omit<Proof["entries"][number], "id"> => {
    if (grant.expires !== null && now >= grant.expires.at)
      return { status: "expired", because: `it ended (${grant.expires.text})` };
    if (isEmpty(clients)) return { status: "dead", because: "it holds no address that may be let in" };
    if (isSubset(clients, shutOut)) return { status: "dead", because: "never entries hold all its addresses" };
    const wider = rivals(clients).find((rival) => rival !== grant && isWider(rival, grant));
    return wider === undefined
      ? { status: "live", because: "it lets clients in" }
      : { status: "shadowed", because: `${wider.id} lets in all that it does` };
  };
  return [
    ...restrictions.addresses.map((grant) => ({ id: grant.id, ...statusOf(grant, grant.set, meeting) })),
    ...restrictions.localAddresses.map((grant) => ({
      id: grant.id,
      ...statusOf(grant, isEmpty(grant.set) ? grant.set : grant.clients, () => []),
    })),
    ...restrictions.never.map(({ id, set }) => ({
      id,
      status: isEmpty(set) ? ("dead" as const) : ("live" as const),
      because: isEmpty(set) ? "it holds no address" : "it shuts clients out",
    })),
  ];
}

/** Whether `rival` lets in everything that `grant` does; of two equal ones the first in the document is the wider. */
function isWider(rival: Grant, grant: Grant): boolean {
  const isUnlimited =
    rival.to === null && rival.expires === null && rival.listeners === null && (rival.literals || !grant.literals);
  return isUnlimited && grant.listeners === null && isSubset(grant.set, rival.set) && !isSubset(rival.set, grant.set);
}

/** The proof in sentences. */
export function proofLines({ listeners, destinations, entries, openRelay }: Proof): string[] {
  const lines = openRelay
    ? ["OPEN RELAY: the public may relay without a login, and the policy says that this is meant."]
    : [];
  for (const { name, withoutLogin } of listeners) {
    const isClosed = withoutLogin.public4 === "0" && withoutLogin.public6 === "0";
    lines.push(
      isClosed
        ? `${name}: no public address can relay without a login; ${withoutLogin.count4} other IPv4 and ${withoutLogin.count6} other IPv6 addresses can.`
        : `${name}: ${withoutLogin.public4} public IPv4 and ${withoutLogin.public6} public IPv6 addresses can relay without a login, ${withoutLogin.exampleIn ?? ""} for one.`,
    );
    for (const cidr of [...withoutLogin.ipv4, ...withoutLogin.ipv6].slice(0, 20)) lines.push(`  ${cidr}`);
  }
  for (const { sentTo, route, endsAt, recipients } of destinations) {
    const verified = recipients === undefined ? "" : `, recipients: ${recipients}`;
    lines.push(`Anybody may write to ${sentTo} (${route}): ends at ${endsAt}${verified}.`);
  }
  for (const { id, status, because } of entries)
    if (status !== "live") lines.push(`Entry ${id} is ${status}: ${because}.`);
  return lines;
}
