import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { firstLineOf } from "../input.ts";
import { UsageError } from "../usage-error.ts";
import { group, leaf, type Operate } from "./command.ts";

export function addMailboxCommands(program: Command, operate: Operate): void {
  const mailbox = group(program, "mailbox", "the mailboxes of accounts");
  leaf(mailbox, "list <account>", "which there are, and what is in them").action((account: string, options: object) =>
    operate("mailbox list", { account }, options),
  );
  leaf(mailbox, "create <account> <mailbox>", "make one, and those above it that are missing")
    .addOption(
      new Option("--use <what>", "what mail programs use it for").choices([
        "Archive",
        "Drafts",
        "Junk",
        "Sent",
        "Trash",
      ]),
    )
    .action((account: string, name: string, options: { readonly use?: string }) =>
      operate("mailbox create", { account, mailbox: name, ...(options.use && { use: options.use }) }, options),
    );
  leaf(mailbox, "rename <account> <mailbox> <to>", "give one another name, with all below it").action(
    (account: string, name: string, to: string, options: object) =>
      operate("mailbox rename", { account, mailbox: name, to }, options),
  );
  leaf(mailbox, "delete <account> <mailbox>", "delete one with its messages; those below it stay").action(
    (account: string, name: string, options: object) => operate("mailbox delete", { account, mailbox: name }, options),
  );
  leaf(mailbox, "usage [account]", "what mailboxes hold, the fullest first").action(
    (account: string | undefined, options: object) =>
      operate("mailbox usage", { ...(account !== undefined && { account }) }, options),
  );
  leaf(mailbox, "reindex", "make the index of searches anew, for all accounts").action((options: object) =>
    operate("mailbox reindex", {}, options),
  );
  addTransfer(mailbox, operate);
}

type ImportOptions = {
  readonly as?: "maildir" | "mbox";
  readonly below?: string;
  readonly mailbox?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
};

function addTransfer(mailbox: Command, operate: Operate): void {
  leaf(
    mailbox,
    "import <account> <from>",
    "take over mail, with flags and dates; again to go on, or to add what is new",
  )
    .addOption(
      new Option("--as <format>", "what the folder or file is; else a folder is a Maildir, a file an mbox").choices([
        "maildir",
        "mbox",
      ]),
    )
    .option("--below <mailbox>", "a mailbox above all that is imported")
    .option("--mailbox <mailbox>", "where a single mbox file goes; else it is called like the file")
    .option("--password-file <file>", "whose first line is the password for an IMAP server; - is standard input")
    .option("--ca <file>", "certificates to trust for an IMAP server instead of the machine's, PEM")
    .addHelpText(
      "after",
      "\nFrom: a folder, a file, or imaps://login@host[:port] (imap:// begins in clear and demands STARTTLS).",
    )
    .action(async (account: string, from: string, options: ImportOptions) => {
      const below = options.below === undefined ? {} : { below: options.below };
      await operate("mailbox import", { account, from: await sourceOf(from, options), ...below }, options);
    });
  leaf(mailbox, "export <account> <folder>", "write mail into a folder; again to add what is new")
    .addOption(new Option("--as <format>", "how it is written").choices(["maildir", "mbox"]).default("maildir"))
    .option("--mailbox <mailbox>", "only this one and those below it")
    .action((account: string, folder: string, options: { readonly as: string; readonly mailbox?: string }) =>
      operate(
        "mailbox export",
        {
          account,
          to: resolve(folder),
          format: options.as,
          ...(options.mailbox !== undefined && { mailbox: options.mailbox }),
        },
        options,
      ),
    );
}

async function sourceOf(from: string, options: ImportOptions): Promise<object> {
  if (/^imaps?:\/\//i.test(from)) return { imap: await serverOf(from, options) };
  const path = resolve(from);
  const { stat } = await import("node:fs/promises");
  const found = await stat(path).catch(() => null);
  if (found === null) throw new UsageError(`${path} is not there`);
  const format = options.as ?? (found.isDirectory() ? "maildir" : "mbox");
  if (format === "maildir") return { maildir: path };
  return { mbox: path, ...(options.mailbox !== undefined && { mailbox: options.mailbox }) };
}

async function serverOf(from: string, { passwordFile, ca }: ImportOptions): Promise<object> {
  const url = URL.canParse(from) ? new URL(from) : null;
  if (url === null || url.username === "" || url.password !== "" || !/^\/?$/.test(url.pathname))
    throw new UsageError(`${from} is no server: write imaps://login@host, with %40 for an @ in the login`);
  if (passwordFile === undefined) throw new UsageError("an IMAP server needs --password-file");
  const isImplicit = url.protocol === "imaps:";
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isImplicit ? 993 : 143) : Number(url.port),
    tls: isImplicit ? "implicit" : "starttls",
    ca: ca === undefined ? null : resolve(ca),
    login: decodeURIComponent(url.username),
    password: await firstLineOf(passwordFile),
  };
}
