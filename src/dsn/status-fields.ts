import { isAscii } from "node:buffer";
import { decodeXtext } from "../smtp/xtext.ts";
import type { Report, ReportAbout } from "./report.ts";
import { decodeUtf8Address, encodeUtf8Address } from "./utf8-address.ts";

/** The lines of a delivery status (RFC 3464 §2.1): fields about the message, then about each recipient behind a blank line. */
export function statusFields({ reportingMta, envid, arrivedAt, recipients, isGlobal }: Report): string[] {
  const lines = [];
  if (envid !== null) lines.push(...folded(`Original-Envelope-Id: ${oneLine(decodeXtext(envid), false)}`));
  lines.push(`Reporting-MTA: dns; ${reportingMta}`, `Arrival-Date: ${arrivedAt}`);
  for (const about of recipients) lines.push("", ...recipientFields(about, isGlobal));
  return lines;
}

function recipientFields(about: ReportAbout, isGlobal: boolean): string[] {
  const lines = [];
  // RFC 3464 §2.3.1: only as the sender gave it.
  const original = about.originalRecipient === null ? null : typedOriginal(about.originalRecipient, isGlobal);
  if (original !== null) lines.push(...folded(`Original-Recipient: ${original}`));
  lines.push(
    ...folded(`Final-Recipient: ${typedAddress(about.finalRecipient, isGlobal)}`),
    `Action: ${about.action}`,
    `Status: ${about.status}`,
  );
  if (about.host !== null) lines.push(`Remote-MTA: dns; ${oneLine(about.host.split(" ")[0] ?? "", false)}`);
  if (about.isFromPeer) lines.push(...folded(`Diagnostic-Code: smtp; ${oneLine(about.said, false)}`));
  lines.push(`Last-Attempt-Date: ${about.lastAttemptAt}`);
  if (about.willRetryUntil !== null) lines.push(`Will-Retry-Until: ${about.willRetryUntil}`);
  return lines;
}

/** RFC 3461 §4.2: the type, then xtext; for the type "utf-8" one of the forms of RFC 6533 §3. */
function typedOriginal(orcpt: string, isGlobal: boolean): string {
  const [type = "", ...rest] = orcpt.split(";");
  const address = rest.join(";");
  if (type.toLowerCase() !== "utf-8") return `${oneLine(type, false)}; ${oneLine(decodeXtext(address), false)}`;
  return utf8Address(decodeUtf8Address(address), isGlobal);
}

function typedAddress(address: string, isGlobal: boolean): string {
  return isAscii(Buffer.from(address)) ? `rfc822; ${oneLine(address, false)}` : utf8Address(address, isGlobal);
}

function utf8Address(address: string, isGlobal: boolean): string {
  return `utf-8; ${isGlobal ? oneLine(address, true) : encodeUtf8Address(address)}`;
}

/** Peers' words and addresses are text of strangers: one line each, without what steers a terminal. */
export function oneLine(text: string, allowsUtf8: boolean): string {
  const line = allowsUtf8 ? text.replace(/[\p{C}\u2028\u2029]/gu, "?") : text.replace(/[^\x20-\x7e]/g, "?");
  return line.slice(0, 900);
}

/** A field that is long goes on in lines that begin with a blank (RFC 5322 §2.2.3); none of them is blank. */
function folded(field: string): string[] {
  const lines = field.match(/.{1,76}(?:\s|$)|\S+\s?/g)?.map((line) => line.trim()) ?? [];
  return lines.filter((line) => line !== "").map((line, index) => (index === 0 ? line : `\t${line}`));
}
