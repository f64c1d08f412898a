import type { Ip } from "../address/address.ts";

/**
 * What a question to the DNS came to. `nodata` and `nxdomain` are statements of an authority ("this name has no such
 * record", "there is no such name"); whatever is not a statement is a failure and says nothing about the name.
 */
export type Lookup<T> =
  /** `isAuthentic`: a resolver that we trust in this says that DNSSEC proves it (RFC 4035 §3.2.3). */
  | { readonly records: readonly T[]; readonly isAuthentic: boolean }
  | "nodata"
  | "nxdomain"
  | { readonly failed: LookupFailure };

/**
 * `servfail`: SERVFAIL, REFUSED and every other error code; `lame`: an answer without authority; `malformed`: what cannot
 * be read or goes in circles; `unreachable`: no server could be spoken to; `busy`: too many questions of our own wait.
 */
export type LookupFailure = "timeout" | "servfail" | "lame" | "malformed" | "unreachable" | "busy";

export type MxRecord = {
  readonly preference: number;
  /** Lower case without trailing dot; "" is the root, which says that no mail is taken (RFC 7505). */
  readonly exchange: string;
};

/** Never rejects. Names are lower-case A-labels without trailing dot. */
export interface Resolver {
  resolveMx(domain: string): Promise<Lookup<MxRecord>>;
  /** IPv6 and IPv4 together, as the DNS knows them: for names that strangers chose. */
  resolveAddresses(host: string): Promise<Lookup<Ip>>;
  /** The same of a host that the administrator named: this machine's /etc/hosts comes before the DNS. */
  resolveHost(host: string): Promise<Lookup<Ip>>;
}

/**
 * IPv4 and IPv6 as one answer. What was found counts, even when the other question failed; a failure beats "none",
 * since the other family might have had an address.
 */
export function joinFamilies(a: Lookup<Ip>, b: Lookup<Ip>): Lookup<Ip> {
  const found = [a, b].filter((lookup) => typeof lookup === "object" && "records" in lookup);
  if (found.length > 0) {
    return {
      records: found.flatMap(({ records }) => records),
      isAuthentic: found.every(({ isAuthentic }) => isAuthentic),
    };
  }
  if (typeof a === "object") return a;
  if (typeof b === "object") return b;
  return a === "nxdomain" && b === "nxdomain" ? "nxdomain" : "nodata";
}

/** For people, in the middle of a sentence. */
export function wordsForFailure(failure: LookupFailure): string {
  return failureWords[failure];
}

const failureWords = {
  timeout: "no answer in time",
  servfail: "the name server reported a failure",
  lame: "the name server has no authority for the name",
  malformed: "the answer cannot be used",
  unreachable: "no name server could be reached",
  busy: "too many questions wait for an answer",
} as const satisfies Record<LookupFailure, string>;
