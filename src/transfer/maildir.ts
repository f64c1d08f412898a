import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CrlfMaker } from "./line-ends.ts";
import { type Source, type SourceMailbox, type SourceMessage, SourceUnreadable } from "./source.ts";

const flagLetters: Readonly<Record<string, string>> = {
  S: "\\Seen",
  R: "\\Answered",
  F: "\\Flagged",
  T: "\\Deleted",
  D: "\\Draft",
};

export function lettersOf(flags: readonly string[]): string {
  const letters = Object.entries(flagLetters).filter(([, flag]) => flags.includes(flag));
  return letters
    .map(([letter]) => letter)
    .sort()
    .join("");
}

/**
 * A Maildir: the folder itself is INBOX, its subfolders ".Sent" and ".Lists.News" are Sent and Lists/News (Maildir++); folders that
 * are nested like their names are found too. `decode`: how names of subfolders are written, modified UTF-7 or as they are.
 */
export async function openMaildir(path: string, decode: (name: string) => string): Promise<Source> {
  const folders = await foldersIn(path, decode).catch((error: unknown) => {
    throw new SourceUnreadable(`${path} cannot be read: ${String(error)}`);
  });
  if (folders.length === 0)
    throw new SourceUnreadable(`${path} is no Maildir: neither it nor a folder in it holds "cur"`);
  return {
    name: "maildir",
    mailboxes: () => Promise.all(folders.map(mailboxIn)),
    close: () => Promise.resolve(),
  };
}

type Folder = { readonly path: string; readonly name: string };

const deepest = 20;

async function foldersIn(root: string, decode: (name: string) => string): Promise<Folder[]> {
  const found: Folder[] = [];
  const look = async (path: string, name: string, depth: number): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true });
    if (entries.some((entry) => entry.isDirectory() && entry.name === "cur"))
      found.push({ path, name: name || "INBOX" });
    if (depth === deepest) return;
    for (const entry of entries) {
      if (!entry.isDirectory() || ["cur", "new", "tmp"].includes(entry.name)) continue;
      const isPlusPlus = entry.name.startsWith(".");
      const levels = isPlusPlus ? entry.name.slice(1).split(".") : [entry.name];
      if (levels.some((level) => level === "")) continue;
      const inner = levels.map(decode).join("/");
      await look(join(path, entry.name), name === "" ? inner : `${name}/${inner}`, depth + 1);
    }
  };
  await look(root, "", 0);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

type Entry = { readonly file: string; readonly unique: string; readonly flags: string };

async function mailboxIn({ path, name }: Folder): Promise<SourceMailbox> {
  const entries = [...(await entriesIn(path, "cur")), ...(await entriesIn(path, "new"))];
  entries.sort((a, b) => (a.unique < b.unique ? -1 : a.unique > b.unique ? 1 : 0));
  const keywords = await keywordsOf(path);
  return {
    name,
    messages: entries.length,
    async *read(skip): AsyncGenerator<SourceMessage> {
      for (const { file, unique, flags } of entries) {
        const key = `${name}:${unique}`;
        if (skip.has(key)) continue;
        const found = await stat(file).catch(() => null);
        // Moved or deleted by a program that still uses the folder.
        if (found === null) continue;
        yield {
          key,
          flags: flags.split("").flatMap((letter) => flagLetters[letter] ?? keywords.get(letter) ?? []),
          internalDate: Math.floor(found.mtimeMs),
          read: () => octetsOf(file),
        };
      }
    },
  };
}

async function entriesIn(path: string, folder: "cur" | "new"): Promise<Entry[]> {
  const names = await readdir(join(path, folder)).catch(() => [] as string[]);
  return names
    .filter((name) => !name.startsWith("."))
    .map((name) => {
      const [unique = name, info = ""] = name.split(":2,");
      return { file: join(path, folder, name), unique, flags: folder === "cur" ? info : "" };
    });
}

/** Dovecot's names of the letters a to z: lines "0 work". */
async function keywordsOf(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(path, "dovecot-keywords"), "utf8").catch(() => "");
  const lines = [...text.matchAll(/^(\d{1,2}) (\S{1,200})$/gm)];
  return new Map(lines.map(([, number, keyword = ""]) => [String.fromCharCode(97 + Number(number)), keyword]));
}

async function* octetsOf(file: string): AsyncGenerator<Buffer> {
  const made = new CrlfMaker();
  for await (const chunk of createReadStream(file)) yield made.push(chunk as Buffer);
}
