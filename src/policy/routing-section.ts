import type { NextHop, TlsDemand } from "./decision.ts";
import { parseDomain } from "../address/domain.ts";
import { parseIp } from "../address/ip.ts";
import type { DocumentNode } from "./document-tree.ts";
import { type DomainForm, parseDomainForm } from "./domain-forms.ts";
import { Fields } from "./fields.ts";
import { guardName } from "./name-guards.ts";
import type { PolicyContext } from "./context.ts";
import { type ProblemReport, quote } from "./problems.ts";
import {
  byMx,
  findEntry,
  mostReroutes,
  type Route,
  routingTable,
  type RoutingEntry,
  type RoutingTable,
  type VerifiedHost,
  type Way,
} from "./routing-table.ts";
import { readVerification } from "./verification.ts";

const always = ["sent-to", "route", "confirm", "owner", "reason"];
const host = ["port", "tls", "fingerprint"];
/** Keys with a meaning, by route (relay-policy §2.1). */
const keysOf = {
  inbound: [...always, "unknown-to", ...host, "recipients"],
  gateway: [...always, "host", ...host, "recipients"],
  reroute: [...always, "domain"],
  "always-relay": always,
  outbound: [...always, "host", ...host, "account"],
} as const satisfies Record<Route["kind"], readonly string[]>;

const isRoute = (text: string): text is Route["kind"] => text in keysOf;

export function readRouting(
  section: DocumentNode | null,
  defaultRoute: DocumentNode | null,
  { context, report }: { readonly context: PolicyContext; readonly report: ProblemReport },
): RoutingTable {
  const entries: RoutingEntry[] = [];
  const seen = new Map<string, number>();
  if (section !== null && section.kind !== "list")
    report.add(section.at, "routing", "a list of entries is wanted here");
  if (section?.kind === "list") {
    let next = 0;
    for (const item of section.items) {
      const index = next++;
      const where = () => `routing[${index}]`;
      if (item.kind !== "map") {
        report.add(item.at, where(), "an entry with sent-to and route is wanted here");
        continue;
      }
      const fields = new Fields(item, where, report);
      const entry = readEntry(fields, context);
      if (entry === null) continue;
      const key = `${entry.form.isExact ? "#" : ""}${entry.form.domain}`;
      const before = seen.get(key);
      if (before !== undefined)
        fields.complain("sent-to", `${quote(entry.sentTo)} stands in routing[${before}] already`);
      seen.set(key, index);
      entries.push(entry);
    }
  }
  const table = routingTable(entries, defaultRoute === null ? byMx : readDefaultRoute(defaultRoute, report));
  reportLoops(table, report);
  return table;
}

function readEntry(fields: Fields, context: PolicyContext): RoutingEntry | null {
  const sentTo = fields.required("sent-to", 'a domain: example.com, or quoted, "#example.com" without its subdomains');
  const kind = fields.required("route", "inbound, gateway, reroute, always-relay or outbound");
  if (sentTo === null || kind === null) return null;
  if (!isRoute(kind)) {
    fields.complain("route", `${quote(kind)} is no route: write inbound, gateway, reroute, always-relay or outbound`);
    return null;
  }
  fields.allowOnly(keysOf[kind]);
  const form = parseDomainForm(sentTo);
  if ("refused" in form) {
    fields.complain("sent-to", `${quote(sentTo)}: ${form.refused}`);
    return null;
  }
  const isConfirmed = fields.boolean("confirm");
  const guard = kind === "outbound" ? null : guardName(form, isConfirmed);
  if (guard !== null) fields.complain("sent-to", `${quote(sentTo)} ${guard}`);
  const route = readRoute(kind, fields, { form, context });
  if (route === null) return null;
  return {
    sentTo,
    form,
    route,
    ...optional("owner", fields.text("owner")),
    ...optional("reason", fields.text("reason")),
  };
}

const optional = <K extends string>(key: K, value: string | null) =>
  value === null ? {} : ({ [key]: value } as { [P in K]: string });

type About = { readonly form: DomainForm; readonly context: PolicyContext };

function readRoute(kind: Route["kind"], fields: Fields, about: About): Route | null {
  switch (kind) {
    case "inbound": {
      const unknownTo = fields.text("unknown-to");
      if (unknownTo === null) {
        for (const key of [...host, "recipients"]) {
          if (fields.has(key)) fields.complain(key, `${key} has a meaning only with unknown-to`);
        }
        return { kind, unknownTo: null };
      }
      const verified = readVerifiedHost("unknown-to", fields, about);
      return verified === null ? null : { kind, unknownTo: verified };
    }
    case "gateway": {
      if (fields.required("host", "the name or the address of a host") === null) return null;
      const to = readVerifiedHost("host", fields, about);
      return to === null ? null : { kind, to };
    }
    case "reroute": {
      const text = fields.required("domain", "the domain that takes the place of this one");
      if (text === null) return null;
      const domain = text.trim().startsWith("[")
        ? { refused: "an address literal is not a domain" }
        : parseDomain(text, { where: "document", trailingDot: "drop" });
      if (typeof domain !== "string") {
        fields.complain("domain", `${quote(text)}: ${domain.refused}`);
        return null;
      }
      const guard = guardName({ domain, isExact: true }, fields.boolean("confirm"));
      if (guard !== null) fields.complain("domain", `${quote(text)} ${guard}`);
      return { kind, domain };
    }
    case "always-relay":
      return { kind };
    case "outbound": {
      const way = readWay(fields);
      return way === null ? null : { kind, way };
    }
    default:
      return kind satisfies never;
  }
}

/** `{ via: mx }` or `{ via: smart-host, host: …, port: …, tls: …, account: … }`. */
function readDefaultRoute(node: DocumentNode, report: ProblemReport): Way {
  if (node.kind !== "map") {
    report.add(node.at, "default-route", "write { via: mx } or { via: smart-host, host: … }");
    return byMx;
  }
  const fields = new Fields(node, () => "default-route", report);
  const via = fields.required("via", "mx or smart-host");
  if (via === "mx") {
    fields.allowOnly(["via", "tls"]);
    return { host: null, tls: readTls(fields) };
  }
  if (via !== "smart-host") {
    if (via !== null) fields.complain("via", `${quote(via)} is no way out: write mx or smart-host`);
    return byMx;
  }
  fields.allowOnly(["via", "host", ...host, "account"]);
  if (fields.required("host", "the name or the address of the smart host") === null) return byMx;
  return readWay(fields) ?? byMx;
}

function readWay(fields: Fields): Way | null {
  const account = fields.text("account");
  const fingerprint = readFingerprint(fields);
  const tls = readTls(fields, account !== null || fingerprint !== null ? "verify" : "opportunistic");
  if (account !== null && tls === "off")
    fields.complain("tls", "an account's password never goes out in clear: tls: off is not possible with an account");
  const pin = fingerprint === null ? {} : { fingerprint };
  if (fields.text("host") === null) {
    if (account !== null) fields.complain("account", "an account needs a host to log in at");
    if (fields.has("port")) fields.complain("port", "a port needs a host");
    return { host: null, tls, ...pin };
  }
  const nextHop = readHost("host", fields, { tls, fingerprint, account });
  return nextHop === null ? null : { host: nextHop, tls, ...pin };
}

function readVerifiedHost(key: string, fields: Fields, { form, context }: About): VerifiedHost | null {
  const fingerprint = readFingerprint(fields);
  const tls = readTls(fields, fingerprint === null ? "opportunistic" : "verify");
  const nextHop = readHost(key, fields, { tls, fingerprint, account: null });
  const recipients = readVerification(fields, form, context);
  return nextHop === null ? null : { nextHop, recipients };
}

function readHost(
  key: string,
  fields: Fields,
  way: { readonly tls: TlsDemand; readonly fingerprint: string | null; readonly account: string | null },
): NextHop | null {
  const text = (fields.text(key) ?? "").trim();
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1).replace(/^IPv6:/i, "") : text;
  const name = parseIp(bare) === null ? parseDomain(text, { where: "document", trailingDot: "drop" }) : bare;
  if (typeof name !== "string") {
    fields.complain(key, `${quote(text)}: ${name.refused}`);
    return null;
  }
  return {
    via: "host",
    host: name,
    port: readPort(fields),
    tls: way.tls,
    ...(way.fingerprint === null ? {} : { fingerprint: way.fingerprint }),
    ...(way.account === null ? {} : { account: way.account }),
  };
}

function readPort(fields: Fields): number {
  const text = fields.text("port");
  if (text === null) return 25;
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    fields.complain("port", `${quote(text)} is no port: a number from 1 to 65535 is wanted`);
  return port;
}

function readTls(fields: Fields, fallback: TlsDemand = "opportunistic"): TlsDemand {
  const text = fields.text("tls");
  if (text === null) return fallback;
  if (text === "verify") return text;
  if (text !== "require" && text !== "opportunistic" && text !== "off") {
    fields.complain("tls", `${quote(text)} is no demand: write verify, require, opportunistic or off`);
    return fallback;
  }
  // A fingerprint and an account imply verify; what is weaker contradicts them.
  if (fallback === "verify") {
    if (text !== "off" || !fields.has("account"))
      fields.complain(
        "tls",
        `${quote(text)} contradicts the ${fields.has("account") ? "account" : "fingerprint"}, which implies verify`,
      );
    return text === "off" ? "off" : fallback;
  }
  return text;
}

function readFingerprint(fields: Fields): string | null {
  const text = fields.text("fingerprint");
  if (text === null) return null;
  const hex = text
    .replace(/^sha256[:=]/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  fields.complain("fingerprint", `${quote(text)} is no SHA-256 fingerprint: 64 hexadecimal digits are wanted`);
  return null;
}

/** A reroute that comes back to itself, or that takes more than ten steps, is an error of the document. */
function reportLoops(table: RoutingTable, report: ProblemReport): void {
  table.entries.forEach((entry, index) => {
    let at: RoutingEntry | null = entry;
    const path = [entry.sentTo];
    for (let steps = 0; at !== null && at.route.kind === "reroute"; steps++) {
      const { domain }: { readonly domain: string } = at.route;
      at = findEntry(table, domain);
      path.push(domain);
      if (at === entry)
        return report.add(
          -1,
          `routing[${index}]`,
          `the reroute of ${quote(entry.sentTo)} comes back to itself: ${path.join(" → ")}`,
        );
      if (steps >= mostReroutes)
        return report.add(
          -1,
          `routing[${index}]`,
          `the reroute of ${quote(entry.sentTo)} takes more than ${mostReroutes} steps`,
        );
    }
    return undefined;
  });
}
