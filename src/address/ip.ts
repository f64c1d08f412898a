import type { Ip } from "./address.ts";

const dot = 0x2e;
const colon = 0x3a;

/** The longest text without a zone: eight groups, the last two written as a dotted quad. */
const longestText = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;

/**
 * Reads an IP address as RFC 4291 §2.2 and the dotted quad write it, and nothing else: no octal, hex, short or
 * decimal forms, which other readers take for other hosts. `::ffff:a.b.c.d` in any spelling is the IPv4 host
 * (RFC 4291 §2.5.5.2); a zone id behind an IPv6 address (RFC 4007 §11) is dropped. `null` for all else.
 */
export function parseIp(text: string): Ip | null {
  const percent = text.indexOf("%");
  const end = percent < 0 ? text.length : percent;
  if (end > longestText) return null;
  if (text.indexOf(":") < 0) {
    const value = percent < 0 ? readDottedQuad(text, 0, end) : null;
    return value === null ? null : { family: 4, value };
  }
  if (percent >= 0 && !isZoneId(text, percent + 1)) return null;
  return readIpv6(text, end);
}

/** RFC 5952 text for IPv6, the dotted quad for IPv4. */
export function formatIp(ip: Ip): string {
  return ip.family === 4 ? formatIpv4(ip.value) : formatIpv6(ip.value);
}

/** 0.0.0.0 or ::, which a listener takes for every address of the machine. */
export function isAnyAddress({ value }: Ip): boolean {
  return value === 0 || value === 0n;
}

/** For sorting: IPv4 before IPv6, then by value. */
export function compareIp(a: Ip, b: Ip): -1 | 0 | 1 {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  if (a.value === b.value) return 0;
  return a.value < b.value ? -1 : 1;
}

/** Whether both name the same host. */
export function isSameIp(a: Ip, b: Ip): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Four decimal octets without leading zeros, as an unsigned 32-bit number. */
function readDottedQuad(text: string, at: number, end: number): number | null {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    const digit = code - 0x30;
    if (digit < 0 || digit > 9) return null;
    // A zero in front has two readings: octal for inet_aton, decimal for others. We take neither.
    if (octet === 0) return null;
    octet = octet < 0 ? digit : octet * 10 + digit;
    if (octet > 255) return null;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

function readIpv6(text: string, end: number): Ip | null {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  /** How many groups stand before "::", -1 while there was none. */
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return null;
    const stop = groupEnd(text, at, end);
    if (stop < end && text.charCodeAt(stop) === dot) {
      const quad = count <= 6 ? readDottedQuad(text, at, end) : null;
      if (quad === null) return null;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      break;
    }
    if (stop === at || stop - at > 4) return null;
    groups[count++] = Number.parseInt(text.slice(at, stop), 16);
    at = stop;
    if (at === end) break;
    if (text.charCodeAt(at) !== colon || ++at === end) return null;
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return null;
      gap = count;
      at++;
    }
  }
  // "::" stands for at least one group of zeros.
  if (gap < 0 ? count !== 8 : count > 7) return null;
  if (gap >= 0) moveBehindGap(groups, { gap, count });
  return fromGroups(groups);
}

/** The index of the first character that is no hexadecimal digit. */
function groupEnd(text: string, at: number, end: number): number {
  let stop = at;
  while (stop < end && isHexDigit(text.charCodeAt(stop))) stop++;
  return stop;
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

function moveBehindGap(groups: number[], { gap, count }: { gap: number; count: number }): void {
  const behind = count - gap;
  groups.copyWithin(8 - behind, gap, count);
  groups.fill(0, gap, 8 - behind);
}

function fromGroups(g: readonly number[]): Ip {
  const word = (i: number): number => (g[i] ?? 0) * 0x10000 + (g[i + 1] ?? 0);
  if (word(0) === 0 && word(2) === 0 && word(4) === 0xffff) return { family: 4, value: word(6) };
  const value = (BigInt(word(0)) << 96n) | (BigInt(word(2)) << 64n) | (BigInt(word(4)) << 32n) | BigInt(word(6));
  return { family: 6, value };
}

/** RFC 4007 §11.2 leaves the form to the system: anything printable that cannot end or repeat the zone. */
function isZoneId(text: string, at: number): boolean {
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === 0x25 || code === 0x2f) return false;
  }
  return at < text.length;
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Lower case, no leading zeros, "::" for the first longest run of two or more zero groups (RFC 5952 §4). */
function formatIpv6(value: bigint): string {
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16));
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(":");
  return `${groups.slice(0, run.at).join(":")}::${groups.slice(run.at + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly string[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  return best;
}
