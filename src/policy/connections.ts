import type { Ip } from "../address/address.ts";
import { parseIpEntry } from "../address/ip-entry.ts";
import {
  countIpv4,
  countIpv6,
  emptySet,
  everyIpv4,
  everyIpv6,
  type IpSet,
  subtract,
  union,
  unionOf,
} from "../address/ip-set.ts";
import type { DocumentNode } from "./document-tree.ts";
import { claimId, type Ids } from "./entry-id.ts";
import { Fields } from "./fields.ts";
import { indexOf, ownersAt } from "./interval-index.ts";
import type { ConnectionEntry, Connections } from "./policy.ts";
import { type ProblemReport, quote } from "./problems.ts";

/** The `connections` section: who may connect at all. Absent: everybody. */
export function readConnections(
  node: DocumentNode | null,
  { report, ids }: { readonly report: ProblemReport; readonly ids: Ids },
): Connections {
  if (node === null) return { entries: [], index: indexOf([]), rejectsByDefault: false };
  if (node.kind !== "map") report.add(node.at, "connections", "reject, accept or default are wanted here");
  const map = node.kind === "map" ? node : { kind: "map" as const, pairs: [], at: node.at };
  const fields = new Fields(map, () => "connections", report);
  fields.allowOnly(["reject", "accept", "default"]);
  const byDefault = fields.text("default");
  if (byDefault !== null && byDefault !== "accept" && byDefault !== "reject") {
    fields.complain("default", `${quote(byDefault)}: write accept or reject`);
  }
  const entries = [...readList(fields, "reject", ids), ...readList(fields, "accept", ids)];
  reportContradictions(entries, fields);
  return { entries, index: indexOf(entries.map(({ set }) => set)), rejectsByDefault: byDefault === "reject" };
}

function readList(fields: Fields, key: "accept" | "reject", ids: Ids): ConnectionEntry[] {
  const { report } = fields;
  const node = fields.node(key);
  if (node === null) return [];
  if (node.kind !== "list") {
    fields.complain(key, "a list of address entries is wanted here");
    return [];
  }
  return [...node.items].flatMap((item, index) => {
    const where = () => `connections.${key}[${index}]`;
    const entry = item.kind === "map" ? new Fields(item, where, report) : null;
    entry?.allowOnly(["id", "match", "owner", "reason"]);
    const match = item.kind === "scalar" ? item.text : (entry?.required("match", "an address entry") ?? "");
    const read = parseIpEntry(match);
    if ("refused" in read) {
      report.add(item.at, where(), `${quote(match)}: ${read.refused}`);
      return [];
    }
    const id = entry?.text("id") ?? null;
    if (entry !== null && id !== null) claimId(id, entry, ids);
    return [{ id, set: read.set, match: read.text, accepts: key === "accept" }];
  });
}

/** Equal sets have the same canonical text: nothing would say which of the two wins. */
function reportContradictions(entries: readonly ConnectionEntry[], fields: Fields): void {
  const rejected = new Set(entries.filter(({ accepts }) => !accepts).map(({ match }) => match));
  for (const { match, accepts } of entries) {
    if (accepts && rejected.has(match)) fields.complain("accept", `${quote(match)} stands in reject too`);
  }
}

/** The entry that decides about a client: the smallest set that holds it, of equally large ones one that rejects; `null` when none does. */
export function connectionEntryFor({ entries, index }: Connections, client: Ip): ConnectionEntry | null {
  let smallest: ConnectionEntry | null = null;
  for (const owner of ownersAt(index, client)) {
    const entry = entries[owner];
    if (entry === undefined) continue;
    if (smallest === null || sizeOf(entry, client) < sizeOf(smallest, client)) smallest = entry;
  }
  return smallest;
}

const sizeOf = ({ set }: ConnectionEntry, { family }: Pick<Ip, "family">) =>
  family === 4 ? countIpv4(set) : countIpv6(set);

/** Exactly the clients that are turned away: what `connectionEntryFor` says of each address, as a set. */
export function refusedClients(connections: Connections): IpSet {
  return union(refusedOf(connections, 4), refusedOf(connections, 6));
}

/**
 * Lays the entries over each other, the largest first and of equally large ones those that reject last, so that the last one
 * laid decides. Neighbours of one list are laid in one step: 10,000 entries have few different sizes.
 */
function refusedOf({ entries, rejectsByDefault }: Connections, family: 4 | 6): IpSet {
  const all = family === 4 ? everyIpv4 : everyIpv6;
  const ranked = entries
    .map((entry) => ({ entry, size: sizeOf(entry, { family }) }))
    .filter(({ size }) => size > 0n)
    .toSorted((a, b) =>
      a.size === b.size ? Number(b.entry.accepts) - Number(a.entry.accepts) : a.size > b.size ? -1 : 1,
    );
  let refused = rejectsByDefault ? all : emptySet;
  for (let at = 0; at < ranked.length;) {
    const accepts = ranked[at]?.entry.accepts;
    const layer: IpSet[] = [];
    for (let next = ranked[at]; next !== undefined && next.entry.accepts === accepts; next = ranked[++at]) {
      layer.push(next.entry.set);
    }
    refused = accepts === true ? subtract(refused, unionOf(layer)) : union(refused, unionOf(layer));
  }
  return refused;
}
