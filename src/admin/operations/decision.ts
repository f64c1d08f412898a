import { z } from "zod";
import { policyContext } from "../../config/policy-context.ts";
import { isPolicy, parsePolicy } from "../../policy/document.ts";
import { explain } from "../../policy/explain.ts";
import { factsFromJson } from "../../policy/facts-json.ts";
import { policyVersion } from "../../store/policy-versions.ts";
import { idOfRef, refOf } from "../../store/ref.ts";
import { operation } from "../operation.ts";

const condition = z.object({ condition: z.string(), matched: z.boolean(), because: z.string().optional() });

export const decisionExplain = operation({
  name: "explain",
  help: "why a recipient was accepted or refused, by the REF of the reply",
  input: z.strictObject({ ref: z.string().min(1) }),
  output: z.object({
    at: z.string(),
    client: z.string(),
    listener: z.string(),
    from: z.string(),
    to: z.string(),
    count: z.number(),
    policyVersion: z.number(),
    verdict: z.string(),
    rule: z.string(),
    trace: z.array(condition),
  }),
  worksAtRest: true,
  async run({ store, config, flushJournal }, { ref }) {
    const id = idOfRef(ref);
    if (id === null) return { failed: "invalid", message: `${JSON.stringify(ref)} is no REF` };
    await flushJournal();
    const [row] = await store.read({ sql: "SELECT * FROM decision WHERE id = ?", parameters: [id] });
    if (row === undefined)
      return {
        failed: "not-found",
        message: `the journal has no decision ${ref}: it may be older than the journal is kept`,
      };
    const version = await policyVersion(store, Number(row["policy_version"]));
    const policy = version === null ? null : parsePolicy(version.document, policyContext(config));
    if (policy === null || !isPolicy(policy))
      return { failed: "unavailable", message: "the policy of that time cannot be read any more" };
    const { facts, recipients } = factsFromJson(String(row["facts"]));
    const { trace } = explain(policy, facts, recipients);
    return {
      at: new Date(Number(row["at"])).toISOString(),
      client: String(row["client"]),
      listener: String(row["listener"]),
      from: String(row["reverse_path"]),
      to: String(row["forward_path"]),
      count: Number(row["count"]),
      policyVersion: Number(row["policy_version"]),
      verdict: String(row["verdict"]),
      rule: String(row["rule"]),
      trace: trace.map(({ condition: asked, matched, because }) => ({
        condition: asked,
        matched,
        ...(because === undefined ? {} : { because }),
      })),
    };
  },
});

export const decisionList = operation({
  name: "decisions",
  help: "the latest decisions, newest first",
  input: z.strictObject({ limit: z.coerce.number().int().positive().max(10_000).optional() }),
  output: z.array(
    z.object({
      ref: z.string(),
      at: z.string(),
      verdict: z.string(),
      rule: z.string(),
      count: z.number(),
      client: z.string(),
      from: z.string(),
      to: z.string(),
    }),
  ),
  worksAtRest: true,
  async run({ store, flushJournal }, { limit }) {
    await flushJournal();
    const rows = await store.read({
      sql: "SELECT id, at, verdict, rule, count, client, reverse_path, forward_path FROM decision ORDER BY id DESC LIMIT ?",
      parameters: [limit ?? 50],
    });
    return rows.map((row) => ({
      ref: refOf(Number(row["id"])),
      at: new Date(Number(row["at"])).toISOString(),
      verdict: String(row["verdict"]),
      rule: String(row["rule"]),
      count: Number(row["count"]),
      client: String(row["client"]),
      from: String(row["reverse_path"]),
      to: String(row["forward_path"]),
    }));
  },
});
