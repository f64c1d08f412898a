import { AUTHENTIC_DATA, encode, RECURSION_DESIRED } from "dns-packet";
import type { Ip } from "../address/address.ts";
import type { MxRecord } from "./resolver.ts";

/** What may be asked, with the form in which we hold a record of it. */
export type RecordOf = { readonly MX: MxRecord; readonly A: Ip; readonly AAAA: Ip };
export type RecordType = keyof RecordOf;
export type Question<K extends RecordType = RecordType> = { readonly name: string; readonly type: K };

/** What fits through every path without fragments, which are easier to forge than whole packets (DNS flag day 2020). */
const udpPayloadSize = 1232;
const headerSize = 12;
/** A question to a recursive server. The AD bit asks for the server's verdict on DNSSEC without its records (RFC 6840 §5.7). */
export function formatQuestion({ name, type }: Question, { id, edns }: { id: number; edns: boolean }): Buffer {
  return encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ name, type, class: "IN" }],
    additionals: edns
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  });
}

/**
 * Whether a packet is a reply to this question: its number, and the question octet for octet but for the case of letters
 * (RFC 5452 §9.1). A server that cannot read the question may send its error code alone. Everything else is not for us.
 */
export function isReplyTo(query: Buffer, reply: Buffer): boolean {
  if (reply.length < headerSize || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const isResponse = (reply.readUInt8(2) & 0xf8) === 0x80;
  const questions = reply.readUInt16BE(4);
  if (!isResponse || questions > 1) return false;
  if (questions === 0) return (reply.readUInt8(3) & 0xf) !== 0 && reply.readUInt16BE(6) === 0;
  const end = endOfQuestion(query);
  if (reply.length < end) return false;
  for (let at = headerSize; at < end; at++) {
    if (lowerOctet(query.readUInt8(at)) !== lowerOctet(reply.readUInt8(at))) return false;
  }
  return true;
}

/** Of a message that we made: labels without pointers, then type and class. */
function endOfQuestion(query: Buffer): number {
  let at = headerSize;
  while (query.readUInt8(at) !== 0) at += query.readUInt8(at) + 1;
  return at + 5;
}

const lowerOctet = (octet: number) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet);
