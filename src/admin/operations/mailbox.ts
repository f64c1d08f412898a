import { z } from "zod";
import type { Account } from "../../accounts/account.ts";
import { addressOf } from "../../accounts/account.ts";
import { formatAddress } from "../../address/path.ts";
import { roundSize } from "../../config/size.ts";
import type { Mail, MailRefusal } from "../../imap/mail.ts";
import { readUsage } from "../../store/mailboxes.ts";
import type { AdminContext } from "../context.ts";
import { type Failure, operation } from "../operation.ts";
import { find } from "./account.ts";

const named = z.strictObject({ account: z.string().min(1).describe("account, or account@domain") });
const withMailbox = named.extend({ mailbox: z.string().min(1).max(1000).describe("levels apart by /") });

const shown = z.object({
  mailbox: z.string(),
  messages: z.number(),
  unseen: z.number(),
  size: z.string(),
  use: z.string().nullable(),
  subscribed: z.boolean(),
});

export function refusalOf({ refused, text }: MailRefusal): Failure {
  return { failed: refused === "no-such-mailbox" ? "not-found" : "conflict", message: text };
}

/** The mail of the account of this name, or why not. */
export function mailOf(context: AdminContext, name: string): { account: Account; mail: Mail } | Failure {
  const account = find(context, name);
  return "failed" in account ? account : { account, mail: context.mailOf(account) };
}

export const mailboxList = operation({
  name: "mailbox list",
  help: "the mailboxes of an account",
  input: named,
  output: z.array(shown),
  worksAtRest: true,
  async run(context, { account }) {
    const found = mailOf(context, account);
    if ("failed" in found) return found;
    const rows: z.output<typeof shown>[] = [];
    for (const { name, specialUse, isSubscribed, isSelectable } of await found.mail.list()) {
      const status = isSelectable ? await found.mail.status(name) : null;
      const counts = status === null || "refused" in status ? { messages: 0, unseen: 0, octets: 0 } : status;
      rows.push({
        mailbox: name,
        messages: counts.messages,
        unseen: counts.unseen,
        size: roundSize(counts.octets),
        use: specialUse,
        subscribed: isSubscribed,
      });
    }
    return rows;
  },
});

export const mailboxCreate = operation({
  name: "mailbox create",
  help: "make a mailbox, and those above it that are missing",
  input: withMailbox.extend({ use: z.enum(["Archive", "Drafts", "Junk", "Sent", "Trash"]).optional() }),
  output: z.object({ created: z.string() }),
  worksAtRest: true,
  async run(context, { account, mailbox, use }) {
    const found = mailOf(context, account);
    if ("failed" in found) return found;
    const made = await found.mail.create(mailbox, use === undefined ? [] : [`\\${use}`]);
    if ("refused" in made) return refusalOf(made);
    const refused = await found.mail.subscribe(mailbox);
    return refused === null ? { created: mailbox } : refusalOf(refused);
  },
});

export const mailboxRename = operation({
  name: "mailbox rename",
  help: "give a mailbox another name, with all below it",
  input: withMailbox.extend({ to: z.string().min(1).max(1000) }),
  output: z.object({ renamed: z.string(), to: z.string() }),
  worksAtRest: true,
  async run(context, { account, mailbox, to }) {
    const found = mailOf(context, account);
    if ("failed" in found) return found;
    const refused = await found.mail.rename(mailbox, to);
    return refused === null ? { renamed: mailbox, to } : refusalOf(refused);
  },
});

export const mailboxDelete = operation({
  name: "mailbox delete",
  help: "delete a mailbox with its messages; those below it stay",
  input: withMailbox,
  output: z.object({ deleted: z.string() }),
  worksAtRest: true,
  async run(context, { account, mailbox }) {
    const found = mailOf(context, account);
    if ("failed" in found) return found;
    const refused = await found.mail.delete(mailbox);
    return refused === null ? { deleted: mailbox } : refusalOf(refused);
  },
});

const usage = z.object({
  account: z.string(),
  messages: z.number(),
  size: z.string(),
  octets: z.number(),
  quota: z.string(),
});

export const mailboxUsage = operation({
  name: "mailbox usage",
  help: "what the mailboxes of accounts hold, the fullest first",
  input: z.strictObject({ account: z.string().min(1).optional() }),
  output: z.array(usage),
  worksAtRest: true,
  async run(context, { account }) {
    const one = account === undefined ? null : find(context, account);
    if (one !== null && "failed" in one) return one;
    const rows: z.output<typeof usage>[] = [];
    for (const found of one === null ? context.directory.accounts() : [one]) {
      const [row] = await context.store.read(readUsage(found.id));
      const octets = Number(row?.["octets"] ?? 0);
      const limit = found.quota ?? context.config.limits.mailboxSize;
      rows.push({
        account: formatAddress(addressOf(found)),
        messages: Number(row?.["messages"] ?? 0),
        size: roundSize(octets),
        octets,
        quota: limit === 0 ? "none" : roundSize(limit),
      });
    }
    return rows.toSorted((a, b) => b.octets - a.octets);
  },
});

export const mailboxReindex = operation({
  name: "mailbox reindex",
  help: "make the index of searches anew, for all accounts",
  input: z.strictObject({}),
  output: z.object({ messages: z.number() }),
  worksAtRest: true,
  async run(context, _input, { progress }) {
    const [row] = await context.store.read({
      sql: "SELECT COUNT(DISTINCT content_id) AS n FROM message",
      parameters: [],
    });
    const total = Number(row?.["n"] ?? 0);
    return { messages: await context.reindex((count) => progress(count, Math.max(count, total))) };
  },
});
