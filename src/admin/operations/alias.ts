import { z } from "zod";
import { formatAddress } from "../../address/path.ts";
import { operation } from "../operation.ts";

const shown = z.object({
  address: z.string(),
  kind: z.enum(["alias", "group", "catch-all"]),
  targets: z.array(z.string()),
});

export const aliasList = operation({
  name: "alias list",
  help: "aliases, groups and catch-alls",
  input: z.strictObject({}),
  output: z.array(shown),
  worksAtRest: true,
  run: ({ directory }) =>
    Promise.resolve(
      directory.aliases().map(({ kind, localPart, domain, targets }) => ({
        address: formatAddress({ localPart, domain }),
        kind,
        targets: targets.map(formatAddress),
      })),
    ),
});

export const aliasAdd = operation({
  name: "alias add",
  help: "lead an address to others; *@domain takes what nobody else in the domain takes",
  input: z.strictObject({
    address: z.string().min(1),
    targets: z.array(z.string().min(1)).min(1),
    group: z.boolean().optional(),
  }),
  output: shown,
  worksAtRest: true,
  async run({ aliases }, { address, targets, group }) {
    const kind = address.startsWith("*@") ? "catch-all" : group === true ? "group" : "alias";
    const saved = await aliases.save({ kind, address, targets });
    if ("refused" in saved) return { failed: "invalid", message: saved.refused };
    return { address, kind: saved.kind, targets: saved.targets.map(formatAddress) };
  },
});

export const aliasRemove = operation({
  name: "alias remove",
  help: "remove an alias, a group or a catch-all",
  input: z.strictObject({ address: z.string().min(1) }),
  output: z.object({ removed: z.string() }),
  worksAtRest: true,
  async run({ aliases }, { address }) {
    const refused = await aliases.remove(address);
    return refused === null ? { removed: address } : { failed: "not-found", message: refused.refused };
  },
});
