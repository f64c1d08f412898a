import type { Address, Ip } from "../address/address.ts";
import { formatIp } from "../address/ip.ts";
import { has, type IpSet, nearest } from "../address/ip-set.ts";
import { embeddedIpv4 } from "../address/special-purpose.ts";
import { findForm } from "./domain-forms.ts";
import type { Facts } from "./facts.ts";
import { ownersAt } from "./interval-index.ts";
import type { Note } from "./note.ts";
import type { ClientFaces, Grant, LocalGrant, Never, Policy } from "./policy.ts";

/** The client, and the IPv4 host behind a NAT64 address: `never` and `connections` look at both, grants at the first only. */
export function facesOf(client: Ip, policy: Policy): ClientFaces {
  const embedded = client.family === 4 ? null : embeddedIpv4(client, policy.context.translationPrefixes);
  return embedded === null ? [client] : [client, embedded];
}

export function findNever(policy: Policy, client: Ip, note?: Note): Never | null {
  const { never, neverIndex } = policy.restrictions;
  for (const face of facesOf(client, policy)) {
    const [owner] = ownersAt(neverIndex, face);
    const entry = owner === undefined ? undefined : never[owner];
    if (entry !== undefined) {
      note?.add(`never: ${entry.id}`, true, `${formatIp(face)} is inside ${entry.match}`);
      return entry;
    }
  }
  if (note !== undefined) for (const { id, set } of never) note.add(`never: ${id}`, false, missOf(set, client));
  return null;
}

/** The first `addresses` entry, in the order of the document, that lets this recipient through. */
export function findAddressGrant(policy: Policy, asked: Asked, note?: Note): Grant | null {
  const { addresses, addressIndex } = policy.restrictions;
  if (note !== undefined) {
    return addresses.find((grant) => isGranted(grant, asked, { note, name: "address", at: asked.client })) ?? null;
  }
  for (const owner of ownersAt(addressIndex, asked.client)) {
    const grant = addresses[owner];
    if (grant !== undefined && isGranted(grant, asked)) return grant;
  }
  return null;
}

/** The first `local-addresses` entry that lets this recipient through; none does on a submission listener. */
export function findLocalGrant(
  policy: Policy,
  asked: Asked & { readonly local: Ip | null },
  note?: Note,
): LocalGrant | null {
  const { localAddresses, localIndex } = policy.restrictions;
  const { local } = asked;
  if (asked.facts.listener.kind === "submission" || local === null) {
    if (localAddresses.length > 0) {
      note?.add(
        "local-addresses",
        false,
        local === null ? "the local address is not known" : "never counts on a submission listener",
      );
    }
    return null;
  }
  const candidates =
    note === undefined ? ownersAt(localIndex, local).flatMap((owner) => localAddresses[owner] ?? []) : localAddresses;
  for (const grant of candidates) {
    const trail = note === undefined ? undefined : { note, name: "local-address", at: local };
    if (trail !== undefined && has(grant.set, local) && !has(grant.clients, asked.client)) {
      note?.add(
        `local-address: ${grant.id}`,
        false,
        `${formatIp(asked.client)} is not among its clients (${grant.clientsText.join(", ")})`,
      );
      continue;
    }
    if (has(grant.clients, asked.client) && isGranted(grant, asked, trail)) return grant;
  }
  return null;
}

export type Asked = {
  readonly client: Ip;
  readonly facts: Pick<Facts, "listener" | "now" | "clockIsBehind">;
  /** After rerouting; `null`: is there any recipient that the grant would let through? */
  readonly forwardPath: Address | null;
};

type Trail = { readonly note: Note; readonly name: string; readonly at: Ip };

/** Whether an entry lets this client reach this recipient here and now. */
function isGranted(grant: Grant, asked: Asked, trail?: Trail): boolean {
  const at = trail?.at ?? asked.client;
  // Without a trail the index has found the entry by its set already; a local entry's set is of the other side.
  if (trail !== undefined && !has(grant.set, at)) return say(trail, grant, missOf(grant.set, at));
  const { facts, forwardPath } = asked;
  if (!listenersAllow(grant, facts.listener)) {
    return say(trail, grant, `it does not count on listener ${facts.listener.name}`);
  }
  if (grant.expires !== null) {
    if (facts.now >= grant.expires.at) return say(trail, grant, `it ended (${grant.expires.text})`);
    if (facts.clockIsBehind)
      return say(trail, grant, "it has an end, and the clock stands behind a time that was seen before");
  }
  if (forwardPath !== null && !reaches(grant, forwardPath)) {
    return say(
      trail,
      grant,
      forwardPath.literal === undefined
        ? `${forwardPath.domain} is not among its destinations`
        : "it does not reach address literals",
    );
  }
  trail?.note.add(`${trail.name}: ${grant.id}`, true, `${formatIp(at)} is inside ${grant.match}`);
  return true;
}

function say(trail: Trail | undefined, grant: Grant, because: string): false {
  trail?.note.add(`${trail.name}: ${grant.id}`, false, because);
  return false;
}

/** A grant counts on a submission listener only when it names it. */
function listenersAllow({ listeners }: Grant, listener: Facts["listener"]): boolean {
  if (listeners === null) return listener.kind !== "submission";
  return listeners.includes(listener.name);
}

function reaches({ to, literals }: Grant, forwardPath: Address): boolean {
  if (forwardPath.literal !== undefined) return literals;
  return to === null || findForm(to, forwardPath.domain) !== null;
}

/** "10.0.3.7 is outside 10.0.2.0-10.0.2.255, missed by 8 addresses". */
export function missOf(set: IpSet, ip: Ip): string {
  const near = nearest(set, ip);
  if (near === null) return `${formatIp(ip)} is of another address family`;
  const range = `${formatIp(near.first)}${near.first.value === near.last.value ? "" : `-${formatIp(near.last)}`}`;
  return `${formatIp(ip)} is outside ${range}, missed by ${near.distance} ${near.distance === 1n ? "address" : "addresses"}`;
}
