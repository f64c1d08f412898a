import { z } from "zod";
import type { PolicyDiff } from "../../policy/diff.ts";
import type { Proof } from "../../policy/prove.ts";

/** The shapes of a proof and of a difference (relay-policy §3), for those who read them from outside. */

const texts = z.array(z.string()).readonly();

const clients = {
  ipv4: texts.describe("CIDR blocks, minimal and sorted"),
  ipv6: texts,
  count4: z.string().describe("a decimal number: it may be beyond 2^53"),
  count6: z.string(),
  public4: z.string().describe("how many of them are globally reachable"),
  public6: z.string(),
};

const proved = z.object({ ...clients, exampleIn: z.string().nullable(), exampleOut: z.string().nullable() });

const destinations = z
  .array(
    z.object({
      sentTo: z.string(),
      route: z.string(),
      endsAt: z.string(),
      recipients: z.string().optional().describe("how recipients at another host are verified"),
    }),
  )
  .readonly()
  .describe("open to strangers");

export const proof: z.ZodType<Proof> = z.object({
  listeners: z
    .array(
      z.object({ name: z.string(), kind: z.enum(["relay", "submission"]), withoutLogin: proved, withLogin: proved }),
    )
    .readonly(),
  destinations,
  entries: z
    .array(z.object({ id: z.string(), status: z.enum(["live", "expired", "shadowed", "dead"]), because: z.string() }))
    .readonly(),
  openRelay: z.boolean(),
});

const changed = z.object({ gained: z.object(clients), lost: z.object(clients) });
const names = z.object({ added: texts, removed: texts, changed: texts });

export const difference: z.ZodType<PolicyDiff> = z.object({
  listeners: z.array(z.object({ name: z.string(), withoutLogin: changed, withLogin: changed })).readonly(),
  destinations: z.object({ opened: destinations, closed: destinations }),
  recipients: z
    .array(z.object({ sentTo: z.string(), before: z.string(), after: z.string(), gained: texts, lost: texts }))
    .readonly(),
  entries: names,
  routes: names,
  openRelay: z.object({ before: z.boolean(), after: z.boolean() }),
});
