import type { Ip, Literal, Refusal } from "./address.ts";
import { formatIp, parseIp } from "./ip.ts";

/** The path limit of RFC 5321 §4.5.3.1.3 leaves no room for more. */
const longestLiteral = 255;

/**
 * Reads an address literal with its brackets (RFC 5321 §4.1.3): IPv4, `IPv6:` in any case, or a general one with a tag
 * that we know nothing about. An IPv4-mapped IPv6 address is the IPv4 host.
 */
export function parseLiteral(text: string): Literal | Refusal {
  if (!text.startsWith("[") || !text.endsWith("]") || text.length > longestLiteral) return noLiteral;
  const inside = text.slice(1, -1);
  const ip = parseIp(inside);
  if (ip !== null && !inside.includes(":")) return { kind: "ip", ip };
  if (ip !== null) return { refused: "an IPv6 address literal begins with IPv6:" };
  const colon = inside.indexOf(":");
  if (colon < 0) return noLiteral;
  const tag = inside.slice(0, colon).toLowerCase();
  const rest = inside.slice(colon + 1);
  if (tag === "ipv6") return readIpv6(rest);
  return isTag(tag) && isContent(rest) ? { kind: "general", tag, text: rest } : noLiteral;
}

/** The one text of a literal, brackets included: what `Address.domain` holds and what is sent on. */
export function formatLiteral(literal: Literal): string {
  return literal.kind === "ip" ? formatIpLiteral(literal.ip) : `[${literal.tag}:${literal.text}]`;
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
export function formatIpLiteral(ip: Ip): string {
  return ip.family === 4 ? `[${formatIp(ip)}]` : `[IPv6:${formatIp(ip)}]`;
}

const noLiteral: Refusal = { refused: "what stands in brackets is no address literal" };

function readIpv6(text: string): Literal | Refusal {
  // A zone id means something on one machine only; a path has none.
  const ip = text.includes(":") && !text.includes("%") ? parseIp(text) : null;
  return ip === null ? { refused: "what stands behind IPv6: is no IPv6 address" } : { kind: "ip", ip };
}

/** Ldh-str of RFC 5321 §4.1.2, lower case. */
function isTag(text: string): boolean {
  return /^[a-z0-9-]*[a-z0-9]$/.test(text);
}

/** 1*dcontent of RFC 5321 §4.1.3: printable ASCII without brackets and backslash. */
function isContent(text: string): boolean {
  return /^[!-Z^-~]+$/.test(text);
}
