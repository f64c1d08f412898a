import { type Administration, createAdministration } from "./accounts/administer.ts";
import { type AliasAdministration, createAliasAdministration } from "./accounts/administer-aliases.ts";
import { oneAtATime } from "./accounts/change.ts";
import { type LiveDirectory, loadDirectory, type LocalDomains } from "./accounts/directory.ts";
import type { AdminContext } from "./admin/context.ts";
import { policyContext } from "./config/policy-context.ts";
import type { Config } from "./config/schema.ts";
import type { Emit } from "./events/emit.ts";
import { isPolicy, parsePolicy } from "./policy/document.ts";
import type { Policy } from "./policy/policy.ts";
import { formatProblem } from "./policy/problems.ts";
import { findEntry } from "./policy/routing-table.ts";
import type { PolicyInForce } from "./reception/gate.ts";
import { addPolicyVersion, currentPolicy } from "./store/policy-versions.ts";
import { openSqlite } from "./store/sqlite/driver.ts";
import type { Store } from "./store/store.ts";
import type { Clock } from "./time/clock.ts";

export type RecordsOptions = {
  readonly config: Config;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly onFatal: (problem: string) => void;
  /** What a data folder without a policy begins with. */
  readonly firstPolicy: string;
};

/** What is kept in the data folder: the running server and the command line at rest work on the same. */
export type Records = {
  readonly store: Store;
  readonly directory: LiveDirectory;
  readonly domains: LocalDomains;
  readonly administration: Administration;
  readonly aliases: AliasAdministration;
  readonly policy: AdminContext["policy"] & { readonly current: () => PolicyInForce };
};

export async function openRecords({ onFatal, ...options }: RecordsOptions): Promise<Records> {
  return recordsIn(await openSqlite({ folder: options.config.data, onFatal }), options);
}

/** The same in a store that is open already. */
export async function recordsIn(
  store: Store,
  { config, clock, emit, firstPolicy }: Omit<RecordsOptions, "onFatal">,
): Promise<Records> {
  let inForce = await loadPolicy(store, { config, clock, firstPolicy });
  const domains: LocalDomains = { kindOf: (domain) => kindOfDomain(inForce.policy, domain) };
  const directory = await loadDirectory({ store, domains });
  const change = oneAtATime();
  return {
    store,
    directory,
    domains,
    administration: createAdministration({ store, directory, domains, clock, oneAtATime: change }),
    aliases: createAliasAdministration({ store, directory, domains, clock, oneAtATime: change }),
    policy: {
      current: () => inForce,
      async apply({ document, who, why }) {
        const policy = parsePolicy(document, policyContext(config));
        if (!isPolicy(policy)) return policy;
        const version = await addPolicyVersion(store, { at: clock.now(), who, why, document }, inForce.version);
        if (version === null) throw new Error("another policy was applied meanwhile: look at it first");
        inForce = { policy, version };
        directory.domainsChanged();
        emit({ name: "policy-applied", version, who, why });
        return [];
      },
    },
  };
}

/** Reads the policy in force; makes the first one. Throws when it does not parse: an unreadable policy never opens anything. */
async function loadPolicy(
  store: Store,
  { config, clock, firstPolicy }: Pick<RecordsOptions, "config" | "clock" | "firstPolicy">,
): Promise<PolicyInForce> {
  let current = await currentPolicy(store);
  if (current === null) {
    await addPolicyVersion(
      store,
      { at: clock.now(), who: "first start", why: "something to begin with", document: firstPolicy },
      0,
    );
    current = await currentPolicy(store);
  }
  if (current === null) throw new Error("the policy that was made at first start cannot be read");
  const policy = parsePolicy(current.document, policyContext(config));
  if (isPolicy(policy)) return { policy, version: current.version };
  throw new Error(`policy version ${current.version} cannot be used:\n${policy.map(formatProblem).join("\n")}`);
}

function kindOfDomain(policy: Policy, domain: string): ReturnType<LocalDomains["kindOf"]> {
  if (domain === "" || domain.startsWith("[")) return "here";
  const route = findEntry(policy.routing, domain)?.route;
  if (route?.kind !== "inbound") return "away";
  return route.unknownTo === null ? "here" : "split";
}
