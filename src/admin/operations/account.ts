import { z } from "zod";
import { generateInitialPassword } from "../../accounts/generated.ts";
import { nodeHasher } from "../../accounts/hasher.ts";
import type { Account } from "../../accounts/account.ts";
import { formatAddress } from "../../address/path.ts";
import type { AccountSettings } from "../../accounts/administer.ts";
import type { AdminContext } from "../context.ts";
import { type Failure, operation } from "../operation.ts";

const shown = z.object({
  account: z.string(),
  enabled: z.boolean(),
  mayRelay: z.boolean(),
  senders: z.enum(["own", "any"]),
  maySendAs: z.array(z.string()),
  plusAddressing: z.boolean(),
});

function show(account: Account): z.output<typeof shown> {
  const { name, domain, isEnabled, mayRelay, senders, maySendAs, plusAddressing } = account;
  return {
    account: formatAddress({ localPart: name, domain }),
    enabled: isEnabled,
    mayRelay,
    senders,
    maySendAs: [...maySendAs],
    plusAddressing,
  };
}

const named = z.strictObject({ account: z.string().min(1).describe("account, or account@domain") });

/** Without one, one is made and shown once. */
const password = z.string().min(1).optional();

const settings = {
  mayRelay: z.boolean().optional().describe("whether its logins count for relaying"),
  senders: z.enum(["own", "any"]).optional().describe("which addresses it may write as"),
  maySendAs: z.array(z.string()).optional().describe("further addresses, or @domain for all of a domain"),
  plusAddressing: z.boolean().optional().describe("whether name+anything is its own"),
};
const changes = z.object(settings);

/** Without the keys that were not given: those keep what they are. */
function settingsOf(wanted: z.output<typeof changes>): Partial<AccountSettings> {
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}

/** The account of this name; another operation's file finds it in the same way. */
export function find({ directory }: AdminContext, account: string): Account | Failure {
  return (
    directory.byLogin(account) ?? { failed: "not-found", message: `there is no account ${JSON.stringify(account)}` }
  );
}

export const refusal = (refused: string): Failure => ({ failed: "invalid", message: refused });

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
  input: named.extend({ password, ...settings }),
  output: z.object({ account: z.string(), password: z.string().nullable() }),
  worksAtRest: true,
  async run({ administration }, { account, password: given, ...wanted }) {
    const made = given === undefined ? generateInitialPassword(nodeHasher) : null;
    const created = await administration.create({
      address: account,
      password: { password: given ?? made ?? "" },
      ...settingsOf(wanted),
    });
    return "refused" in created ? refusal(created.refused) : { account: show(created).account, password: made };
  },
});

export const accountPassword = operation({
  name: "account password",
  help: "give an account another password; without one it is made and shown once",
  input: named.extend({ password, allowScram: z.boolean().optional() }),
  output: z.object({ account: z.string(), password: z.string().nullable() }),
  worksAtRest: true,
  async run(context, { account, password: given, allowScram }) {
    const found = find(context, account);
    if ("failed" in found) return found;
    const made = given === undefined ? generateInitialPassword(nodeHasher) : null;
    const refused = await context.administration.setPassword(found, {
      password: given ?? made ?? "",
      allowsScram: allowScram === true,
    });
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

export const accountChange = operation({
  name: "account change",
  help: "what an account may do: relay, write as others",
  input: named.extend(settings),
  output: shown,
  worksAtRest: true,
  async run(context, { account, ...wanted }) {
    const found = find(context, account);
    if ("failed" in found) return found;
    const changed = await context.administration.change(found, settingsOf(wanted));
    return "refused" in changed ? refusal(changed.refused) : show(changed);
  },
});

export const accountEnable = switched("account enable", "let an account log in again", { isEnabled: true });
export const accountDisable = switched("account disable", "keep an account from logging in; its sessions end", {
  isEnabled: false,
});

function switched(name: string, help: string, settings: { readonly isEnabled: boolean }) {
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
