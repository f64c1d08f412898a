import { z } from "zod";
import { prove } from "../../policy/prove.ts";
import { formatProblem } from "../../policy/problems.ts";
import { policyHistory, policyToUndoTo, policyVersion } from "../../store/policy-versions.ts";
import type { AdminContext } from "../context.ts";
import { type Failure, operation } from "../operation.ts";

const version = z.object({ version: z.number(), at: z.string(), who: z.string(), why: z.string() });

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
  output: z.object({ version: z.number() }),
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
  output: z.object({ version: z.number() }),
  worksAtRest: true,
  async run(context, { who }) {
    const before = await policyToUndoTo(context.store);
    if (before === null) return { failed: "not-found", message: "there is no version before this one" };
    return apply(context, { document: before.document, who, why: `back to version ${before.version}` });
  },
});

const proved = z.object({
  ipv4: z.array(z.string()).readonly(),
  ipv6: z.array(z.string()).readonly(),
  count4: z.string(),
  count6: z.string(),
  public4: z.string(),
  public6: z.string(),
  exampleIn: z.string().nullable(),
  exampleOut: z.string().nullable(),
});

export const policyProve = operation({
  name: "policy prove",
  help: "who can relay, computed exactly, with and without a login",
  input: z.strictObject({}),
  output: z.object({
    listeners: z
      .array(
        z.object({ name: z.string(), kind: z.enum(["relay", "submission"]), withoutLogin: proved, withLogin: proved }),
      )
      .readonly(),
    destinations: z.array(z.object({ sentTo: z.string(), route: z.string(), endsAt: z.string() })).readonly(),
    entries: z
      .array(z.object({ id: z.string(), status: z.enum(["live", "expired", "shadowed", "dead"]), because: z.string() }))
      .readonly(),
    openRelay: z.boolean(),
  }),
  worksAtRest: true,
  run: ({ policy, clock }) => Promise.resolve(prove(policy.current().policy, clock.now())),
});

async function apply(
  { policy }: AdminContext,
  change: { readonly document: string; readonly who: string; readonly why: string },
): Promise<{ version: number } | Failure> {
  const problems = await policy.apply(change);
  if (problems.length === 0) return { version: policy.current().version };
  return {
    failed: "invalid",
    message: "this is no policy, the one in force stays",
    problems: problems.map(formatProblem),
  };
}

const timeOf = (at: number) => new Date(at).toISOString();
