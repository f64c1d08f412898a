import { isAscii } from "node:buffer";
import type { Action, Report } from "./report.ts";
import { oneLine, statusFields } from "./status-fields.ts";

const titles = {
  failed: "Your message could not be delivered",
  delayed: "Your message is still waiting",
  delivered: "Your message was delivered",
  relayed: "Your message was passed on",
  expanded: "Your message was passed on to several recipients",
} as const satisfies Record<Action, string>;

/** What the sender may make of it, beyond the title. */
const explanations = {
  failed: "Nothing more will be tried for these recipients:",
  delayed: "You need not do anything. It could not be delivered so far:",
  delivered: "It is in the mailbox of these recipients:",
  expanded: "These addresses stand for several others. You will hear only of failures and delays behind them:",
  relayed: "The next system takes care of it from now on and does not report deliveries:",
} as const satisfies Record<Action, string>;

/**
 * A multipart/report (RFC 6522 §3) of three parts: words for people, the status for programs (RFC 3464, or RFC 6533 §4), and the
 * original or its header. 8-bit octets stand only in parts that may be encoded on the way (`message/seven-bit.ts`).
 */
export function composeReport(report: Report): Buffer {
  const action = report.recipients[0]?.action ?? "failed";
  const parts = [wordsPart(report, action), statusPart(report), originalPart(report)];
  const head = [
    `From: Mail delivery <postmaster@${report.reportingMta}>`,
    `To: <${report.to}>`,
    `Subject: ${titles[action]}`,
    `Date: ${report.date}`,
    `Message-ID: ${report.messageId}`,
    // RFC 3834 §5: nothing answers automatically to this.
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${report.boundary}"`,
    ...labelFor(Buffer.concat(parts)),
    "",
    "",
  ];
  const pieces: Buffer[] = [Buffer.from(head.join("\r\n"))];
  for (const part of parts) pieces.push(Buffer.from(`--${report.boundary}\r\n`), part, Buffer.from("\r\n"));
  pieces.push(Buffer.from(`--${report.boundary}--\r\n`));
  return Buffer.concat(pieces);
}

/** RFC 2045 §6.4: 8-bit octets are announced by the part and by what holds it. */
function labelFor(octets: Buffer): string[] {
  return isAscii(octets) ? [] : ["Content-Transfer-Encoding: 8bit"];
}

function part(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([`Content-Type: ${type}`, ...labelFor(body), "", ""].join("\r\n")), body]);
}

function wordsPart(report: Report, action: Action): Buffer {
  const body = Buffer.from(`${words(report, action).join("\r\n")}\r\n`);
  return part(`text/plain; charset=${report.isGlobal ? "utf-8" : "us-ascii"}`, body);
}

function words({ recipients, reportingMta, isGlobal }: Report, action: Action): string[] {
  const lines = [`This is the mail system of ${reportingMta}.`, "", `${titles[action]}.`, explanations[action], ""];
  for (const { finalRecipient, said, host, willRetryUntil } of recipients) {
    lines.push(`  ${oneLine(finalRecipient, isGlobal)}`);
    if (host !== null) lines.push(`    at ${oneLine(host, false)}`);
    for (const line of wrapped(oneLine(said, false))) lines.push(`    ${line}`);
    if (willRetryUntil !== null) lines.push(`    It will be tried until ${willRetryUntil}.`);
  }
  return lines;
}

function statusPart(report: Report): Buffer {
  const body = Buffer.from(`${statusFields(report).join("\r\n")}\r\n`);
  return part(report.isGlobal ? "message/global-delivery-status" : "message/delivery-status", body);
}

/** Internationalised headers are no text/rfc822-headers, and the message no message/rfc822 (RFC 6533 §4, RFC 6532 §3.7). */
function originalPart({ original: { bytes, isWhole }, isGlobal }: Report): Buffer {
  if (isWhole) return part(isGlobal ? "message/global" : "message/rfc822", bytes);
  return part(isGlobal ? "message/global-headers" : "text/rfc822-headers", bytes);
}

/** Lines for people; a word that is longer stays whole. */
function wrapped(text: string): readonly string[] {
  return text.match(/.{1,72}(?:\s|$)|\S+\s?/g)?.map((line) => line.trimEnd()) ?? [];
}
