import { z } from "zod";
import { generateInitialPassword } from "../../accounts/generated.ts";
import { nodeHasher } from "../../accounts/hasher.ts";
import type { Account } from "../../accounts/account.ts";
import { formatAddress } from "../../address/path.ts";
import { formatSize, parseSize, roundSize } from "../../config/size.ts";
import { readUsage } from "../../store/mailboxes.ts";
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
  plusMailbox: z.enum(["none", "existing", "made"]),
  quota: z.string(),
  forwardTo: z.array(z.string()),
  keepsForwarded: z.boolean(),
});

function show(account: Account): z.output<typeof shown> {
  const { name, domain, isEnabled, mayRelay, senders, maySendAs, plusAddressing, quota } = account;
  return {
    account: formatAddress({ localPart: name, domain }),
    enabled: isEnabled,
    mayRelay,
    senders,
    maySendAs: [...maySendAs],
    plusAddressing,
    plusMailbox: account.plusMailbox,
    quota: quota === null ? "default" : quota === 0 ? "none" : formatSize(quota),
    forwardTo: [...account.forwardTo],
    keepsForwarded: account.keepsForwarded,
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
  plusMailbox: z
    .enum(["none", "existing", "made"])
    .optional()
    .describe(
      "where that mail goes: INBOX, the mailbox called so if there is one, or that one, made when it is missing",
    ),
  forwardTo: z.array(z.string()).optional().describe("addresses to which its mail is forwarded; none: an empty list"),
  keepsForwarded: z.boolean().optional().describe("whether what is forwarded is kept here too"),
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

export const accountQuota = operation({
  name: "account quota",
  help: 'how much the mailboxes of an account hold and may hold; "default" is what the boot file says, "none" no bound',
  input: named.extend({ quota: z.string().optional().describe('"2 GB", "default" or "none"; absent: only looked at') }),
  output: z.object({
    account: z.string(),
    quota: z.string(),
    used: z.string(),
    octets: z.number(),
    messages: z.number(),
  }),
  worksAtRest: true,
  async run(context, { account, quota: wanted }) {
    const found = find(context, account);
    if ("failed" in found) return found;
    const quota = wanted === undefined ? found.quota : quotaOf(wanted);
    if (typeof quota === "object" && quota !== null) return refusal(`${JSON.stringify(wanted)} ${quota.refused}`);
    const changed = wanted === undefined ? found : await context.administration.change(found, { quota });
    if ("refused" in changed) return refusal(changed.refused);
    const [row] = await context.store.read(readUsage(found.id));
    const octets = Number(row?.["octets"] ?? 0);
    const { account: name, quota: text } = show(changed);
    return { account: name, quota: text, used: roundSize(octets), octets, messages: Number(row?.["messages"] ?? 0) };
  },
});

function quotaOf(text: string): number | null | { readonly refused: string } {
  if (text === "default") return null;
  return text === "none" ? 0 : parseSize(text);
}

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
