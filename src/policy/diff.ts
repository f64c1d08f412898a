import { emptySet, equals, type IpSet, subtract } from "../address/ip-set.ts";
import { type ClientSet, clientSet } from "./client-set.ts";
import type { Grant, LocalGrant, Never, Policy } from "./policy.ts";
import { destinationsOf, type Proof, whoCanRelay } from "./prove.ts";
import { listedRecipients } from "./recipient-list.ts";
import { hostBehind, type RoutingEntry } from "./routing-table.ts";
import { formatVerification } from "./verification.ts";

type ChangedClients = { readonly gained: ClientSet; readonly lost: ClientSet };

/** Of names: entries by their id, routes by their `sent-to`. */
export type ChangedNames = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
};

export type PolicyDiff = {
  /** Only listeners on which somebody gains or loses. */
  readonly listeners: readonly {
    readonly name: string;
    readonly withoutLogin: ChangedClients;
    readonly withLogin: ChangedClients;
  }[];
  /** Destinations that strangers may write to now and could not before, and the other way round. */
  readonly destinations: { readonly opened: Proof["destinations"]; readonly closed: Proof["destinations"] };
  readonly recipients: readonly ChangedRecipients[];
  readonly entries: ChangedNames;
  readonly routes: ChangedNames;
  readonly openRelay: { readonly before: boolean; readonly after: boolean };
};

/** Recipients at another host that a route of both policies takes now and did not before, and the other way round. */
export type ChangedRecipients = {
  readonly sentTo: string;
  /** How they are verified: "callout", "list of 3", "ldap staff", "any". */
  readonly before: string;
  readonly after: string;
  /** Of two lists; with another verification than a list on either side nobody can name them. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
};

/** What the step from one policy to another changes, by the exact sets (relay-policy §3). `now`: milliseconds since 1970. */
export function diffPolicies(before: Policy, after: Policy, now: number): PolicyDiff {
  const clients = (policy: Policy) => new Map(whoCanRelay(policy, now).map((sets) => [sets.name, sets]));
  const [old, fresh] = [clients(before), clients(after)];
  const nobody = { withoutLogin: emptySet, withLogin: emptySet };
  return {
    listeners: [...new Set([...old.keys(), ...fresh.keys()])].flatMap((name) => {
      const [was, is] = [old.get(name) ?? nobody, fresh.get(name) ?? nobody];
      const isSame = equals(was.withoutLogin, is.withoutLogin) && equals(was.withLogin, is.withLogin);
      if (isSame) return [];
      const withoutLogin = changeOf(was.withoutLogin, is.withoutLogin);
      return [{ name, withoutLogin, withLogin: changeOf(was.withLogin, is.withLogin) }];
    }),
    destinations: changedDestinations(destinationsOf(before), destinationsOf(after)),
    recipients: changedRecipients(before, after),
    entries: changedNames(entryTexts(before), entryTexts(after)),
    routes: changedNames(routeTexts(before), routeTexts(after)),
    openRelay: { before: before.isOpenRelay, after: after.isOpenRelay },
  };
}

/** Whether nothing that anybody would notice changes; comments, order and layout are not noticed. */
export function isSamePolicy(diff: PolicyDiff): boolean {
  const { listeners, destinations, recipients, entries, routes, openRelay } = diff;
  const lists = [
    listeners,
    recipients,
    destinations.opened,
    destinations.closed,
    ...namesOf(entries),
    ...namesOf(routes),
  ];
  return lists.every((list) => list.length === 0) && openRelay.before === openRelay.after;
}

const namesOf = ({ added, removed, changed }: ChangedNames) => [added, removed, changed];

function changeOf(was: IpSet, is: IpSet): ChangedClients {
  return { gained: clientSet(subtract(is, was)), lost: clientSet(subtract(was, is)) };
}

function changedDestinations(was: Proof["destinations"], is: Proof["destinations"]): PolicyDiff["destinations"] {
  const textOf = ({ sentTo, route, endsAt }: Proof["destinations"][number]) => `${sentTo} ${route} ${endsAt}`;
  const [before, after] = [new Set(was.map(textOf)), new Set(is.map(textOf))];
  return {
    opened: is.filter((one) => !before.has(textOf(one))),
    closed: was.filter((one) => !after.has(textOf(one))),
  };
}

function changedNames(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): ChangedNames {
  return {
    added: [...is.keys()].filter((name) => !was.has(name)),
    removed: [...was.keys()].filter((name) => !is.has(name)),
    changed: [...is].filter(([name, text]) => was.has(name) && was.get(name) !== text).map(([name]) => name),
  };
}

/** Everything that an entry says, as text to compare. */
function entryTexts({ restrictions, connections }: Policy): ReadonlyMap<string, string> {
  const { addresses, localAddresses, never } = restrictions;
  const said = ({ match, owner, reason }: Never) => [match, owner, reason];
  const limits = ({ expires, toText, listeners, literals }: Grant) => [expires?.text, toText, listeners, literals];
  const address = (grant: Grant) => text("address", ...said(grant), ...limits(grant));
  const local = (grant: LocalGrant) => text("local", ...said(grant), ...limits(grant), grant.clientsText);
  return new Map([
    ...addresses.map((grant) => [grant.id, address(grant)] as const),
    ...localAddresses.map((grant) => [grant.id, local(grant)] as const),
    ...never.map((entry) => [entry.id, text("never", ...said(entry))] as const),
    ["authenticated", text(restrictions.authenticated)] as const,
    ...connections.entries.map(
      ({ id, match, accepts }) => [`connections: ${id ?? match}`, text(match, accepts)] as const,
    ),
    ["connections: default", text(connections.rejectsByDefault)] as const,
  ]);
}

function routeTexts({ routing }: Policy): ReadonlyMap<string, string> {
  // The order of a list is layout.
  const inOrder = (_key: string, value: unknown) =>
    value instanceof Set ? [...(value as Set<string>)].toSorted() : value;
  const said = ({ route, owner, reason }: RoutingEntry) => JSON.stringify([route, owner, reason], inOrder);
  return new Map([
    ...routing.entries.map((entry) => [entry.sentTo, said(entry)] as const),
    ["default-route", text(routing.defaultRoute)] as const,
  ]);
}

const text = (...values: readonly unknown[]) => JSON.stringify(values);

function changedRecipients(before: Policy, after: Policy): ChangedRecipients[] {
  const old = new Map(before.routing.entries.map((entry) => [entry.sentTo, hostBehind(entry.route)]));
  return after.routing.entries.flatMap(({ sentTo, route }) => {
    const was = old.get(sentTo)?.recipients;
    const is = hostBehind(route)?.recipients;
    if (was === undefined || is === undefined) return [];
    const [ours, theirs] =
      was.by === "list" && is.by === "list" ? [listedRecipients(was.list), listedRecipients(is.list)] : [[], []];
    const gained = without(theirs, ours);
    const lost = without(ours, theirs);
    const [said, says] = [formatVerification(was), formatVerification(is)];
    if (said === says && gained.length === 0 && lost.length === 0) return [];
    return [{ sentTo, before: said, after: says, gained, lost }];
  });
}

function without(some: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return some.filter((one) => !known.has(one));
}

/** The difference in sentences; none when nothing changes. */
export function diffLines(diff: PolicyDiff): string[] {
  const { listeners, destinations, openRelay } = diff;
  const lines: string[] = [];
  if (openRelay.after) lines.push(openRelay.before ? "It stays an OPEN RELAY." : "It becomes an OPEN RELAY.");
  else if (openRelay.before) lines.push("It is an open relay no more.");
  for (const { name, withoutLogin, withLogin } of listeners) {
    lines.push(...setLines(`${name}, without a login`, withoutLogin), ...setLines(`${name}, logged in`, withLogin));
  }
  for (const { sentTo, route, endsAt } of destinations.opened) {
    lines.push(`Anybody may now write to ${sentTo} (${route}): ends at ${endsAt}.`);
  }
  for (const { sentTo, route, endsAt } of destinations.closed) {
    lines.push(`No longer open to anybody: ${sentTo} (${route}), which ended at ${endsAt}.`);
  }
  for (const change of diff.recipients) lines.push(...recipientLines(change));
  return [...lines, ...nameLines("Entry", diff.entries), ...nameLines("Route", diff.routes)];
}

const blocksShown = 10;

function recipientLines({ sentTo, before, after, gained, lost }: ChangedRecipients): string[] {
  const shown = (names: readonly string[]) =>
    `${names.slice(0, blocksShown).join(", ")}${names.length > blocksShown ? ` and ${names.length - blocksShown} more` : ""}`;
  return [
    ...(before === after ? [] : [`Recipients of ${sentTo} are verified by: ${after}; it was: ${before}.`]),
    ...(gained.length === 0 ? [] : [`Recipients of ${sentTo} taken now: ${shown(gained)}`]),
    ...(lost.length === 0 ? [] : [`Recipients of ${sentTo} taken no more: ${shown(lost)}`]),
  ];
}

function setLines(whose: string, change: ChangedClients): string[] {
  return (["gained", "lost"] as const).flatMap((what) => {
    const { ipv4, ipv6, count4, count6, public4, public6 } = change[what];
    const blocks = [...ipv4, ...ipv6];
    if (blocks.length === 0) return [];
    const more = blocks.length > blocksShown ? [`  … and ${blocks.length - blocksShown} further blocks`] : [];
    const isPublic = public4 !== "0" || public6 !== "0";
    return [
      `${whose}, may relay ${what === "gained" ? "now" : "no more"}: ${count4} IPv4 and ${count6} IPv6 addresses` +
        `${isPublic ? `, of them public: ${public4} and ${public6}` : ", none of them public"}`,
      ...blocks.slice(0, blocksShown).map((block) => `  ${block}`),
      ...more,
    ];
  });
}

function nameLines(noun: string, names: ChangedNames): string[] {
  return (["added", "removed", "changed"] as const).flatMap((what) =>
    names[what].length === 0 ? [] : [`${noun} ${what}: ${names[what].join(", ")}`],
  );
}
