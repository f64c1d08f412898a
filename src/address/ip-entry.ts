import type { Ip, Refusal } from "./address.ts";
import { formatIp, parseIp } from "./ip.ts";
import { setOfCidr, setOfRange, toCidrs } from "./ip-set.ts";
import type { IpSet } from "./ip-set.ts";

/** One address entry of a policy or boot file. */
export type IpEntry = {
  readonly set: IpSet;
  /** The same entry in its shortest form: a host, a CIDR block or a range. Entries of the same set have the same text. */
  readonly text: string;
};

/** Two IPv6 addresses with zones and words around them fit; the bound keeps the work small. */
const longestEntry = 256;

/**
 * Reads all forms of relay-policy §2.2: `192.0.2.7`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `192.0.2.0, MASK=…`,
 * `IP=…, MASK=…`, `192.0.2.0;255.255.255.0` (the old product's registry), `192.0.2.10-192.0.2.20`, and the IPv6 ones.
 * Without a mask an entry is one host; an unreadable mask is never "no mask". An entry inside ::ffff:0:0/96 is the IPv4
 * entry, one that contains it covers no IPv4. How much an entry may cover is not judged here.
 */
export function parseIpEntry(text: string): IpEntry | Refusal {
  if (text.length > longestEntry) return { refused: "an address entry of that length" };
  const entry = text.trim();
  if (entry === "") return { refused: "an empty address entry" };
  const host = parseIp(entry);
  const set = host === null ? readForm(entry) : setOfRange(host, host);
  return "refused" in set ? set : { set, text: textOf(set) };
}

function readForm(entry: string): IpSet | Refusal {
  const registry = cut(entry, ";");
  if (registry !== null) return readMasked(registry[0], registry[1]);
  const words = cut(entry, ",");
  if (words !== null) return readWords(words[0], words[1]);
  const ip = afterWord(entry, "IP");
  if (ip !== null) return readHost(ip);
  const slash = entry.indexOf("/");
  if (slash >= 0) return readSlash(entry.slice(0, slash), entry.slice(slash + 1));
  const range = cut(entry, "-");
  if (range !== null) return readRange(range[0], range[1]);
  return noAddress(entry);
}

function readHost(text: string): IpSet | Refusal {
  const ip = parseIp(text);
  return ip === null ? noAddress(text) : setOfRange(ip, ip);
}

/** `IP=…, MASK=…`, its first word optional. */
function readWords(before: string, after: string): IpSet | Refusal {
  const mask = afterWord(after, "MASK");
  if (mask === null) return { refused: "behind the comma MASK= is expected" };
  return readMasked(afterWord(before, "IP") ?? before, mask);
}

function readSlash(address: string, length: string): IpSet | Refusal {
  if (length.includes(".")) return readMasked(address, length);
  const ip = parseIp(address);
  if (ip === null) return noAddress(address);
  if (length.includes(":")) return { refused: "IPv6 takes a prefix length, not a mask" };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length)) {
    return { refused: "behind the slash stands a prefix length without leading zeros, or an IPv4 mask" };
  }
  const prefix = Number(length);
  const bits = address.includes(":") ? 128 : 32;
  if (prefix > bits) return { refused: `a prefix length is at most ${bits} here` };
  return bits === 128 && ip.family === 4 ? readMapped(ip, prefix) : readBlock(ip, prefix);
}

function readMasked(address: string, maskText: string): IpSet | Refusal {
  const ip = parseIp(address);
  if (ip === null) return noAddress(address);
  const mask = parseIp(maskText);
  if (mask === null)
    return { refused: hasLeadingZero(maskText) ? leadingZero : "the mask is missing or is no IPv4 mask" };
  if (ip.family !== 4 || mask.family !== 4)
    return { refused: "only an IPv4 address takes a mask; IPv6 takes a prefix length" };
  const hostBits = ~mask.value >>> 0;
  if ((hostBits & (hostBits + 1)) !== 0) return refuseScattered(mask.value);
  return readBlock(ip, Math.clz32(hostBits));
}

function refuseScattered(mask: number): Refusal {
  const isInverted = (mask & (mask + 1)) === 0;
  const hint = isInverted ? `: ${formatIp({ family: 4, value: ~mask >>> 0 })} is the mask with the ones in front` : "";
  return { refused: `the mask is not contiguous${hint}` };
}

function readBlock(ip: Ip, prefix: number): IpSet | Refusal {
  const set = setOfCidr(ip, prefix);
  const base: Ip | null = firstOf(set);
  return base === null || base.value === ip.value ? set : refuseHostBits(ip, base, prefix);
}

/** A prefix behind ::ffff:a.b.c.d counts IPv6 bits (RFC 4291 §2.5.5.2). Shorter than 96 it cuts into the ffff itself. */
function readMapped(ip: Ip & { family: 4 }, prefix: number): IpSet | Refusal {
  if (prefix >= 96) return readBlock(ip, prefix - 96);
  const base = firstOf(setOfCidr({ family: 6, value: (0xffffn << 32n) | BigInt(ip.value) }, prefix));
  return refuseHostBits(ip, base ?? ip, prefix);
}

/** The old product took such entries and never matched them. */
function refuseHostBits(ip: Ip, base: Ip, prefix: number): Refusal {
  const host = formatIp(ip);
  return {
    refused: `the address has bits outside the mask: either ${host} (one host) or ${formatIp(base)}/${prefix} (the block)`,
  };
}

function readRange(firstText: string, lastText: string): IpSet | Refusal {
  const first = parseIp(firstText);
  if (first === null) return noAddress(firstText);
  const last = parseIp(lastText);
  if (last === null) return noAddress(lastText);
  if (first.family !== last.family) return { refused: "a range has both ends in IPv4 or both in IPv6" };
  if (first.value > last.value) return { refused: "the first address of a range comes after its last" };
  return setOfRange(first, last);
}

function noAddress(text: string): Refusal {
  if (text === "") return { refused: "the address is missing" };
  return { refused: hasLeadingZero(text) ? leadingZero : "no IP address: four decimal numbers with dots, or IPv6" };
}

const leadingZero = "a number with a leading zero has two readings, octal and decimal";

function hasLeadingZero(text: string): boolean {
  return /(?:^|[.:])0\d+(?:\.|$)/.test(text) && text.includes(".");
}

/** The parts before and behind the first separator, without blanks around them. */
function cut(text: string, separator: string): [string, string] | null {
  const at = text.indexOf(separator);
  return at < 0 ? null : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** What stands behind `WORD =`, in any case; `null` when the text does not begin so. */
function afterWord(text: string, word: "IP" | "MASK"): string | null {
  const parts = cut(text, "=");
  return parts !== null && parts[0].toUpperCase() === word ? parts[1] : null;
}

function firstOf({ ipv4, ipv6 }: IpSet): Ip | null {
  if (ipv4[0] !== undefined) return { family: 4, value: ipv4[0].first };
  return ipv6[0] === undefined ? null : { family: 6, value: ipv6[0].first };
}

function textOf(set: IpSet): string {
  const { ipv4, ipv6 } = toCidrs(set);
  const blocks = [...ipv4, ...ipv6];
  const [block] = blocks;
  if (block !== undefined && blocks.length === 1) return block.replace(set.ipv4.length > 0 ? /\/32$/ : /\/128$/, "");
  const ends = [
    ...set.ipv4.flatMap(({ first, last }) => [first, last].map((value): Ip => ({ family: 4, value }))),
    ...set.ipv6.flatMap(({ first, last }) => [first, last].map((value): Ip => ({ family: 6, value }))),
  ];
  return ends.map(formatIp).join("-");
}
