import { decode, type DecodedPacket } from "dns-packet";
import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { lowerAscii } from "./name.ts";
import type { Question, RecordOf, RecordType } from "./question.ts";
import type { LookupFailure, MxRecord } from "./resolver.ts";

/** What one server says to a question. `keepSeconds` is 0 where nothing may be kept. */
export type Said<T> =
  | { readonly records: readonly T[]; readonly keepSeconds: number; readonly isAuthentic: boolean }
  | { readonly none: "nodata" | "nxdomain"; readonly keepSeconds: number }
  /** The answer did not fit: TCP has the whole (RFC 7766 §5). */
  | { readonly again: "by-tcp" }
  /** The server does not know EDNS (RFC 6891 §7). */
  | { readonly again: "without-edns" }
  | { readonly failed: LookupFailure };

/** A real set of records is far smaller; bounds the work that names compressed into each other can make. */
const mostRecords = 500;
const longestChain = 10;
/** RFC 2181 §8: a TTL with the highest bit set is zero. */
const longestTtl = 0x7fff_ffff;

/** Reads a reply that `isReplyTo` the question. Never throws. */
export function readReply<K extends RecordType>(reply: Buffer, question: Question<K>): Said<RecordOf[K]> {
  const truncated = (reply.readUInt8(2) & 0x02) !== 0;
  const code = reply.readUInt8(3) & 0xf;
  if (truncated && (code === noError || code === nxDomain)) return { again: "by-tcp" };
  const packet = decoded(reply);
  if (code !== noError && code !== nxDomain) return failureOf(code, packet);
  if (packet === null) return { failed: "malformed" };
  if (extendedCode(packet) !== 0) return { failed: "servfail" };
  return statement(packet, { question, isNxDomain: code === nxDomain });
}

const noError = 0;
const formErr = 1;
const nxDomain = 3;
const notImp = 4;

function decoded(reply: Buffer): DecodedPacket | null {
  if (reply.readUInt16BE(6) + reply.readUInt16BE(8) + reply.readUInt16BE(10) > mostRecords) return null;
  try {
    const packet = decode(reply);
    // The library reads past the end, and does not compare what a record says of its length with what it holds.
    return decode.bytes === reply.length ? packet : null;
  } catch {
    return null;
  }
}

function failureOf(code: number, packet: DecodedPacket | null): Said<never> {
  const knowsEdns = packet?.additionals?.some(({ type }) => type === "OPT") === true;
  if ((code === formErr || code === notImp) && !knowsEdns) return { again: "without-edns" };
  return { failed: "servfail" };
}

/** The upper bits of the code (RFC 6891 §6.1.3): BADVERS and the like. */
function extendedCode({ additionals }: DecodedPacket): number {
  return additionals?.find((record) => record.type === "OPT")?.extendedRcode ?? 0;
}

type Wanted<K extends RecordType> = { readonly question: Question<K>; readonly isNxDomain: boolean };

function statement<K extends RecordType>(
  packet: DecodedPacket,
  { question, isNxDomain }: Wanted<K>,
): Said<RecordOf[K]> {
  const { answers = [], authorities = [] } = packet;
  let name = question.name;
  let keepSeconds = longestTtl;
  const records: RecordOf[K][] = [];
  // Only records of the name that was asked for, or of what it is an alias of, count: the rest is somebody else's word.
  for (let step = 0; ; step++) {
    if (step > longestChain) return { failed: "malformed" };
    const here = answers.filter((record) => isHere(record, name));
    for (const record of here) {
      if (record.type !== question.type) continue;
      const read = recordOf(question.type, record);
      if (read === null) return { failed: "malformed" };
      records.push(read);
      keepSeconds = Math.min(keepSeconds, ttlOf(record));
    }
    const alias = here.find(isAlias);
    if (records.length > 0 || alias === undefined) break;
    name = lowerAscii(alias.data);
    keepSeconds = Math.min(keepSeconds, ttlOf(alias));
  }
  if (records.length > 0) return { records, keepSeconds, isAuthentic: packet.flag_ad };
  const soa = authorities.find((record) => record.type === "SOA");
  if (soa === undefined && isWithoutAuthority(packet, name !== question.name)) return { failed: "lame" };
  const none = isNxDomain ? "nxdomain" : "nodata";
  // RFC 2308 §5: without SOA nothing says for how long.
  if (soa === undefined) return { none, keepSeconds: 0 };
  return { none, keepSeconds: Math.min(keepSeconds, ttlOf(soa), soa.data.minimum ?? 0) };
}

/**
 * "None" without an SOA (RFC 2308 §2.2.1): many forwarders answer so, and are believed when they say that they looked
 * further. Name servers in its place are a referral: the server knows nothing itself. Nor does an authority that
 * points outside of its own zone.
 */
function isWithoutAuthority({ flag_ra, flag_aa, authorities = [] }: DecodedPacket, hasAlias: boolean): boolean {
  if (authorities.some(({ type }) => type === "NS")) return true;
  return !flag_ra && (!flag_aa || hasAlias);
}

type AnyRecord = NonNullable<DecodedPacket["answers"]>[number];
type Data = Exclude<AnyRecord, { type: "OPT" }>;

function isHere(record: AnyRecord, name: string): record is Data {
  return record.type !== "OPT" && record.class === "IN" && lowerAscii(record.name) === name;
}

const isAlias = (record: Data): record is Data & { type: "CNAME"; data: string } => record.type === "CNAME";

function ttlOf({ ttl = 0 }: Data): number {
  return ttl > longestTtl ? 0 : ttl;
}

function recordOf<K extends RecordType>(type: K, record: Data): RecordOf[K] | null;
function recordOf(type: RecordType, record: Data): MxRecord | Ip | null {
  if (record.type === "MX") {
    const { preference = 0, exchange } = record.data;
    return { preference, exchange: exchange === "." ? "" : lowerAscii(exchange) };
  }
  return record.type === type && (record.type === "A" || record.type === "AAAA") ? parseIp(record.data) : null;
}
