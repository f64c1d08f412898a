import { parseIpEntry } from "../address/ip-entry.ts";
import { everyIpv6, intersect, isEmpty, isSubset, union } from "../address/ip-set.ts";
import { translationPrefixes } from "../address/special-purpose.ts";
import { ownersMeeting } from "./interval-index.ts";
import type { Grant, Policy } from "./policy.ts";
import { prove } from "./prove.ts";
import { listsLocalPart } from "./recipient-list.ts";
import { hostBehind, type VerifiedHost } from "./routing-table.ts";

/** Something that an administrator should look at; it keeps nothing from working. */
export type Warning = {
  /** The entry's id, the route's `sent-to`, or the section. */
  readonly about: string;
  readonly warning: string;
};

export type CheckFacts = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When a grant let somebody relay the last time, as far as the journal goes back; `null`: not found out. */
  readonly lastUsed: ReadonlyMap<string, number> | null;
  /** How far the journal goes back: milliseconds since 1970. */
  readonly journalSince: number;
  /** The kernel passes packets between its networks, or takes them from anywhere (rp_filter off or loose). */
  readonly forwardsPackets: boolean;
};

/** Warned of this long before. */
const soon = 14 * 86_400_000;

/** A grant that nobody used for this long is probably of no more use. */
const longUnused = 21 * 86_400_000;

/** More overlaps than anybody reads, and pairs that are looked at: many nested entries must not hold the server up. */
const mostOverlaps = 50;
const mostPairs = 200_000;

/** What `check` says of a policy (relay-policy §2.1, §2.2): nothing is dropped in silence. */
export function checkPolicy(policy: Policy, facts: CheckFacts): readonly Warning[] {
  const { restrictions, routing } = policy;
  const grants = [...restrictions.addresses, ...restrictions.localAddresses];
  return [
    ...(policy.isOpenRelay ? [{ about: "relay", warning: "OPEN RELAY: the public may relay without a login" }] : []),
    ...prove(policy, facts.now)
      .entries.filter(({ status }) => status !== "live")
      .map(({ id, status, because }) => ({ about: id, warning: `${status}: ${because}` })),
    ...grants.flatMap((grant) => [...ending(grant, facts), ...unused(grant, facts), ...translated(grant, policy)]),
    ...overlaps(restrictions.addresses, policy),
    ...localAddressWarnings(policy, facts),
    ...routing.entries.flatMap(({ sentTo, route }) => {
      const host = hostBehind(route);
      return host === null ? [] : verificationWarnings(host).map((warning) => ({ about: sentTo, warning }));
    }),
  ];
}

function verificationWarnings({ recipients }: VerifiedHost): string[] {
  if (recipients.by === "any")
    return ["recipients: any takes mail for people who do not exist; the reports about it go to strangers"];
  if (recipients.by === "list" && !listsLocalPart(recipients.list, "postmaster"))
    return ["its recipients do not list postmaster, whom every domain must have (RFC 5321 §4.5.1)"];
  return [];
}

function ending({ id, expires }: Grant, { now }: CheckFacts): Warning[] {
  const isSoon = expires !== null && now < expires.at && expires.at - now <= soon;
  return isSoon ? [{ about: id, warning: `ends soon (${expires.text})` }] : [];
}

function unused({ id, expires }: Grant, { now, lastUsed, journalSince }: CheckFacts): Warning[] {
  const isOver = expires !== null && now >= expires.at;
  if (lastUsed === null || isOver || now - journalSince < longUnused) return [];
  const last = lastUsed.get(id) ?? journalSince;
  if (now - last < longUnused) return [];
  return [{ about: id, warning: `let nobody relay for ${Math.floor((now - last) / 86_400_000)} days` }];
}

/** Nobody is let in by an address of a translation or tunnel prefix, whatever the entry says. */
function translated({ id, match }: Grant, { context }: Policy): Warning[] {
  const entry = parseIpEntry(match);
  if ("refused" in entry) return [];
  const taken = intersect(entry.set, union(translationPrefixes, context.translationPrefixes));
  // Everybody: that these are out goes without saying.
  if (isEmpty(taken) || isSubset(everyIpv6, entry.set)) return [];
  return [{ about: id, warning: "its translation and tunnel addresses (NAT64, 6to4, Teredo) let nobody in" }];
}

/** Two grants that share some addresses and each have others: which of them is meant to count? */
function overlaps(addresses: readonly Grant[], { restrictions }: Policy): Warning[] {
  const found: Warning[] = [];
  let pairs = 0;
  for (const [index, grant] of addresses.entries()) {
    for (const owner of ownersMeeting(restrictions.addressIndex, grant.set)) {
      const other = addresses[owner];
      if (owner <= index || other === undefined) continue;
      if (++pairs > mostPairs) return found;
      if (isSubset(grant.set, other.set) || isSubset(other.set, grant.set)) continue;
      found.push({ about: grant.id, warning: `overlaps with ${other.id}` });
      if (found.length >= mostOverlaps) return found;
    }
  }
  return found;
}

function localAddressWarnings({ restrictions }: Policy, { forwardsPackets }: CheckFacts): Warning[] {
  const { localAddresses } = restrictions;
  return [
    ...localAddresses
      .filter(({ clientsText }) => clientsText.includes("any"))
      .map(({ id }) => ({ about: id, warning: "clients: any: whoever reaches this local address may relay" })),
    ...(localAddresses.length > 0 && forwardsPackets
      ? [
          {
            about: "relay.local-addresses",
            warning:
              "this machine forwards packets or filters their sources loosely: packets from outside can reach inside addresses",
          },
        ]
      : []),
  ];
}
