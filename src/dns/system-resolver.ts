import { Resolver as NodeResolver } from "node:dns/promises";
import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { joinFamilies, type Lookup, type LookupFailure, type MxRecord, type Resolver } from "./resolver.ts";

/** c-ares does not tell how long an answer lives: nothing is kept for longer than this. */
const ttlSeconds = 60;

/** Asks the servers of the boot file, or of /etc/resolv.conf, through Node's own stub resolver; /etc/hosts is not read. */
export function systemResolver(options: { readonly servers: readonly string[]; readonly timeoutMs: number }): Resolver {
  const resolver = new NodeResolver({ timeout: options.timeoutMs, tries: 2 });
  if (options.servers.length > 0) resolver.setServers(options.servers);
  return {
    async resolveMx(domain) {
      const lookup = await ask(() => resolver.resolveMx(domain));
      return mapRecords(lookup, ({ priority, exchange }): MxRecord => ({
        preference: priority,
        exchange: exchange.toLowerCase().replace(/\.$/, ""),
      }));
    },
    async resolveAddresses(host) {
      const [six, four] = await Promise.all([ask(() => resolver.resolve6(host)), ask(() => resolver.resolve4(host))]);
      return joinFamilies(addressesOf(six), addressesOf(four));
    },
  };
}

async function ask<T>(question: () => Promise<T[]>): Promise<Lookup<T>> {
  try {
    const records = await question();
    return records.length === 0 ? "nodata" : { records, ttlSeconds };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENODATA") return "nodata";
    if (code === "ENOTFOUND") return "nxdomain";
    return { failed: failures[code] ?? "servfail" };
  }
}

const failures: Readonly<Record<string, LookupFailure>> = {
  ETIMEOUT: "timeout",
  ECONNREFUSED: "unreachable",
  EBADRESP: "malformed",
  EBADNAME: "malformed",
};

function addressesOf(lookup: Lookup<string>): Lookup<Ip> {
  const parsed = mapRecords(lookup, parseIp);
  if (typeof parsed !== "object" || !("records" in parsed)) return parsed;
  const records = parsed.records.filter((ip) => ip !== null);
  return records.length === 0 ? "nodata" : { ...parsed, records };
}

function mapRecords<T, U>(lookup: Lookup<T>, map: (record: T) => U): Lookup<U> {
  if (typeof lookup !== "object" || !("records" in lookup)) return lookup;
  return { ...lookup, records: lookup.records.map((record) => map(record)) };
}
