import type { Piece } from "./command.ts";
import { Scanner } from "./scanner.ts";

/** What stands at the end of a line before a literal (RFC 9051 §4.3). */
export type Announcement = {
  /** Where it begins in the line. */
  readonly from: number;
  readonly size: number;
  /** `~{n}`: literal8 (RFC 3516). */
  readonly isBinary: boolean;
  /** `{n}`: the client waits for "+". Not so `{n+}` (RFC 7888), which works always, also before login (field case O-43). */
  readonly isSynchronising: boolean;
};

/** `~{`, 20 digits, `+}` and the line's end. A number with more digits announces nothing. */
export const longestAnnouncement = 26;

const announcement = /(~?)\{([0-9]{1,20})(\+?)\}$/;

/** The literal that the line announces; null: the command ends with the line. */
export function announcementAt(line: Buffer): Announcement | null {
  if (line.at(-1) !== 0x7d) return null;
  const tail = line.toString("latin1", Math.max(0, line.length - longestAnnouncement));
  const found = announcement.exec(tail);
  if (found === null) return null;
  const [all, tilde, digits, plus] = found;
  return {
    from: line.length - all.length,
    size: Number(digits),
    isBinary: tilde !== "",
    isSynchronising: plus === "",
  };
}

/** The tag with which a command begins; null: it has none that could be sent back. */
export function tagOf(first: Piece): string | null {
  const scanner = new Scanner([first]);
  const tag = scanner.tag();
  return scanner.skip(" ") ? tag : null;
}

/**
 * Whether the literal behind these pieces is a message, which may be large and is passed on as it comes, or an argument:
 * in APPEND and REPLACE everything behind the mailbox but the address of a URL (RFC 9051 §6.3.12, RFC 4469, RFC 8508).
 */
export function isMessageNext(pieces: readonly Piece[]): boolean {
  return messageTarget(pieces) !== null && !endsWithUrl(pieces.at(-1));
}

/** Tag and mailbox of an APPEND or REPLACE whose mailbox is known: whoever refuses it may do so before the message comes. */
export function messageTarget(pieces: readonly Piece[]): { readonly tag: string; readonly mailbox: Buffer } | null {
  const scanner = new Scanner(pieces);
  const tag = scanner.tag();
  if (tag === null || !scanner.skip(" ")) return null;
  let name = scanner.word();
  if (name === "UID" && scanner.skip(" ")) name = scanner.word();
  if (name === "REPLACE") {
    if (!scanner.skip(" ")) return null;
    scanner.setText();
  } else if (name !== "APPEND") return null;
  if (!scanner.skip(" ")) return null;
  const mailbox = scanner.astring("a mailbox name");
  // At its end the mailbox itself is the literal that is announced.
  return scanner.refusal === null && scanner.skip(" ") ? { tag, mailbox } : null;
}

function endsWithUrl(piece: Piece | undefined): boolean {
  return Buffer.isBuffer(piece) && /[( ]url $/i.test(piece.toString("latin1", Math.max(0, piece.length - 5)));
}
