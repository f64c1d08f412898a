import type { Ip } from "../address/address.ts";
import { parseIpEntry } from "../address/ip-entry.ts";
import { countIpv4, countIpv6, toCidrs } from "../address/ip-set.ts";
import type { DocumentNode } from "./document-tree.ts";
import { Fields } from "./fields.ts";
import { indexOf, ownersAt } from "./interval-index.ts";
import type { ConnectionEntry, Connections } from "./policy.ts";
import { type ProblemReport, quote } from "./problems.ts";

/** The `connections` section: who may connect at all. Absent: everybody. */
export function readConnections(node: DocumentNode | null, report: ProblemReport): Connections {
  if (node === null) return { entries: [], index: indexOf([]), rejectsByDefault: false };
  if (node.kind !== "map") report.add(node.at, "connections", "reject, accept or default are wanted here");
  const map = node.kind === "map" ? node : { kind: "map" as const, pairs: [], at: node.at };
  const fields = new Fields(map, () => "connections", report);
  fields.allowOnly(["reject", "accept", "default"]);
  const byDefault = fields.text("default");
  if (byDefault !== null && byDefault !== "accept" && byDefault !== "reject") {
    fields.complain("default", `${quote(byDefault)}: write accept or reject`);
  }
  const entries = [...readList(fields, { key: "reject", report }), ...readList(fields, { key: "accept", report })];
  reportContradictions(entries, fields);
  return { entries, index: indexOf(entries.map(({ set }) => set)), rejectsByDefault: byDefault === "reject" };
}

function readList(
  fields: Fields,
  { key, report }: { readonly key: "accept" | "reject"; readonly report: ProblemReport },
): ConnectionEntry[] {
  const node = fields.node(key);
  if (node === null) return [];
  if (node.kind !== "list") {
    fields.complain(key, "a list of address entries is wanted here");
    return [];
  }
  return node.items.flatMap((item, index) => {
    const where = () => `connections.${key}[${index}]`;
    const entry = item.kind === "map" ? new Fields(item, where, report) : null;
    entry?.allowOnly(["id", "match", "owner", "reason"]);
    const match = item.kind === "scalar" ? item.text : (entry?.required("match", "an address entry") ?? "");
    const read = parseIpEntry(match);
    if ("refused" in read) {
      report.add(item.at, where(), `${quote(match)}: ${read.refused}`);
      return [];
    }
    return [{ id: entry?.text("id") ?? null, set: read.set, match, accepts: key === "accept" }];
  });
}

function reportContradictions(entries: readonly ConnectionEntry[], fields: Fields): void {
  const rejected = new Set(entries.filter(({ accepts }) => !accepts).map(({ set }) => textOf(set)));
  for (const { set, match, accepts } of entries) {
    if (accepts && rejected.has(textOf(set))) fields.complain("accept", `${quote(match)} stands in reject too`);
  }
}

function textOf(set: ConnectionEntry["set"]): string {
  const { ipv4, ipv6 } = toCidrs(set);
  return [...ipv4, ...ipv6].join(" ");
}

/** The entry that decides about a client: the smallest set that holds it; `null` when none does. */
export function connectionEntryFor({ entries, index }: Connections, client: Ip): ConnectionEntry | null {
  let smallest: ConnectionEntry | null = null;
  for (const owner of ownersAt(index, client)) {
    const entry = entries[owner];
    if (entry === undefined) continue;
    if (smallest === null || sizeOf(entry, client) < sizeOf(smallest, client)) smallest = entry;
  }
  return smallest;
}

const sizeOf = ({ set }: ConnectionEntry, { family }: Ip) => (family === 4 ? countIpv4(set) : countIpv6(set));
