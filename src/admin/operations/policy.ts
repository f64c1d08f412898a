import { z } from "zod";
import { pastContext, policyContext } from "../../config/policy-context.ts";
import { diffPolicies } from "../../policy/diff.ts";
import { isPolicy, parsePolicy } from "../../policy/document.ts";
import type { PolicyContext } from "../../policy/context.ts";
import type { Policy } from "../../policy/policy.ts";
import { prove } from "../../policy/prove.ts";
import { formatProblem, type PolicyProblem } from "../../policy/problems.ts";
import { policyHistory, policyToUndoTo, policyVersion } from "../../store/policy-versions.ts";
import type { AdminContext } from "../context.ts";
import { type Failure, operation } from "../operation.ts";
import { difference, proof } from "./policy-schemas.ts";

const version = z.object({ version: z.number(), at: z.string(), who: z.string(), why: z.string() });

const applied = z.object({ version: z.number(), changes: difference });

export const policyShow = operation({
  name: "policy show",
  help: "the document in force, or a version of it",
  input: z.strictObject({ version: z.coerce.number().int().positive().optional() }),
  output: version.extend({ document: z.string() }),
  worksAtRest: true,
  async run({ store, policy }, input) {
    const wanted = input.version ?? policy.current().version;
    const found = await policyVersion(store, wanted);
    if (found === null) return { failed: "not-found", message: `there is no policy version ${wanted}` };
    return {
      version: found.version,
      at: timeOf(found.appliedAt),
      who: found.who,
      why: found.why,
      document: found.document,
    };
  },
});

export const policyApply = operation({
  name: "policy apply",
  help: "put a document in force, at once and without a restart",
  input: z.strictObject({ document: z.string(), why: z.string(), who: z.string() }),
  output: applied,
  worksAtRest: true,
  run: (context, change) => apply(context, change),
});

export const policyHistoryOf = operation({
  name: "policy history",
  help: "who applied what, when and why",
  input: z.strictObject({ limit: z.coerce.number().int().positive().max(10_000).optional() }),
  output: z.array(version),
  worksAtRest: true,
  async run({ store }, { limit }) {
    const versions = await policyHistory(store, limit ?? 50);
    return versions.map(({ version: number, appliedAt, who, why }) => ({
      version: number,
      at: timeOf(appliedAt),
      who,
      why,
    }));
  },
});

export const policyUndo = operation({
  name: "policy undo",
  help: "go back to the version before; undone in the same way",
  input: z.strictObject({ who: z.string() }),
  output: applied,
  worksAtRest: true,
  async run(context, { who }) {
    const before = await policyToUndoTo(context.store);
    if (before === null) return { failed: "not-found", message: "there is no version before this one" };
    return apply(context, { document: before.document, who, why: `back to version ${before.version}` });
  },
});

export const policyProve = operation({
  name: "policy prove",
  help: "who can relay, computed exactly, with and without a login",
  input: z.strictObject({}),
  output: proof,
  worksAtRest: true,
  run: ({ policy, clock }) => Promise.resolve(prove(policy.current().policy, clock.now())),
});

export const policyDiff = operation({
  name: "policy diff",
  help: "what a step would change: who gains and loses, what opens and closes",
  input: z.strictObject({
    /** A document that is not in force. */
    document: z.string().optional(),
    /** Versions; the one in force where none is given. */
    from: z.coerce.number().int().positive().optional(),
    to: z.coerce.number().int().positive().optional(),
  }),
  output: difference,
  worksAtRest: true,
  async run(context, { document, from, to }) {
    const before = await versionOf(context, from);
    if ("failed" in before) return before;
    const after = document === undefined ? await versionOf(context, to) : read(document, policyContext(context.config));
    if ("failed" in after) return after;
    return diffPolicies(before, after, context.clock.now());
  },
});

async function apply(
  context: AdminContext,
  change: { readonly document: string; readonly who: string; readonly why: string },
): Promise<z.output<typeof applied> | Failure> {
  const { policy, clock } = context;
  const before = policy.current().policy;
  const problems = await policy.apply(change);
  if (problems.length > 0) return noPolicy(problems);
  const { version: number, policy: after } = policy.current();
  return { version: number, changes: diffPolicies(before, after, clock.now()) };
}

/** The policy of a version, of the one in force when none is named. */
async function versionOf(
  { store, config, policy }: AdminContext,
  wanted: number | undefined,
): Promise<Policy | Failure> {
  const current = policy.current();
  if (wanted === undefined || wanted === current.version) return current.policy;
  const found = await policyVersion(store, wanted);
  if (found === null) return { failed: "not-found", message: `there is no policy version ${wanted}` };
  return read(found.document, pastContext(config));
}

function read(document: string, at: PolicyContext): Policy | Failure {
  const policy = parsePolicy(document, at);
  return isPolicy(policy) ? policy : noPolicy(policy);
}

function noPolicy(problems: readonly PolicyProblem[]): Failure {
  return {
    failed: "invalid",
    message: "this is no policy, the one in force stays",
    problems: problems.map(formatProblem),
  };
}

const timeOf = (at: number) => new Date(at).toISOString();
