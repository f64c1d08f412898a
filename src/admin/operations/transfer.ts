import { isAbsolute } from "node:path";
import { z } from "zod";
import { importsOf } from "../../store/imports.ts";
import { ImportStopped } from "../../transfer/import.ts";
import { SourceUnreadable } from "../../transfer/source.ts";
import { type Failure, operation } from "../operation.ts";
import { mailOf } from "./mailbox.ts";

const path = z
  .string()
  .refine(isAbsolute, "has to be a whole path: the server's working folder is another one than yours");

const imapServer = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535),
  tls: z.enum(["implicit", "starttls", "none"]),
  ca: path.nullable(),
  login: z.string().min(1),
  password: z.string(),
});

/** Loaded when somebody imports: the client for other servers is large. */
const transfer = () => import("../../transfer/run.ts");

/** What the source or the account has against it, as a value. */
async function refusing<T>(done: Promise<T>): Promise<T | Failure> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof SourceUnreadable) return { failed: "invalid", message: error.message };
    if (error instanceof ImportStopped) return { failed: "conflict", message: error.message };
    throw error;
  }
}

export const mailboxImport = operation({
  name: "mailbox import",
  help: "take over mail from a Maildir, mbox files or another IMAP server, with flags and dates; again to go on or to add what is new",
  input: z.strictObject({
    account: z.string().min(1),
    from: z.union([
      z.strictObject({ maildir: path }),
      z.strictObject({ mbox: path, mailbox: z.string().min(1).optional() }),
      z.strictObject({ imap: imapServer }),
    ]),
    below: z.string().min(1).optional().describe("a mailbox above all that is imported"),
  }),
  output: z.object({
    mailboxes: z.number(),
    messages: z.number(),
    known: z.number().describe("were here from an earlier run"),
    problems: z.array(z.string()),
  }),
  worksAtRest: true,
  async run(context, { account: name, from, below }, { progress, signal }) {
    const found = mailOf(context, name);
    if ("failed" in found) return found;
    const { importFrom } = await transfer();
    const imported = await refusing(
      importFrom(from, {
        mail: found.mail,
        memory: importsOf(context.store, found.account.id),
        below: below ?? null,
        now: context.clock.now(),
        progress,
        signal,
      }),
    );
    return "failed" in imported ? imported : { ...imported, problems: [...imported.problems] };
  },
});

export const mailboxExport = operation({
  name: "mailbox export",
  help: "write the mail of an account into a folder, as a Maildir or as mbox files",
  input: z.strictObject({
    account: z.string().min(1),
    to: path,
    format: z.enum(["maildir", "mbox"]),
    mailbox: z.string().min(1).optional().describe("only this one and those below it"),
  }),
  output: z.object({ mailboxes: z.number(), messages: z.number() }),
  worksAtRest: true,
  async run(context, { account: name, to, format, mailbox }, { progress, signal }) {
    const found = mailOf(context, name);
    if ("failed" in found) return found;
    const { exportTo } = await transfer();
    return exportTo({ folder: to, format }, { mail: found.mail, only: mailbox ?? null, progress, signal });
  },
});
