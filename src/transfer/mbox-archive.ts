import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { namesOfFlags } from "../imap/flags.ts";
import type { Archive, ExportedMessage } from "./export.ts";
import { LfMaker } from "./line-ends.ts";
import { WholeWriter } from "./whole-writer.ts";

/**
 * One mbox file (RFC 4155, lines "From " quoted as mboxrd does, so that reading gives back what was written) for each mailbox, levels as
 * folders. A file that is there is replaced when the new one is whole.
 */
export function mboxArchive(folder: string): Archive {
  return {
    async begin(mailbox) {
      const path = `${join(folder, ...mailbox.split("/").map(fileName))}.mbox`;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await WholeWriter.create(`${path}.new`);
      return {
        write: (message) => writeMessage(file, message),
        finish: () => file.finish(path, null),
        abandon: () => file.abandon(),
      };
    },
  };
}

/** A level of a name as the name of a file that leads nowhere else and is not hidden. */
function fileName(level: string): string {
  // oxlint-disable-next-line no-control-regex
  return level.replaceAll(/^\.|[%/\\\u0000-\u001f\u007f]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

async function writeMessage(file: WholeWriter, { flags, internalDate, content }: ExportedMessage): Promise<void> {
  await file.write(Buffer.from(`From MAILER-DAEMON ${asctime(internalDate)}\n${statusFields(namesOfFlags(flags))}`));
  const quoter = new FromQuoter();
  const lines = new LfMaker();
  for await (const piece of content.stream({ from: 0, to: content.size })) {
    await file.write(quoter.push(lines.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length))));
  }
  await file.write(quoter.push(lines.finish()));
  await file.write(quoter.finish());
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Thu Jan  1 00:00:00 1970", in UTC. */
function asctime(at: number): string {
  const date = new Date(at);
  const clock = date.toISOString().slice(11, 19);
  return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${clock} ${date.getUTCFullYear()}`;
}

const letters: readonly (readonly [string, string])[] = [
  ["\\Answered", "A"],
  ["\\Flagged", "F"],
  ["\\Draft", "T"],
  ["\\Deleted", "D"],
];

/** Where mail programs look for flags in an mbox; `mbox.ts` reads them and takes them off again. */
function statusFields(flags: readonly string[]): string {
  const more = letters.flatMap(([flag, letter]) => (flags.includes(flag) ? [letter] : [])).join("");
  const keywords = flags.filter((flag) => !flag.startsWith("\\"));
  return (
    `Status: ${flags.includes("\\Seen") ? "RO" : "O"}\n` +
    (more === "" ? "" : `X-Status: ${more}\n`) +
    (keywords.length === 0 ? "" : `X-Keywords: ${keywords.join(" ")}\n`)
  );
}

const lf = 10;

/** Puts ">" before lines "From ", ">From ", …, and a blank line behind the last one. Lines end with LF; pieces may be cut anywhere. */
class FromQuoter {
  #isLineStart = true;
  /** A line's start that may become one to quote. */
  #held: Buffer = Buffer.alloc(0);

  push(piece: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = Buffer.alloc(0);
    const pieces: Buffer[] = [];
    let from = 0;
    let at = this.#isLineStart ? 0 : afterLine(bytes, 0);
    for (; at < bytes.length; at = afterLine(bytes, at)) {
      const start = bytes.toString("latin1", at, at + longestStart);
      if (/^>*From /.test(start)) {
        pieces.push(bytes.subarray(from, at), Buffer.from(">"));
        from = at;
      } else if (bytes.length - at < longestStart && /^>*(?:F(?:r(?:om?)?)?)?$/.test(start)) {
        this.#held = Buffer.from(bytes.subarray(at));
        break;
      }
    }
    const end = bytes.length - this.#held.length;
    pieces.push(bytes.subarray(from, end));
    if (this.#held.length > 0) this.#isLineStart = true;
    else if (bytes.length > 0) this.#isLineStart = bytes.at(-1) === lf;
    return Buffer.concat(pieces);
  }

  finish(): Buffer {
    const end = this.#held.length > 0 || !this.#isLineStart ? "\n\n" : "\n";
    return Buffer.concat([this.#held, Buffer.from(end)]);
  }
}

/** A line of more ">" than this is not quoted: no reader strips so many. */
const longestStart = 64;

function afterLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(lf, at);
  return end < 0 ? bytes.length : end + 1;
}
