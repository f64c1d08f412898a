import type { Ip } from "../src/address/address.ts";
import { parseIp } from "../src/address/ip.ts";
import type { Lookup, LookupFailure, MxRecord, Resolver } from "../src/dns/resolver.ts";
import { joinFamilies } from "../src/dns/resolver.ts";

type Trouble = "nodata" | "nxdomain" | LookupFailure;

/** What a test says of one name; what it leaves out is "nodata", a name it does not mention is "nxdomain". */
export type FakeName = {
  /** [[10, "mx.example.test"]]; "." is the root. */
  readonly mx?: readonly (readonly [preference: number, exchange: string])[] | Trouble;
  readonly a?: readonly string[] | Trouble;
  readonly aaaa?: readonly string[] | Trouble;
  readonly isAuthentic?: boolean;
};

/** A resolver over a table, which a test may change at any time. Remembers what it was asked. */
export class FakeResolver implements Resolver {
  readonly names: Map<string, FakeName>;
  /** What this machine's /etc/hosts would say. */
  readonly hosts = new Map<string, readonly Ip[]>();
  /** "MX example.test" and "A host.example.test", in order. */
  readonly asked: string[] = [];

  constructor(names: Readonly<Record<string, FakeName>> = {}) {
    this.names = new Map(Object.entries(names));
  }

  resolveMx(domain: string): Promise<Lookup<MxRecord>> {
    this.asked.push(`MX ${domain}`);
    return Promise.resolve(
      this.#lookup(domain, "mx", ([preference, exchange]) => ({
        preference,
        exchange: exchange.toLowerCase().replace(/\.$/, ""),
      })),
    );
  }

  resolveAddresses(host: string): Promise<Lookup<Ip>> {
    this.asked.push(`A ${host}`);
    return Promise.resolve(joinFamilies(this.#lookup(host, "aaaa", knownIp), this.#lookup(host, "a", knownIp)));
  }

  resolveHost(host: string): Promise<Lookup<Ip>> {
    const records = this.hosts.get(host);
    return records === undefined ? this.resolveAddresses(host) : Promise.resolve({ records, isAuthentic: false });
  }

  #lookup<K extends "mx" | "a" | "aaaa", T>(
    name: string,
    kind: K,
    read: (given: Exclude<NonNullable<FakeName[K]>, Trouble>[number]) => T,
  ): Lookup<T> {
    const known = this.names.get(name);
    if (known === undefined) return "nxdomain";
    const given = known[kind] ?? "nodata";
    if (given === "nodata" || given === "nxdomain") return given;
    if (typeof given === "string") return { failed: given };
    const records = given as readonly Exclude<NonNullable<FakeName[K]>, Trouble>[number][];
    return { records: records.map((record) => read(record)), isAuthentic: known.isAuthentic ?? false };
  }
}

function knownIp(text: string): Ip {
  const ip = parseIp(text);
  if (ip === null) throw new Error(`not an address: ${text}`);
  return ip;
}
