import type { NextHop, TlsDemand } from "./decision.ts";
import type { Verification } from "./verification.ts";
import { findForm, formTable, type DomainForm, type FormTable } from "./domain-forms.ts";

/** A way out: to a named host, or (no host) to the MX of the recipient's domain. */
export type Way = {
  /** Made once for a named host; `null`: by MX. */
  readonly host: NextHop | null;
  readonly tls: TlsDemand;
  readonly fingerprint?: string;
};

/** What an entry of the routing table does with its domain (relay-policy §2.1). */
export type Route =
  | { readonly kind: "inbound"; readonly unknownTo: VerifiedHost | null }
  | { readonly kind: "gateway"; readonly to: VerifiedHost }
  | { readonly kind: "reroute"; readonly domain: string }
  | { readonly kind: "always-relay" }
  | { readonly kind: "outbound"; readonly way: Way };

/** A host of ours that holds mailboxes. */
export type VerifiedHost = {
  readonly nextHop: NextHop;
  readonly recipients: Verification;
};

/** The host with mailboxes of ours that a route names; `null`: none. */
export function hostBehind(route: Route): VerifiedHost | null {
  return route.kind === "gateway" ? route.to : route.kind === "inbound" ? route.unknownTo : null;
}

export type RoutingEntry = {
  /** As it is shown: "#example.com". */
  readonly sentTo: string;
  readonly form: DomainForm;
  readonly route: Route;
  readonly owner?: string;
  readonly reason?: string;
};

export type RoutingTable = {
  /** In the order of the document. */
  readonly entries: readonly RoutingEntry[];
  readonly byDomain: FormTable<RoutingEntry>;
  /** For what no entry covers. */
  readonly defaultRoute: Way;
};

export const byMx: Way = { host: null, tls: "opportunistic" };

export function routingTable(entries: readonly RoutingEntry[], defaultRoute: Way): RoutingTable {
  return { entries, byDomain: formTable(entries, (entry) => entry.form), defaultRoute };
}

/** The entry for a domain in lower-case A-labels: the most specific one, wherever it stands. */
export function findEntry(table: RoutingTable, domain: string): RoutingEntry | null {
  return findForm(table.byDomain, domain);
}

/** Where a recipient of that domain goes by this way. */
export function nextHopOf(way: Way, domain: string): NextHop {
  if (way.host !== null) return way.host;
  const { tls, fingerprint } = way;
  return fingerprint === undefined ? { via: "mx", domain, tls } : { via: "mx", domain, tls, fingerprint };
}

/** More steps than this are refused when the policy is parsed. */
export const mostReroutes = 10;

/** The domain's final entry behind all reroutes; parsing has made sure that the walk ends. */
export function arriveAt(table: RoutingTable, domain: string): { entry: RoutingEntry | null; domain: string } {
  let entry = findEntry(table, domain);
  let at = domain;
  while (entry !== null && entry.route.kind === "reroute") {
    at = entry.route.domain;
    entry = findEntry(table, at);
  }
  return { entry, domain: at };
}
