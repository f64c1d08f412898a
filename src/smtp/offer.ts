import type { Reply } from "./reply.ts";
import { constantReply } from "./reply.ts";
import { greeting } from "./replies.ts";

/** What a listener offers to one client. Keep one object per kind of client: replies are cached by its identity. */
export type Offer = {
  readonly hostname: string;
  readonly kind: "relay" | "submission" | "lmtp";
  /** Octets of a message; 0: no limit (RFC 1870 §4). */
  readonly maxSize: number;
  readonly maxRecipients: number;
  /** A certificate is at hand. */
  readonly startTls: boolean;
  /** SASL mechanisms in upper case, in the order in which they are shown. */
  readonly mechanismsInClear: readonly string[];
  readonly mechanismsOverTls: readonly string[];
  /** The client holds a grant; with a login DSN is offered anyway (relay-policy §2.5). */
  readonly dsn: boolean;
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  /** "optional" takes `MAIL FROM:a@b` from old devices (field case O-12). */
  readonly brackets: "required" | "optional";
  /** Words behind "220 hostname ESMTP". */
  readonly greeting?: string;
};

/** What may stand in a command of this session: the parser's half of the offer. */
export type Syntax = {
  readonly brackets: "required" | "optional";
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  readonly dsn: boolean;
  readonly auth: boolean;
};

/** The part of a session that changes what is offered. */
export type Standing = { readonly tls: boolean; readonly login: string | null };

/** Mechanisms that may be used now: the EHLO reply and AUTH both ask here (field case O-20). */
export function mechanismsNow(offer: Offer, standing: Standing): readonly string[] {
  if (standing.login !== null) return [];
  return standing.tls ? offer.mechanismsOverTls : offer.mechanismsInClear;
}

/** Whether STARTTLS may be used now (RFC 3207 §4.2: not shown inside TLS). */
export function mayStartTls(offer: Offer, standing: Standing): boolean {
  return offer.startTls && !standing.tls;
}

export function syntaxFor(offer: Offer, standing: Standing): Syntax {
  return cacheOf(offer, standing).syntax;
}

/** What a client hears first: RFC 5321 §3.1. */
export function greetingReply(offer: Offer): Reply {
  return cacheOf(offer, { tls: false, login: null }).greeting;
}

/** The reply to EHLO: RFC 5321 §4.1.1.1. */
export function ehloReply(offer: Offer, standing: Standing): Reply {
  return cacheOf(offer, standing).ehlo;
}

/** The reply to HELO. */
export function heloReply(offer: Offer): Reply {
  return cacheOf(offer, { tls: false, login: null }).helo;
}

type Cache = { readonly syntax: Syntax; readonly greeting: Reply; readonly ehlo: Reply; readonly helo: Reply };

const caches = new WeakMap<Offer, (Cache | undefined)[]>();

function cacheOf(offer: Offer, standing: Standing): Cache {
  let byStanding = caches.get(offer);
  if (byStanding === undefined) caches.set(offer, (byStanding = []));
  return (byStanding[(standing.tls ? 2 : 0) + (standing.login === null ? 0 : 1)] ??= buildCache(offer, standing));
}

function buildCache(offer: Offer, standing: Standing): Cache {
  const syntax: Syntax = {
    brackets: offer.brackets,
    smtpUtf8: offer.smtpUtf8,
    eightBitMime: offer.eightBitMime,
    dsn: offer.dsn || standing.login !== null,
    // Clients send AUTH= after login and after a change of security layer: what counts is that AUTH is ever offered.
    auth: offer.mechanismsInClear.length + offer.mechanismsOverTls.length > 0,
  };
  return {
    syntax,
    greeting: greeting(offer.hostname, offer.greeting ?? ""),
    ehlo: constantReply(250, null, offer.hostname, ...extensions(offer, standing, syntax)),
    helo: constantReply(250, null, offer.hostname),
  };
}

function extensions(offer: Offer, standing: Standing, syntax: Syntax): string[] {
  const shown = ["PIPELINING", `SIZE ${offer.maxSize}`, "ENHANCEDSTATUSCODES"];
  if (syntax.eightBitMime) shown.push("8BITMIME");
  if (syntax.smtpUtf8) shown.push("SMTPUTF8");
  if (syntax.dsn) shown.push("DSN");
  if (mayStartTls(offer, standing)) shown.push("STARTTLS");
  const mechanisms = mechanismsNow(offer, standing);
  if (mechanisms.length > 0) shown.push(`AUTH ${mechanisms.join(" ")}`);
  return shown;
}
