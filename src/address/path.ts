import type { Address, Refusal, ReversePath } from "./address.ts";
import { parseDomain } from "./domain.ts";
import { formatLiteral, parseLiteral } from "./literal.ts";
import { formatLocalPart, isAscii, needsUtf8, readLocalPart } from "./local-part.ts";

export type AddressWanted = {
  /** The null path is for `reverse`, the bare `postmaster` and one trailing dot behind the domain for `forward`. */
  readonly kind: "forward" | "reverse";
  /** Whether the transaction asked for SMTPUTF8 (RFC 6531). */
  readonly allowsUtf8: boolean;
};

export type PathWanted = AddressWanted & {
  /** Without brackets the address ends at the first blank. */
  readonly brackets: "required" | "optional";
};

/** RFC 5321 §4.5.3.1.3, brackets included: the local part as written, the domain as it is sent on. */
const longestPath = 256;

/**
 * Reads a path inside a command line (RFC 5321 §4.1.2). `at` is the index behind the colon; blanks there are skipped
 * (Deviation: RFC 5321 §3.3 forbids them, but devices send them). `end` is the index behind the path, where the text
 * ends or a blank stands. A source route is parsed and dropped (RFC 5321 appendix C).
 */
export function parsePath(text: string, at: number, want: PathWanted): { path: ReversePath; end: number } | Refusal {
  let i = at;
  while (isBlank(text.charCodeAt(i))) i++;
  if (text.charCodeAt(i) !== opening) return want.brackets === "required" ? noBrackets : readBare(text, i, want);
  i++;
  let path: ReversePath = null;
  if (want.kind === "forward" || text.charCodeAt(i) !== closing) {
    const start = text.charCodeAt(i) === atSign ? routeEnd(text, i, want) : i;
    if (typeof start === "object") return start;
    const read = readMailbox(text, start, want);
    if ("refused" in read) return read;
    path = read.address;
    i = read.end;
  }
  if (text.charCodeAt(i) !== closing)
    return { refused: "the address does not end with a bracket where its grammar ends" };
  return endsAt(text, i + 1)
    ? { path, end: i + 1 }
    : { refused: "something follows the closing bracket without a blank" };
}

/**
 * Reads a whole text as one address, for documents and command lines: blanks around it are dropped, brackets may be
 * left out. What decides is what routes: the grammar is that of `parsePath`.
 */
export function parseAddress(text: string, { kind, allowsUtf8 }: AddressWanted): Address | Refusal {
  const trimmed = text.trim();
  const read = parsePath(trimmed, 0, { kind, allowsUtf8, brackets: "optional" });
  if ("refused" in read) return read;
  if (read.path === null) return { refused: "<> names nobody" };
  return read.end === trimmed.length ? read.path : { refused: "something follows the address" };
}

/** What stands in MAIL and RCPT, without brackets. */
export function formatAddress({ localPart, domain }: Address): string {
  const local = formatLocalPart(localPart);
  return domain === "" ? local : `${local}@${domain}`;
}

/** Whether the address can be sent to a host without SMTPUTF8: domains always can, as A-labels. */
export function isAsciiAddress({ localPart }: Address): boolean {
  return isAscii(localPart);
}

type MailboxRead = { readonly address: Address; readonly end: number };

const opening = 0x3c;
const closing = 0x3e;
const atSign = 0x40;

const noBrackets: Refusal = { refused: "the address is not in angle brackets" };

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function endsAt(text: string, at: number): boolean {
  return at === text.length || isBlank(text.charCodeAt(at));
}

function readBare(text: string, at: number, want: PathWanted): { path: Address; end: number } | Refusal {
  const read = readMailbox(text, at, want);
  if ("refused" in read) return read;
  const { address, end } = read;
  return endsAt(text, end) ? { path: address, end } : { refused: "the address does not end where its grammar ends" };
}

/** Local-part "@" ( Domain / address-literal ), or the bare postmaster of RFC 5321 §4.1.1.3. */
function readMailbox(text: string, at: number, want: AddressWanted): MailboxRead | Refusal {
  const local = readLocalPart(text, at, want);
  if ("refused" in local) return local;
  if (text.charCodeAt(local.end) !== atSign) {
    const isPostmaster = want.kind === "forward" && !local.isQuoted && local.value.toLowerCase() === "postmaster";
    if (!isPostmaster) return { refused: "the address has no domain" };
    return { address: { localPart: local.value, domain: "" }, end: local.end };
  }
  const start = local.end + 1;
  const end = domainEnd(text, start);
  const host = readHost(text.slice(start, end), want);
  if ("refused" in host) return host;
  if (local.octets + host.domain.length + "<@>".length > longestPath) {
    return { refused: "the path is longer than 256 octets" };
  }
  return { address: { localPart: local.value, ...host }, end };
}

function readHost(text: string, want: AddressWanted): Pick<Address, "domain" | "literal"> | Refusal {
  if (text.startsWith("[")) {
    const literal = parseLiteral(text);
    return "refused" in literal ? literal : { domain: formatLiteral(literal), literal };
  }
  if (!want.allowsUtf8 && !isAscii(text)) return needsUtf8;
  const domain = parseDomain(text, { where: "path", trailingDot: want.kind === "forward" ? "drop" : "refuse" });
  return typeof domain === "string" ? { domain } : domain;
}

/** Where a domain or literal ends: at a character that can only come after it, a blank, a control or the end. */
function domainEnd(text: string, at: number): number {
  if (text.charAt(at) === "[") {
    const bracket = text.indexOf("]", at);
    return bracket < 0 ? text.length : bracket + 1;
  }
  let i = at;
  while (i < text.length && text.charCodeAt(i) > 0x20 && !">,:@".includes(text.charAt(i))) i++;
  return i;
}

/** The index behind the colon of `@a,@b:`. The route's hosts must be well-formed; nobody reads them. */
function routeEnd(text: string, at: number, want: AddressWanted): number | Refusal {
  for (let i = at; i - at <= longestPath;) {
    if (text.charCodeAt(i) !== atSign) return badRoute;
    const end = domainEnd(text, i + 1);
    const host = readHost(text.slice(i + 1, end), want);
    if ("refused" in host) return host;
    const behind = text.charAt(end);
    if (behind === ":") return end + 1;
    if (behind !== ",") return badRoute;
    i = end + 1;
  }
  return { refused: "the source route is longer than 256 octets" };
}

const badRoute: Refusal = { refused: "the source route does not end where its grammar ends" };
