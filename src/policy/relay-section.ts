import { type IpEntry, parseIpEntry } from "../address/ip-entry.ts";
import { emptySet, everyIpv4, everyIpv6, type IpSet, subtract, union, unionOf } from "../address/ip-set.ts";
import { privateClients, translationPrefixes } from "../address/special-purpose.ts";
import { isEmptyNode, type DocumentNode } from "./document-tree.ts";
import { type DomainForm, formatDomainForm, formTable, parseDomainForm } from "./domain-forms.ts";
import { claimId, type Ids } from "./entry-id.ts";
import { type Expiry, parseExpiry } from "./expiry.ts";
import { Fields } from "./fields.ts";
import { indexOf } from "./interval-index.ts";
import type { PolicyContext } from "./context.ts";
import type { Grant, LocalGrant, Never, Restrictions } from "./policy.ts";
import { type ProblemReport, quote } from "./problems.ts";

const everybody = union(everyIpv4, everyIpv6);
const neverKeys = ["id", "match", "owner", "reason"];
const grantKeys = [...neverKeys, "expires", "to", "listeners", "literals"];

export type RelaySection = { readonly restrictions: Restrictions; readonly allowsOpenRelay: boolean };

/** The `relay` section (relay-policy §2.2). An absent one grants nothing. */
export function readRelay(node: DocumentNode | null, given: Given): RelaySection {
  const { context, report } = given;
  if (node !== null && node.kind !== "map")
    report.add(node.at, "relay", "authenticated, addresses, local-addresses or never are wanted here");
  const map = node?.kind === "map" ? node : { kind: "map" as const, pairs: [], at: 0 };
  const fields = new Fields(map, () => "relay", report);
  fields.allowOnly(["authenticated", "addresses", "local-addresses", "never", "open-relay"]);
  const read = { ...given, prefixes: union(translationPrefixes, context.translationPrefixes) };
  const addresses = Array.from(entriesOf(fields, "addresses", read), (entry) => readGrant(entry, read));
  const localAddresses = Array.from(entriesOf(fields, "local-addresses", read), (entry) => readLocalGrant(entry, read));
  const never = Array.from(entriesOf(fields, "never", read), (entry) => readNever(entry, read));
  return {
    allowsOpenRelay: fields.boolean("open-relay"),
    restrictions: {
      authenticated: fields.boolean("authenticated"),
      addresses,
      localAddresses,
      never,
      addressIndex: indexOf(addresses.map(({ set }) => set)),
      localIndex: indexOf(localAddresses.map(({ set }) => set)),
      neverIndex: indexOf(never.map(({ set }) => set)),
    },
  };
}

type Given = { readonly context: PolicyContext; readonly report: ProblemReport; readonly ids: Ids };

/** `prefixes`: behind them stands somebody else's host, so nobody is let in by such an address. */
type Reading = Given & { readonly prefixes: IpSet };

function* entriesOf(fields: Fields, key: string, { report }: Reading): Iterable<Fields> {
  const node = fields.node(key);
  if (node === null) return;
  if (node.kind !== "list") {
    fields.complain(key, "a list of entries is wanted here");
    return;
  }
  let next = 0;
  for (const item of node.items) {
    const index = next++;
    const where = () => `relay.${key}[${index}]`;
    if (item.kind === "map" && !isEmptyNode(item)) yield new Fields(item, where, report);
    else report.add(item.at, where(), "an entry as { id: …, match: … } is wanted here");
  }
}

function readNever(fields: Fields, reading: Reading): Never {
  for (const key of ["expires", "to", "listeners", "literals"]) {
    if (fields.has(key))
      fields.complain(key, `a never entry has no ${key}: one that ran out would let in again in silence`);
  }
  fields.allowOnly([...neverKeys, "expires", "to", "listeners", "literals"]);
  return readCommon(fields, reading);
}

function readCommon(fields: Fields, { ids }: Reading): Never {
  const id = fields.required("id", "a name that no other entry has") ?? "";
  if (id !== "") claimId(id, fields, ids);
  const { set, text } = readMatch(fields);
  return { id, set, match: text, owner: fields.text("owner"), reason: fields.text("reason") };
}

const nothing: IpEntry = { set: emptySet, text: "" };

function readMatch(fields: Fields): IpEntry {
  const text = fields.required("match", "an address entry: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32");
  if (text === null) return nothing;
  const entry = parseIpEntry(text);
  if (!("refused" in entry)) return entry;
  fields.complain("match", `${quote(text)}: ${entry.refused}`);
  return nothing;
}

function readGrant(fields: Fields, reading: Reading): Grant {
  fields.allowOnly(grantKeys);
  return readLimits(fields, reading);
}

function readLimits(fields: Fields, reading: Reading): Grant {
  const common = readCommon(fields, reading);
  const to = readTo(fields);
  return {
    ...common,
    set: without(common.set, reading.prefixes),
    expires: readExpiry(fields),
    to: to === null ? null : formTable(to, (form) => form),
    toText: to?.map(formatDomainForm) ?? null,
    listeners: fields.scalars("listeners", "relay")?.map(({ text }) => text) ?? null,
    literals: fields.boolean("literals"),
  };
}

/** Only IPv6 has such prefixes; most entries meet none and stay as they are. */
function without(set: IpSet, prefixes: IpSet): IpSet {
  return set.ipv6.length === 0 ? set : subtract(set, prefixes);
}

function readExpiry(fields: Fields): Expiry | null {
  const text = fields.text("expires");
  if (text === null) {
    if (fields.has("expires")) fields.complain("expires", "a date as 2027-06-30 is wanted, or leave the key out");
    return null;
  }
  const expiry = parseExpiry(text);
  if (!("refused" in expiry)) return expiry;
  fields.complain("expires", `${quote(text)}: ${expiry.refused}`);
  return null;
}

/** The forms of `sent-to`, without its guards on names. */
function readTo(fields: Fields): readonly DomainForm[] | null {
  const items = fields.scalars("to", '"#example.net"');
  if (items === null) return null;
  return items.flatMap(({ text, at }) => {
    const form = parseDomainForm(text);
    if (!("refused" in form)) return [form];
    fields.complainAt(at, "to", `${quote(text)}: ${form.refused}`);
    return [];
  });
}

function readLocalGrant(fields: Fields, reading: Reading): LocalGrant {
  fields.allowOnly([...grantKeys, "clients"]);
  const grant = readLimits(fields, reading);
  for (const name of grant.listeners ?? []) {
    if (reading.context.listeners.some((listener) => listener.name === name && listener.kind === "submission")) {
      fields.complain("listeners", `${quote(name)} is a submission listener: a local-address entry never counts there`);
    }
  }
  const { set, text } = readClients(fields);
  return { ...grant, clients: without(set, reading.prefixes), clientsText: text };
}

type Clients = { readonly set: IpSet; readonly text: readonly string[] };

/** `private` (the default), `any`, or a list of address entries and `private`. */
function readClients(fields: Fields): Clients {
  if (!fields.has("clients")) return onlyPrivate;
  const node = fields.node("clients");
  if (node?.kind === "scalar") {
    if (node.text === "private") return onlyPrivate;
    if (node.text === "any") return { set: everybody, text: ["any"] };
    fields.complain("clients", `${quote(node.text)}: write private, any, or a list of address entries in brackets`);
    return onlyPrivate;
  }
  const items = fields.scalars("clients", "private, 192.0.2.0/24") ?? [];
  const parts = items.map(({ text, at }): IpEntry => {
    if (text === "private") return { set: privateClients, text };
    const entry = text === "any" ? { refused: "it stands alone, not in a list" } : parseIpEntry(text);
    if (!("refused" in entry)) return entry;
    fields.complainAt(at, "clients", `${quote(text)}: ${entry.refused}`);
    return nothing;
  });
  return { set: unionOf(parts.map(({ set }) => set)), text: parts.map(({ text }) => text) };
}

const onlyPrivate: Clients = { set: privateClients, text: ["private"] };
