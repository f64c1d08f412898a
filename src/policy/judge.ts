import type { Address, Ip } from "../address/address.ts";
import { formatIp } from "../address/ip.ts";
import { has } from "../address/ip-set.ts";
import { isPostmaster } from "../address/mailbox-key.ts";
import { formatAddress } from "../address/path.ts";
import { connectionEntryFor } from "./connections.ts";
import type { Decision, Destination, NextHop, Rule } from "./decision.ts";
import { isDisguised } from "./disguise.ts";
import type { Existence, Facts, Recipients } from "./facts.ts";
import { facesOf, findAddressGrant, findLocalGrant, findNever } from "./grants.ts";
import type { Note } from "./note.ts";
import type { Policy } from "./policy.ts";
import { isListed } from "./recipient-list.ts";
import { findEntry, hostBehind, nextHopOf, type RoutingEntry, type VerifiedHost } from "./routing-table.ts";

/**
 * The judgement of one recipient (relay-policy §2.2, order of the checks). One function for the session, the journal, the
 * command line and `explain`: with a `note` every condition is taken down, without one no text is built. Refusal is the last
 * rule, in code: no document can remove it.
 */
export function judge(policy: Policy, facts: Facts, recipients: Recipients, note?: Note): Decision {
  return (
    judgeConnection(policy, facts.client, note) ??
    judgeSender(policy, facts, note) ??
    judgeRecipient(policy, facts, recipients, note)
  );
}

/** May this client connect at all? `null`: yes. */
export function judgeConnection(policy: Policy, client: Ip | null, note?: Note): Decision | null {
  if (client === null) return refuse("fact-unknown");
  const { connections } = policy;
  for (const face of facesOf(client, policy)) {
    const entry = connectionEntryFor(connections, face);
    if (entry !== null && !entry.accepts) {
      note?.add(`connections: reject ${entry.match}`, true, `${formatIp(face)} is inside`);
      return refuse("connection-refused");
    }
    if (entry === null && connections.rejectsByDefault) {
      note?.add("connections: default reject", true, `no entry accepts ${formatIp(face)}`);
      return refuse("connection-refused");
    }
  }
  note?.add("connections", true, `${formatIp(client)} may connect`);
  return null;
}

/** At MAIL: is a login missing (RFC 6409 §4.3), may this account use this reverse-path? `null`: go on. */
export function judgeSender(policy: Policy, facts: Omit<Facts, "forwardPath">, note?: Note): Decision | null {
  const { account, client, listener } = facts;
  const isLoggedIn = account !== null && account.isEnabled;
  if (listener.kind === "submission" && !isLoggedIn) {
    const isExempt = client !== null && findAddressGrant(policy, { client, facts, forwardPath: null }) !== null;
    note?.add(
      "submission needs a login",
      !isExempt,
      isExempt ? "an addresses entry names this listener" : "nobody logged in",
    );
    if (!isExempt) return refuse("authentication-required");
  }
  if (account === null) return null;
  const isOwn = facts.reversePath === null || account.ownsReversePath;
  note?.add("the sender belongs to the account", isOwn, account.name);
  return isOwn ? null : refuse("sender-not-allowed");
}

function judgeRecipient(policy: Policy, facts: Facts, recipients: Recipients, note?: Note): Decision {
  const { forwardPath } = facts;
  if (isOurLiteral(forwardPath, policy)) {
    const isOurs = isPostmaster(forwardPath);
    note?.add(
      "an address literal of this server",
      true,
      isOurs ? "postmaster is read here" : "only postmaster is read there",
    );
    return isOurs ? deliver("inbound", here(forwardPath)) : refuse("unknown-mailbox");
  }
  if (forwardPath.domain === "") {
    note?.add("postmaster without a domain", true, "is read here (RFC 5321 §4.5.1)");
    return deliver("inbound", here(forwardPath));
  }
  let address = forwardPath;
  for (;;) {
    const entry = findEntry(policy.routing, address.domain);
    if (entry === null || entry.route.kind === "outbound") {
      note?.add(
        "routing",
        false,
        entry === null ? `no entry for ${address.domain}` : `${entry.sentTo} is only a way out`,
      );
      return judgeRelay(policy, facts, { address, entry, recipients }, note);
    }
    note?.add(`routing: ${entry.sentTo} → ${entry.route.kind}`, true, address.domain);
    if (isDisguised(address) && !isExactlyThere(address, entry, recipients)) {
      note?.add("the form hides another address", true, "and no mailbox of exactly that name exists");
      return refuse("malformed");
    }
    switch (entry.route.kind) {
      case "reroute":
        address = { localPart: address.localPart, domain: entry.route.domain };
        continue;
      case "inbound":
        return judgeInbound(address, { unknownTo: entry.route.unknownTo, recipients }, note);
      case "gateway":
        return judgeThere(address, { host: entry.route.to, rule: "gateway", recipients }, note);
      case "always-relay":
        return judgeRelay(policy, facts, { address, entry, recipients }, note);
      default:
        return entry.route satisfies never;
    }
  }
}

type Asking = { readonly unknownTo: VerifiedHost | null; readonly recipients: Recipients };

function judgeInbound(address: Address, { unknownTo, recipients }: Asking, note?: Note): Decision {
  const existence = recipients.here(address);
  note?.add("mailboxes here", existence === "exact" || existence === "covered", existence);
  switch (existence) {
    case "exact":
    case "covered":
      return deliver("inbound", here(address));
    case "none":
      return unknownTo === null
        ? refuse("unknown-mailbox")
        : judgeThere(address, { host: unknownTo, rule: "inbound", recipients }, note);
    case "unknowable":
      return defer("fact-unknown");
    case "loop":
      return defer("loop");
    default:
      return existence satisfies never;
  }
}

type AskingThere = {
  readonly host: VerifiedHost;
  readonly rule: "inbound" | "gateway";
  readonly recipients: Recipients;
};

function judgeThere(address: Address, { host, rule, recipients }: AskingThere, note?: Note): Decision {
  const existence = existenceThere(address, { host, recipients }, note);
  switch (existence) {
    case "exact":
    case "covered":
      return deliver(rule, away(address, host.nextHop));
    case "none":
      return refuse("unknown-mailbox");
    case "unknowable":
      return defer("fact-unknown");
    case "loop":
      return defer("loop");
    default:
      return existence satisfies never;
  }
}

type Question = Pick<AskingThere, "host" | "recipients">;

/** By the entry's own list, or by who was asked for it. */
function existenceThere(address: Address, { host, recipients }: Question, note?: Note): Existence {
  const { by } = host.recipients;
  switch (by) {
    case "any":
      note?.add("recipients: any", true, "not verified at the host");
      return "covered";
    case "list": {
      const existence = isListed(host.recipients.list, address) ? "exact" : "none";
      note?.add("the recipients that the entry lists", existence === "exact", formatAddress(address));
      return existence;
    }
    case "ldap":
    case "callout": {
      const existence = recipients.there(address, host);
      note?.add(
        `${by === "callout" ? "the host" : `the directory ${host.recipients.directory}`} was asked for the recipient`,
        existence === "exact" || existence === "covered",
        existence,
      );
      return existence;
    }
    default:
      return by satisfies never;
  }
}

type Wanted = { readonly address: Address; readonly entry: RoutingEntry | null };
type RelayRequest = Wanted & { readonly recipients: Recipients };

/** The six lines of the old product, made safe. */
function judgeRelay(policy: Policy, facts: Facts, request: RelayRequest, note?: Note): Decision {
  const { address, entry } = request;
  const { client, account } = facts;
  if (client === null) return defer("fact-unknown");
  if (findNever(policy, client, note) !== null) return refuse("never");
  const isBackup = entry?.route.kind === "always-relay";
  if (isBackup && facts.listener.kind !== "submission") {
    note?.add(`always-relay: ${entry.sentTo}`, true);
    return judgeBackup(policy, request, note);
  }
  const asked = { client, facts, local: facts.local, forwardPath: address };
  const grant = findAddressGrant(policy, asked, note);
  if (grant !== null) return relay(`address:${grant.id}`, destinationFor(policy, { address, entry }));
  const localGrant = findLocalGrant(policy, asked, note);
  if (localGrant !== null) return relay(`local-address:${localGrant.id}`, destinationFor(policy, { address, entry }));
  const isLoggedIn = account !== null && account.isEnabled;
  if (policy.restrictions.authenticated && isLoggedIn) {
    note?.add("authenticated", account.mayRelay, account.mayRelay ? account.name : `${account.name} may not relay`);
    return account.mayRelay
      ? relay("authenticated", destinationFor(policy, { address, entry }))
      : refuse("account-may-not-relay");
  }
  note?.add("authenticated", false, isLoggedIn ? "logins give no right to relay here" : "nobody logged in");
  note?.add("nobody let it relay", true);
  return refuse("relay-denied");
}

/** Verified where it can be, accepted where it cannot (relay-policy §2.1): a backup is there for when the others are down. */
function judgeBackup(policy: Policy, { address, entry, recipients }: RelayRequest, note?: Note): Decision {
  const nextHop = backupHop(address.domain);
  const existence = recipients.there(address, { nextHop, recipients: { by: "callout" } });
  note?.add("its own exchanges were asked for the recipient", existence !== "none", existence);
  if (existence === "none") return refuse("unknown-mailbox");
  return relay("always-relay", destinationFor(policy, { address, entry }));
}

/** Where a recipient goes by the routing table, without any judgement: at delivery, and for what aliases point to. */
export function destinationOf(
  policy: Policy,
  forwardPath: Address,
  existsHere: (address: Address) => boolean,
): Destination {
  if (forwardPath.domain === "" || isOurLiteral(forwardPath, policy)) return here(forwardPath);
  let address = forwardPath;
  for (;;) {
    const entry = findEntry(policy.routing, address.domain);
    switch (entry?.route.kind) {
      case "reroute":
        address = { localPart: address.localPart, domain: entry.route.domain };
        continue;
      case "inbound": {
        const { unknownTo } = entry.route;
        return unknownTo === null || existsHere(address) ? here(address) : away(address, unknownTo.nextHop);
      }
      case "gateway":
        return away(address, entry.route.to.nextHop);
      default:
        return destinationFor(policy, { address, entry });
    }
  }
}

function destinationFor(policy: Policy, { address, entry }: Wanted): Destination {
  const { domain } = address;
  const way = entry?.route.kind === "outbound" ? entry.route.way : policy.routing.defaultRoute;
  if (entry?.route.kind !== "always-relay")
    return { kind: "away", address, nextHop: nextHopOf(way, domain), isBackupMx: false };
  return { kind: "away", address, nextHop: backupHop(domain), isBackupMx: true };
}

const backupHop = (domain: string): NextHop => ({ via: "mx", domain, tls: "opportunistic" });

/** Whether this client could relay anything without a login: DSN is offered only to such (relay-policy §2.5). */
export function holdsGrant(
  policy: Policy,
  facts: Omit<Facts, "forwardPath" | "reversePath" | "tls" | "account">,
): boolean {
  const { client, local } = facts;
  if (client === null || findNever(policy, client) !== null) return false;
  const asked = { client, facts, local, forwardPath: null };
  return findAddressGrant(policy, asked) !== null || findLocalGrant(policy, asked) !== null;
}

/** A mailbox here or a recipient of the entry's list has exactly this name; a host that says yes says it of every name. */
function isExactlyThere(address: Address, { route }: RoutingEntry, recipients: Recipients): boolean {
  const host = hostBehind(route);
  if (host?.recipients.by === "list" && isListed(host.recipients.list, address)) return true;
  return recipients.here(address) === "exact";
}

function isOurLiteral({ literal }: Address, { context }: Policy): boolean {
  return literal?.kind === "ip" && has(context.ownAddresses, literal.ip);
}

const here = (address: Address): Destination => ({ kind: "here", address });
const away = (address: Address, nextHop: NextHop): Destination => ({
  kind: "away",
  address,
  nextHop,
  isBackupMx: false,
});
const deliver = (rule: Rule, destination: Destination): Decision => ({ verdict: "deliver", rule, destination });
const relay = (rule: Rule, destination: Destination): Decision => ({ verdict: "relay", rule, destination });
const refuse = (rule: Rule): Decision => ({ verdict: rule === "fact-unknown" ? "defer" : "refuse", rule });
const defer = (rule: Rule): Decision => ({ verdict: "defer", rule });
