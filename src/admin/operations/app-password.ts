import { z } from "zod";
import { parseDuration } from "../../config/duration.ts";
import { operation } from "../operation.ts";
import { find, refusal } from "./account.ts";

const account = z.string().min(1);
const shown = z.object({
  id: z.number(),
  label: z.string(),
  scope: z.array(z.enum(["send", "read"])),
  expires: z.string().nullable(),
  lastUsed: z.string().nullable(),
});

const timeOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export const appPasswordList = operation({
  name: "app-password list",
  help: "passwords of single devices and programs",
  input: z.strictObject({ account }),
  output: z.array(shown),
  worksAtRest: true,
  async run(context, input) {
    const found = find(context, input.account);
    if ("failed" in found) return found;
    const all = await context.administration.appPasswords(found);
    return all.map(({ id, label, scope, expiresAt, lastUsedAt }) => ({
      id,
      label,
      scope: [...scope],
      expires: timeOf(expiresAt),
      lastUsed: timeOf(lastUsedAt),
    }));
  },
});

export const appPasswordAdd = operation({
  name: "app-password add",
  help: "make a password for one device; it is shown once",
  input: z.strictObject({
    account,
    label: z.string().min(1).max(100),
    /** How long it is good for: "90 days". */
    lasts: z.string().optional(),
    /** What it is good for; both when it is not said. */
    scope: z
      .array(z.enum(["send", "read"]))
      .min(1)
      .optional(),
  }),
  output: z.object({ id: z.number(), password: z.string() }),
  worksAtRest: true,
  async run(context, input) {
    const found = find(context, input.account);
    if ("failed" in found) return found;
    const lasts = input.lasts === undefined ? null : parseDuration(input.lasts);
    if (lasts !== null && typeof lasts !== "number") return refusal(`${JSON.stringify(input.lasts)} ${lasts.refused}`);
    const expiresAt = lasts === null ? null : context.clock.now() + lasts;
    const made = await context.administration.addAppPassword(found, {
      label: input.label,
      expiresAt,
      ...(input.scope === undefined ? {} : { scope: [...new Set(input.scope)] }),
    });
    return "refused" in made ? refusal(made.refused) : made;
  },
});

export const appPasswordRemove = operation({
  name: "app-password remove",
  help: "take one back",
  input: z.strictObject({ account, id: z.coerce.number().int() }),
  output: z.object({ removed: z.number() }),
  worksAtRest: true,
  async run(context, { account: name, id }) {
    const found = find(context, name);
    if ("failed" in found) return found;
    const refused = await context.administration.removeAppPassword(found, id);
    return refused === null ? { removed: id } : { failed: "not-found", message: refused.refused };
  },
});
