import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import type { Condition, Decision } from "./decision.ts";
import { isDisguised } from "./disguise.ts";
import type { Existence, Facts, Recipients } from "./facts.ts";
import { judge } from "./judge.ts";
import { Note } from "./note.ts";
import type { Policy } from "./policy.ts";

export type Explanation = {
  readonly verdict: Decision["verdict"];
  readonly rule: Decision["rule"];
  readonly trace: readonly Condition[];
};

/** Judges again with every condition written down. */
export function explain(policy: Policy, facts: Facts, recipients: Recipients): Explanation {
  const note = new Note();
  const { verdict, rule } = judge(policy, facts, recipients, note);
  return { verdict, rule, trace: note.conditions };
}

/** Mailboxes of an imagined message exist, except for the forms that hide another address (relay-policy §3). */
export const imaginedRecipients: Recipients = { here: imagined, there: imagined };

function imagined(address: Address): Existence {
  return isDisguised(address) ? "none" : "exact";
}

/** The conditions for people, one a line, and the verdict last. */
export function explanationLines({ verdict, rule, trace }: Explanation, facts: Facts): string[] {
  const lines = trace.map(
    ({ condition, matched, because }) =>
      `${matched ? "  yes " : "  no  "} ${condition}${because === undefined ? "" : `: ${because}`}`,
  );
  return [...lines, `${verdict} by rule ${rule}: ${formatAddress(facts.forwardPath)}`];
}
