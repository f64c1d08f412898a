import { type Lookup, type MxRecord, type Resolver, wordsForFailure } from "../dns/resolver.ts";
import type { Policy } from "../policy/policy.ts";
import { findEntry } from "../policy/routing-table.ts";

export type NamesAsked = {
  readonly policy: Policy;
  readonly resolver: Resolver;
  /** What this server is called in MX records. */
  readonly own: ReadonlySet<string>;
  /** Domains that somebody wrote to, as far as the journal goes back: nobody can list all subdomains. */
  readonly written: readonly string[];
};

export type AboutName = { readonly about: string; readonly finding: string };

/** Nobody waits for a thousand look-ups. */
const mostDomains = 50;

/**
 * What the world's DNS says about the domains of a policy: ours whose mail does not come here, and subdomains that an entry without
 * `#` covers although they have an exchange of their own (relay-policy §2.1), so that mail for them goes elsewhere unless it meets us.
 */
export async function namesWorthALook({ policy, resolver, own, written }: NamesAsked): Promise<readonly AboutName[]> {
  const { routing } = policy;
  const ours = routing.entries.filter(({ route }) => route.kind === "inbound").map(({ form }) => form.domain);
  const found = await Promise.all([
    ...atMost(ours).map(async (domain) => ({ about: domain, finding: ofOurs(await resolver.resolveMx(domain), own) })),
    ...atMost(written.filter((domain) => coverOf(policy, domain) !== null)).map(async (domain) => ({
      about: domain,
      finding: ofCovered(await resolver.resolveMx(domain), { own, cover: coverOf(policy, domain) ?? domain }),
    })),
  ]);
  return found.flatMap(({ about, finding }) => (finding === null ? [] : [{ about, finding }]));
}

function ofOurs(answer: Lookup<MxRecord>, own: ReadonlySet<string>): string | null {
  if (typeof answer === "string") return "has no MX: mail for it does not come here";
  if ("failed" in answer) return `its MX cannot be looked up: ${wordsForFailure(answer.failed)}`;
  const names = answer.records.map(({ exchange }) => exchange);
  return names.some((name) => own.has(name)) ? null : `its MX is ${names.join(", ")}, which is none of our names`;
}

function ofCovered(
  answer: Lookup<MxRecord>,
  { own, cover }: { readonly own: ReadonlySet<string>; readonly cover: string },
): string | null {
  if (typeof answer === "string" || "failed" in answer) return null;
  const names = answer.records.map(({ exchange }) => exchange).filter((name) => name !== "");
  if (names.length === 0 || names.some((name) => own.has(name))) return null;
  return `is taken in by ${cover}, but has an MX of its own, ${names.join(", ")}: #${cover} would leave it out`;
}

/** The entry of a shorter name that takes a subdomain in, as it is written; a way out takes nothing in. */
function coverOf({ routing }: Policy, domain: string): string | null {
  const entry = findEntry(routing, domain);
  if (entry === null || entry.form.domain === domain || entry.route.kind === "outbound") return null;
  return entry.sentTo;
}

function atMost(domains: readonly string[]): string[] {
  return [...new Set(domains)].slice(0, mostDomains);
}
