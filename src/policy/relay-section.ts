import { parseIpEntry } from "../address/ip-entry.ts";
import { emptySet, everyIpv4, everyIpv6, type IpSet, subtract, union, unionOf } from "../address/ip-set.ts";
import { privateClients, translationPrefixes } from "../address/special-purpose.ts";
import { isEmptyNode, type DocumentNode } from "./document-tree.ts";
import { formTable, parseDomainForm } from "./domain-forms.ts";
import { type Expiry, parseExpiry } from "./expiry.ts";
import { Fields } from "./fields.ts";
import { indexOf } from "./interval-index.ts";
import type { Grant, LocalGrant, Never, PolicyContext, Restrictions } from "./policy.ts";
import { type ProblemReport, quote } from "./problems.ts";

const everybody = union(everyIpv4, everyIpv6);
const neverKeys = ["id", "match", "owner", "reason"];
const grantKeys = [...neverKeys, "expires", "to", "listeners", "literals"];

export type RelaySection = { readonly restrictions: Restrictions; readonly allowsOpenRelay: boolean };

/** The `relay` section (relay-policy §2.2). An absent one grants nothing. */
export function readRelay(node: DocumentNode | null, context: PolicyContext, report: ProblemReport): RelaySection {
  if (node !== null && node.kind !== "map")
    report.add(node.at, "relay", "authenticated, addresses, local-addresses or never are wanted here");
  const map = node?.kind === "map" ? node : { kind: "map" as const, pairs: [], at: 0 };
  const fields = new Fields(map, () => "relay", report);
  fields.allowOnly(["authenticated", "addresses", "local-addresses", "never", "open-relay"]);
  const ids = new Map<string, string>();
  const read = { context, report, ids };
  const addresses = readEntries(fields, "addresses", read).map((entry) => readGrant(entry, read));
  const localAddresses = readEntries(fields, "local-addresses", read).map((entry) => readLocalGrant(entry, read));
  const never = readEntries(fields, "never", read).map((entry) => readNever(entry, read));
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

type Reading = { readonly context: PolicyContext; readonly report: ProblemReport; readonly ids: Map<string, string> };

function readEntries(fields: Fields, key: string, { report }: Reading): Fields[] {
  const node = fields.node(key);
  if (node === null) return [];
  if (node.kind !== "list") {
    fields.complain(key, "a list of entries is wanted here");
    return [];
  }
  const entries: Fields[] = [];
  node.items.forEach((item, index) => {
    const where = () => `relay.${key}[${index}]`;
    if (item.kind === "map" && !isEmptyNode(item)) entries.push(new Fields(item, where, report));
    else report.add(item.at, where(), "an entry as { id: …, match: … } is wanted here");
  });
  return entries;
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
  const where = ids.get(id);
  if (where !== undefined && id !== "") fields.complain("id", `${quote(id)} is the id of another entry already`);
  ids.set(id, id);
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u.test(id) && id !== "") {
    fields.complain("id", `${quote(id)} is no id: letters, digits, dots, hyphens and underscores, at most 63`);
  }
  const match = fields.required("match", "an address entry: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32") ?? "";
  return { id, set: setOf(match, "match", fields), match, owner: fields.text("owner"), reason: fields.text("reason") };
}

function setOf(text: string, key: string, fields: Fields): IpSet {
  if (text === "") return emptySet;
  const entry = parseIpEntry(text);
  if (!("refused" in entry)) return entry.set;
  fields.complain(key, `${quote(text)}: ${entry.refused}`);
  return emptySet;
}

function readGrant(fields: Fields, reading: Reading): Grant {
  fields.allowOnly(grantKeys);
  return readLimits(fields, reading);
}

function readLimits(fields: Fields, reading: Reading): Grant {
  const common = readCommon(fields, reading);
  const toText = fields.scalars("to", '"#example.net"')?.map(({ text }) => text) ?? null;
  return {
    ...common,
    // Somebody else's host stands behind such an address: nobody is let in by it.
    set: subtract(common.set, union(translationPrefixes, reading.context.translationPrefixes)),
    expires: readExpiry(fields),
    to: toText === null ? null : readTo(toText, fields),
    toText,
    listeners: fields.scalars("listeners", "relay")?.map(({ text }) => text) ?? null,
    literals: fields.boolean("literals"),
  };
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

function readTo(texts: readonly string[], fields: Fields): Grant["to"] {
  const forms = texts.flatMap((text) => {
    const form = parseDomainForm(text);
    if (!("refused" in form)) return [{ text, form }];
    fields.complain("to", `${quote(text)}: ${form.refused}`);
    return [];
  });
  const table = new Map<string, { exact: string | null; under: string | null }>();
  for (const [domain, { exact, under }] of formTable(forms, ({ form }) => form)) {
    table.set(domain, { exact: exact?.text ?? null, under: under?.text ?? null });
  }
  return table;
}

function readLocalGrant(fields: Fields, reading: Reading): LocalGrant {
  fields.allowOnly([...grantKeys, "clients"]);
  const grant = readLimits(fields, reading);
  for (const name of grant.listeners ?? []) {
    if (reading.context.listeners.some((listener) => listener.name === name && listener.kind === "submission")) {
      fields.complain("listeners", `${quote(name)} is a submission listener: a local-address entry never counts there`);
    }
  }
  const { clients, clientsText } = readClients(fields, reading.context);
  return { ...grant, clients, clientsText };
}

/** `private` (the default), `any`, or a list of address entries and `private`. */
function readClients(fields: Fields, context: PolicyContext): Pick<LocalGrant, "clients" | "clientsText"> {
  const node = fields.node("clients");
  if (node === null && fields.has("clients"))
    fields.complain("clients", "clients is empty: write private, any or a list, or leave the key out");
  if (node === null) return { clients: privateClients, clientsText: ["private"] };
  const texts =
    node.kind === "scalar" ? [node.text] : (fields.scalars("clients", "private")?.map(({ text }) => text) ?? []);
  const sets = texts.map((text) => {
    if (text === "private") return privateClients;
    if (text === "any") return everybody;
    return setOf(text, "clients", fields);
  });
  const clients = subtract(unionOf(sets), union(translationPrefixes, context.translationPrefixes));
  return { clients, clientsText: texts };
}
