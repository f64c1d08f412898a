import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { namesOfFlags } from "../imap/flags.ts";
import type { Archive, ExportedMessage } from "./export.ts";
import { LfMaker } from "./line-ends.ts";
import { lettersOf } from "./maildir.ts";
import { WholeWriter } from "./whole-writer.ts";

/**
 * A Maildir, other mailboxes in it as Maildir++ has them (".Lists.News"). A second export into the same folder adds what is new and
 * renames what has other flags now. `encode`: how a level of a name is written.
 */
export function maildirArchive(folder: string, encode: (level: string) => string): Archive {
  return {
    async begin(mailbox) {
      const name = mailbox === "INBOX" ? "" : `.${mailbox.split("/").map(encode).join(".")}`;
      const root = join(folder, name);
      for (const one of ["tmp", "new", "cur"]) await mkdir(join(root, one), { recursive: true, mode: 0o700 });
      const known = new Map((await readdir(join(root, "cur"))).map((file) => [file.split(":2,")[0], file]));
      return {
        write: (message) => writeMessage(root, message, known),
        finish: () => Promise.resolve(),
        // Each file is whole by itself.
        abandon: () => Promise.resolve(),
      };
    },
  };
}

async function writeMessage(
  root: string,
  { uid, uidValidity, flags, internalDate, content }: ExportedMessage,
  known: ReadonlyMap<string | undefined, string>,
): Promise<void> {
  const unique = `${Math.floor(internalDate / 1000)}.V${uidValidity}U${uid}.gatepost`;
  const name = `${unique}:2,${lettersOf(namesOfFlags(flags))}`;
  const present = known.get(unique);
  if (present === name) return;
  if (present !== undefined) return rename(join(root, "cur", present), join(root, "cur", name));
  const file = await WholeWriter.create(join(root, "tmp", unique));
  try {
    const lines = new LfMaker();
    for await (const piece of content.stream({ from: 0, to: content.size })) {
      await file.write(lines.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length)));
    }
    await file.write(lines.finish());
    await file.finish(join(root, "cur", name), internalDate);
  } catch (error) {
    await file.abandon();
    throw error;
  }
}
