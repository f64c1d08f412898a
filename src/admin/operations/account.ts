import { randomInt } from "node:crypto";
import { z } from "zod";
import type { Account } from "../../accounts/account.ts";
import type { AdminContext } from "../context.ts";
import { type Failure, operation } from "../operation.ts";

const shown = z.object({
  account: z.string(),
  enabled: z.boolean(),
  mayRelay: z.boolean(),
  senders: z.enum(["own", "any"]),
});

function show(account: Account): z.output<typeof shown> {
  const { name, domain, isEnabled, mayRelay, senders } = account;
  return { account: `${name}@${domain}`, enabled: isEnabled, mayRelay, senders };
}

const named = z.strictObject({ account: z.string().min(1) });

function find({ directory }: AdminContext, account: string): Account | Failure {
  return (
    directory.byLogin(account) ?? { failed: "not-found", message: `there is no account ${JSON.stringify(account)}` }
  );
}

const refusal = (refused: string): Failure => ({ failed: "invalid", message: refused });

export const accountList = operation({
  name: "account list",
  help: "who is here",
  input: z.strictObject({}),
  output: z.array(shown),
  worksAtRest: true,
  run: ({ directory }) => Promise.resolve(directory.accounts().map(show)),
});

export const accountAdd = operation({
  name: "account add",
  help: "make an account; without a password one is made and shown once",
  input: z.strictObject({ account: z.string().min(1), password: z.string().min(1).optional() }),
  output: z.object({ account: z.string(), password: z.string().nullable() }),
  worksAtRest: true,
  async run({ administration }, { account, password }) {
    const made = password === undefined ? freshPassword() : null;
    const created = await administration.create({ address: account, password: { password: password ?? made ?? "" } });
    return "refused" in created ? refusal(created.refused) : { account: show(created).account, password: made };
  },
});

export const accountPassword = operation({
  name: "account password",
  help: "give an account another password; without one it is made and shown once",
  input: z.strictObject({ account: z.string().min(1), password: z.string().min(1).optional() }),
  output: z.object({ account: z.string(), password: z.string().nullable() }),
  worksAtRest: true,
  async run(context, { account, password }) {
    const found = find(context, account);
    if ("failed" in found) return found;
    const made = password === undefined ? freshPassword() : null;
    const refused = await context.administration.setPassword(found, { password: password ?? made ?? "" });
    return refused === null ? { account: show(found).account, password: made } : refusal(refused.refused);
  },
});

export const accountDelete = operation({
  name: "account delete",
  help: "delete an account with its mailboxes and messages",
  input: named,
  output: z.object({ deleted: z.string() }),
  worksAtRest: true,
  async run(context, { account }) {
    const found = find(context, account);
    if ("failed" in found) return found;
    const refused = await context.administration.delete(found);
    return refused === null ? { deleted: show(found).account } : refusal(refused.refused);
  },
});

export const accountEnable = change("account enable", "let an account log in again", { isEnabled: true });
export const accountDisable = change("account disable", "keep an account from logging in; its sessions end", {
  isEnabled: false,
});

function change(name: string, help: string, settings: { readonly isEnabled: boolean }) {
  return operation({
    name,
    help,
    input: named,
    output: shown,
    worksAtRest: true,
    async run(context, { account }) {
      const found = find(context, account);
      if ("failed" in found) return found;
      const changed = await context.administration.change(found, settings);
      return "refused" in changed ? refusal(changed.refused) : show(changed);
    },
  });
}

/** Twenty characters without look-alikes: about 98 bits. */
export function freshPassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  const letters = Array.from({ length: 20 }, () => alphabet.charAt(randomInt(alphabet.length)));
  return letters.join("").replace(/(.{5})(?=.)/g, "$1-");
}
