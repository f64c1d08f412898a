import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { findMessages, lookAt, octetsOf } from "./mbox.ts";
import { type Source, type SourceMailbox, type SourceMessage, SourceUnreadable } from "./source.ts";

/**
 * One mbox file, or a folder of them (subfolders are levels of names, and ".sbd" folders those of Thunderbird). `into`: the mailbox
 * for a single file; else its name without ".mbox".
 */
export async function openMbox(path: string, into: string | null): Promise<Source> {
  const found = await stat(path).catch((error: unknown) => {
    throw new SourceUnreadable(`${path} cannot be read: ${String(error)}`);
  });
  const files = found.isDirectory() ? await filesBelow(path, "") : [{ path, name: into ?? nameOf(basename(path)) }];
  if (files.length === 0) throw new SourceUnreadable(`${path} holds no mbox file`);
  return {
    name: "mbox",
    mailboxes: () => Promise.all(files.map(mailboxIn)),
    close: () => Promise.resolve(),
  };
}

const mostFiles = 10_000;
const deepest = 20;

type File = { readonly path: string; readonly name: string };

async function filesBelow(folder: string, prefix: string, depth = 0): Promise<File[]> {
  if (depth > deepest) return [];
  const files: File[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const name = prefix + nameOf(entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path, `${name}/`, depth + 1)));
    else if (entry.isFile() && !isIndex(entry.name)) files.push({ path, name });
    if (files.length > mostFiles) throw new SourceUnreadable(`${folder} holds more than ${mostFiles} files`);
  }
  return files;
}

const nameOf = (file: string) => file.replace(/\.(?:mbox|sbd)$/i, "").replace(/^inbox$/i, "INBOX");

/** What mail programs keep beside an mbox. */
const isIndex = (file: string) => /^\.|\.(?:msf|dat|idx|lock|json|html)$/i.test(file);

async function mailboxIn({ path, name }: File): Promise<SourceMailbox> {
  const places = await findMessages(path);
  if (places.length === 0 && (await stat(path)).size > 0)
    throw new SourceUnreadable(`${path} is no mbox: no line begins with "From " and ends with a date`);
  return {
    name,
    messages: places.length,
    async *read(skip): AsyncGenerator<SourceMessage> {
      const times = new Map<string, number>();
      for (const place of places) {
        const { flags, key: hash } = await lookAt(path, place);
        // The same message twice stays twice: the second is told apart by its turn.
        const time = (times.get(hash) ?? 0) + 1;
        times.set(hash, time);
        const key = `${name}:${hash}${time === 1 ? "" : `:${time}`}`;
        if (!skip.has(key)) yield { key, flags, internalDate: place.date, read: () => octetsOf(path, place) };
      }
    },
  };
}
