import type { Account } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import { formatDate } from "../message/date.ts";
import { addressesIn } from "../message/address-list.ts";
import { type HeaderField, readHeader, valueOf } from "../message/header.ts";
import type { Reply } from "../smtp/reply.ts";
import * as replies from "../smtp/replies.ts";

const crlf = Buffer.from("\r\n");
const crlfcrlf = Buffer.from("\r\n\r\n");
/** A longer header is passed on as it is, except from an account that may write as itself only. */
const maxHeader = 256 * 1024;

/** Collects the pieces of a message up to the end of its header, however they were cut. */
export class HeaderCollector {
  readonly pieces: Buffer[] = [];
  #size = 0;
  /** The last three octets. The message stands behind a line end: a blank line may be its first. */
  #tail: Buffer = crlf;

  /** True once the header is whole, or as long as we are willing to look at. */
  add(piece: Buffer): boolean {
    this.pieces.push(piece);
    this.#size += piece.length;
    const seam = Buffer.concat([this.#tail, piece.subarray(0, 3)]);
    this.#tail = piece.length >= 3 ? piece.subarray(-3) : Buffer.concat([this.#tail, piece]).subarray(-3);
    return seam.includes(crlfcrlf) || piece.includes(crlfcrlf) || this.#size > maxHeader;
  }

  whole(): Buffer {
    return this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
  }
}

/** What RFC 6409 §8 lets a submission server add: Date (§8.2) and Message-ID (§8.3), as header text; "" when nothing is missing. */
export function missingFields(header: Buffer, stamp: { readonly now: number; readonly messageId: string }): string {
  const fields = readHeader(header);
  let added = "";
  if (!has(fields, "date")) added += `Date: ${formatDate(stamp.now)}\r\n`;
  if (!has(fields, "message-id")) added += `Message-ID: ${stamp.messageId}\r\n`;
  return added;
}

/**
 * An account may use only its own addresses in From and Sender (relay-policy §2.2, RFC 6409 §6.1); every address of every
 * such field counts. A field that cannot be read is refused: what is shown to people must not depend on who reads it.
 */
export function checkSenders(header: Buffer, account: Account, directory: Directory): Reply | null {
  if (account.senders === "any") return null;
  const fields = readHeader(header);
  if (mayHideSender(header, fields)) return replies.senderUnreadable;
  for (const field of fields) {
    if (field.name !== "from" && field.name !== "sender") continue;
    const addresses = addressesIn(valueOf(header, field));
    if ("refused" in addresses) return replies.senderUnreadable;
    for (const address of addresses) {
      if (!directory.ownsSender(account, address)) return replies.senderNotAllowed();
    }
  }
  return null;
}

const has = (fields: readonly HeaderField[], name: string) => fields.some((field) => field.name === name);

/**
 * Whether another reader may find a From or Sender where we find no field any more: behind a line that is none, behind a name
 * or a number of fields that we do not follow, beyond the length that we look at.
 */
function mayHideSender(header: Buffer, fields: readonly HeaderField[]): boolean {
  const end = fields.at(-1)?.end ?? 0;
  if (header.subarray(end, end + 2).equals(crlf)) return false;
  const blank = header.indexOf(crlfcrlf, end);
  if (blank < 0 && header.length > maxHeader) return true;
  return /^(?:from|sender)[ \t]*:/im.test(header.toString("latin1", end, blank < 0 ? header.length : blank));
}
