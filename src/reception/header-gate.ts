import type { Account } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import { formatDate } from "../message/date.ts";
import { addressesIn } from "../message/address-list.ts";
import { type HeaderField, readHeader, valueOf } from "../message/header.ts";
import type { Reply } from "../smtp/reply.ts";
import * as replies from "../smtp/replies.ts";

const crlfcrlf = Buffer.from("\r\n\r\n");
/** A header beyond this is judged by its first part; the rest passes as it is. */
const maxHeader = 256 * 1024;

/** Collects the pieces of a message up to the end of its header, however they were cut. */
export class HeaderCollector {
  readonly pieces: Buffer[] = [];
  #size = 0;
  #tail: Buffer = Buffer.alloc(0);

  /** True once the header is whole, or as long as we are willing to look at. */
  add(piece: Buffer): boolean {
    this.pieces.push(piece);
    const seam = this.#tail.length === 0 ? null : Buffer.concat([this.#tail, piece.subarray(0, 3)]);
    const startsWithBlankLine = this.#size === 0 && piece[0] === 13 && piece[1] === 10;
    this.#size += piece.length;
    if (startsWithBlankLine || this.#size > maxHeader || piece.includes(crlfcrlf)) return true;
    if (seam !== null && (seam.includes(crlfcrlf) || this.#blankFirstLine(seam))) return true;
    this.#tail = piece.length >= 3 ? piece.subarray(-3) : Buffer.concat([this.#tail, piece]).subarray(-3);
    return false;
  }

  whole(): Buffer {
    return this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
  }

  #blankFirstLine(seam: Buffer): boolean {
    return this.#size <= 6 && seam[0] === 13 && seam[1] === 10;
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
  for (const field of readHeader(header)) {
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
