import { filtersLoosely, forwardsPackets } from "./admin/machine.ts";
import type { AdminContext } from "./admin/context.ts";
import { checkPolicy } from "./policy/check.ts";

/** What must not be overlooked is said at every start (relay-policy §2.2): an open relay, and a machine that undermines local-address grants. */
export async function warnAtStart({ policy, clock, emit }: AdminContext): Promise<void> {
  const [forwards, isLoose] = await Promise.all([forwardsPackets(), filtersLoosely()]);
  const now = clock.now();
  const facts = { now, lastUsed: null, journalSince: now, forwardsPackets: forwards === true || isLoose === true };
  for (const { about, warning } of checkPolicy(policy.current().policy, facts)) {
    if (about !== "relay" && about !== "relay.local-addresses") continue;
    emit({ name: "trouble", doing: `looking at the policy (${about})`, problem: warning });
  }
}
