import { z } from "zod";
import { parseDuration } from "../../config/duration.ts";
import { pastContext } from "../../config/policy-context.ts";
import { isPolicy, parsePolicy } from "../../policy/document.ts";
import { explain } from "../../policy/explain.ts";
import { factsFromJson } from "../../policy/facts-json.ts";
import type { Policy } from "../../policy/policy.ts";
import { decisionById, recentDecisions } from "../../store/journal-desk.ts";
import type { DecisionRow } from "../../store/journal-rows.ts";
import { policyVersion } from "../../store/policy-versions.ts";
import { idOfRef, refOf } from "../../store/ref.ts";
import type { AdminContext } from "../context.ts";
import { operation } from "../operation.ts";

const condition = z.object({ condition: z.string(), matched: z.boolean(), because: z.string().optional() });

const shown = z.object({
  ref: z.string(),
  at: z.string(),
  verdict: z.string(),
  rule: z.string(),
  count: z.number(),
  client: z.string(),
  from: z.string(),
  to: z.string(),
});

function show(row: DecisionRow): z.output<typeof shown> {
  return {
    ref: refOf(row.id),
    at: new Date(row.at).toISOString(),
    verdict: row.verdict,
    rule: row.rule,
    count: row.count,
    client: row.client,
    from: row.reverse_path === "" ? "<>" : row.reverse_path,
    to: row.forward_path,
  };
}

export const decisionExplain = operation({
  name: "explain",
  help: "why a recipient was accepted or refused, by the REF of the reply",
  input: z.strictObject({ ref: z.string().min(1) }),
  output: shown.extend({
    listener: z.string(),
    account: z.string().nullable(),
    policyVersion: z.number(),
    trace: z.array(condition),
  }),
  worksAtRest: true,
  async run({ store, config, policy: { current }, flushJournal }, { ref }) {
    const id = idOfRef(ref);
    if (id === null) return { failed: "invalid", message: `${JSON.stringify(ref)} is no REF` };
    await flushJournal();
    const row = await decisionById(store, id);
    if (row === null)
      return {
        failed: "not-found",
        message: `the journal has no decision ${ref}: it may be older than the journal is kept`,
      };
    const policy = row.policy_version === current().version ? current().policy : await policyOf(row, { store, config });
    if (policy === null) {
      return { failed: "unavailable", message: "the policy of that time cannot be read any more" };
    }
    const { facts, recipients } = factsFromJson(row.facts);
    const { trace } = explain(policy, facts, recipients);
    return {
      ...show(row),
      listener: row.listener,
      account: row.account,
      policyVersion: row.policy_version,
      trace: trace.map(({ condition: asked, matched, because }) => ({
        condition: asked,
        matched,
        ...(because === undefined ? {} : { because }),
      })),
    };
  },
});

/** The policy that a decision was made under, read again. */
async function policyOf(
  { policy_version }: DecisionRow,
  { store, config }: Pick<AdminContext, "store" | "config">,
): Promise<Policy | null> {
  const version = await policyVersion(store, policy_version);
  const policy = version === null ? null : parsePolicy(version.document, pastContext(config));
  return policy !== null && isPolicy(policy) ? policy : null;
}

export const decisionList = operation({
  name: "decisions",
  help: "the latest decisions, newest first",
  input: z.strictObject({
    limit: z.coerce.number().int().positive().max(10_000).optional(),
    verdict: z.enum(["deliver", "relay", "refuse", "defer"]).optional(),
    rule: z.string().optional(),
    client: z.string().optional(),
    account: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    listener: z.string().optional(),
    /** How far back: "2 h". */
    since: z.string().optional(),
    /** The REF of the last one of the page before. */
    before: z.string().optional(),
  }),
  output: z.array(shown),
  worksAtRest: true,
  async run({ store, flushJournal, clock }, { limit, from, to, since, before, ...same }) {
    const ago = since === undefined ? null : parseDuration(since);
    if (ago !== null && typeof ago !== "number") {
      return { failed: "invalid", message: `since ${JSON.stringify(since)} ${ago.refused}` };
    }
    const last = before === undefined ? null : idOfRef(before);
    if (before !== undefined && last === null) {
      return { failed: "invalid", message: `${JSON.stringify(before)} is no REF` };
    }
    await flushJournal();
    const filter = {
      ...same,
      reversePath: from === "<>" ? "" : from,
      forwardPath: to,
      since: ago === null ? undefined : clock.now() - ago,
      before: last ?? undefined,
    };
    return (await recentDecisions(store, filter, limit ?? 50)).map(show);
  },
});
