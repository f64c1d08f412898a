import { stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeModifiedUtf7, encodeModifiedUtf7 } from "../imap/mailbox-name.ts";
import { type Exported, exportMail, type ExportOptions } from "./export.ts";
import { importMail, type Imported, type ImportOptions } from "./import.ts";
import { type ImapServer, openImapServer } from "./imap-source.ts";
import { openMaildir } from "./maildir.ts";
import { maildirArchive } from "./maildir-archive.ts";
import { mboxArchive } from "./mbox-archive.ts";
import { openMbox } from "./mbox-source.ts";
import type { Source } from "./source.ts";

export type ImportFrom =
  | { readonly maildir: string }
  | { readonly mbox: string; readonly mailbox?: string | undefined }
  | { readonly imap: ImapServer };

/** Throws `SourceUnreadable` and `ImportStopped`, with a sentence for people. */
export async function importFrom(from: ImportFrom, options: ImportOptions): Promise<Imported> {
  const source = await open(from);
  try {
    return await importMail(source, options);
  } finally {
    await source.close();
  }
}

async function open(from: ImportFrom): Promise<Source> {
  if ("maildir" in from) return openMaildir(await maildirBelow(from.maildir), decodeLevel);
  return "mbox" in from ? openMbox(from.mbox, from.mailbox ?? null) : openImapServer(from.imap);
}

/** People name their home as well as the Maildir in it. */
async function maildirBelow(path: string): Promise<string> {
  const isFolder = async (one: string) => (await stat(one).catch(() => null))?.isDirectory() === true;
  return !(await isFolder(join(path, "cur"))) && (await isFolder(join(path, "Maildir", "cur")))
    ? join(path, "Maildir")
    : path;
}

export async function exportTo(
  to: { readonly folder: string; readonly format: "maildir" | "mbox" },
  options: ExportOptions,
): Promise<Exported> {
  const archive = to.format === "mbox" ? mboxArchive(to.folder) : maildirArchive(to.folder, encodeLevel);
  return exportMail(options.mail, archive, options);
}

/** A "." would be a level in Maildir++, so it is written as modified UTF-7 would write any character. */
const encodedDot = "&AC4-";

function encodeLevel(level: string): string {
  return encodeModifiedUtf7(level).replaceAll(".", encodedDot);
}

/** What is no modified UTF-7 is taken as it is: some servers write UTF-8. */
function decodeLevel(level: string): string {
  return level
    .split(encodedDot)
    .map((part) => decodeModifiedUtf7(part) ?? part)
    .join(".");
}
