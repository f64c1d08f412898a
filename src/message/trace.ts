import type { Ip, ReversePath } from "../address/address.ts";
import { formatIp } from "../address/ip.ts";
import { formatAddress } from "../address/path.ts";
import { formatDate } from "./date.ts";

export type Reception = {
  readonly hello: { readonly verb: "EHLO" | "HELO" | "LHLO"; readonly name: string };
  readonly client: Ip;
  /** Our host name. */
  readonly by: string;
  /** Names the message in our log and queue. */
  readonly id: string;
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  readonly isAuthenticated: boolean;
  /** The account's name, where header and envelope need not tell who wrote (field case O-07). */
  readonly login: string | null;
  readonly smtpUtf8: boolean;
  /** The recipient, only when it is the only one. */
  readonly for: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** The Received field of RFC 5321 §4.4, with its CRLF, folded. UTF-8 only where the recipient's address is. */
export function formatReceived(reception: Reception): string {
  const { hello, client, tls, login } = reception;
  const address = client.family === 4 ? formatIp(client) : `IPv6:${formatIp(client)}`;
  const how = tls === null ? "" : ` (${tls.protocol} ${tls.cipher})`;
  const who = login === null ? "" : ` (login ${login.replaceAll(notForComments, "?")})`;
  const whom = reception.for === null ? "" : `\r\n\tfor <${reception.for}>`;
  const id = `\r\n\tby ${reception.by} with ${protocolKeyword(reception)} id ${reception.id}`;
  return `Received: from ${safeHello(hello.name)} ([${address}])${how}${who}${id}${whom};\r\n\t${formatDate(reception.at)}\r\n`;
}

/** RFC 5322 §3.2.2, and ASCII. */
const notForComments = /[^\x20-\x7e]|[()\\]/g;

/** The Return-Path field that final delivery puts on top (RFC 5321 §4.4), with its CRLF. */
export function returnPathField(reversePath: ReversePath): string {
  return `Return-Path: <${reversePath === null ? "" : formatAddress(reversePath)}>\r\n`;
}

/** RFC 3848; RFC 6531 §4.3 for those with UTF8. */
function protocolKeyword({ hello, tls, isAuthenticated, smtpUtf8 }: Reception): string {
  if (hello.verb === "HELO") return "SMTP";
  const base = hello.verb === "LHLO" ? (smtpUtf8 ? "UTF8LMTP" : "LMTP") : smtpUtf8 ? "UTF8SMTP" : "ESMTP";
  return `${base}${tls === null ? "" : "S"}${isAuthenticated ? "A" : ""}`;
}

/** The argument of HELO is a stranger's text: only what a domain or an address literal is made of gets into a field. */
function safeHello(name: string): string {
  return /^(?:[A-Za-z0-9._-]+|\[[A-Za-z0-9.:_-]+\])$/.test(name) ? name : "unknown";
}
