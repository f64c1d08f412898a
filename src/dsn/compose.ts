/** RFC 3464 action of a recipient. */
export type Action = "failed" | "delayed" | "delivered" | "relayed";

export type ReportAbout = {
  readonly finalRecipient: string;
  /** RFC 3461 ORCPT as received, "rfc822;…"; `null` when the sender gave none. */
  readonly originalRecipient: string | null;
  readonly action: Action;
  readonly status: string;
  readonly said: string;
  readonly host: string | null;
  readonly isFromPeer: boolean;
  readonly lastAttemptAt: string;
  readonly willRetryUntil: string | null;
};

export type Report = {
  readonly reportingMta: string;
  /** Whom the report goes to: the reverse-path of what it is about. Never null: there is no report about a report. */
  readonly to: string;
  readonly envid: string | null;
  readonly arrivedAt: string;
  readonly date: string;
  readonly messageId: string;
  readonly recipients: readonly ReportAbout[];
  /** The header of the message, or all of it as RET=FULL asks. */
  readonly original: { readonly bytes: Buffer; readonly isWhole: boolean };
  /** Must not occur in the original. */
  readonly boundary: string;
};

const titles = {
  failed: "Your message could not be delivered",
  delayed: "Your message is still waiting",
  delivered: "Your message was delivered",
  relayed: "Your message was passed on",
} as const satisfies Record<Action, string>;

/** A multipart/report (RFC 6522) with text for people, message/delivery-status (RFC 3464) and the original or its header (RFC 3462). */
export function composeReport(report: Report): Buffer {
  const action = report.recipients[0]?.action ?? "failed";
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
    "",
    `--${report.boundary}`,
    "Content-Type: text/plain; charset=us-ascii",
    "",
    ...words(report, action),
    "",
    `--${report.boundary}`,
    "Content-Type: message/delivery-status",
    "",
    ...status(report),
    "",
    `--${report.boundary}`,
    `Content-Type: ${report.original.isWhole ? "message/rfc822" : "text/rfc822-headers"}`,
    "",
    "",
  ];
  const tail = `\r\n--${report.boundary}--\r\n`;
  return Buffer.concat([Buffer.from(head.join("\r\n"), "latin1"), report.original.bytes, Buffer.from(tail, "latin1")]);
}

function words({ recipients, reportingMta }: Report, action: Action): string[] {
  const lines = [`This is the mail system of ${reportingMta}. ${titles[action]}:`, ""];
  for (const { finalRecipient, said, host, willRetryUntil } of recipients) {
    lines.push(`  ${printable(finalRecipient)}`);
    if (host !== null) lines.push(`    at ${printable(host)}`);
    for (const line of folded(`    ${printable(said)}`)) lines.push(line);
    if (willRetryUntil !== null) lines.push(`    Delivery will be tried until ${willRetryUntil}.`);
  }
  return lines;
}

function status({ reportingMta, envid, arrivedAt, recipients }: Report): string[] {
  const lines = [`Reporting-MTA: dns; ${reportingMta}`];
  if (envid !== null) lines.push(`Original-Envelope-Id: ${printable(decodeXtext(envid))}`);
  lines.push(`Arrival-Date: ${arrivedAt}`);
  for (const about of recipients) {
    lines.push("");
    if (about.originalRecipient !== null)
      lines.push(`Original-Recipient: ${printable(decodeXtext(about.originalRecipient))}`);
    lines.push(
      `Final-Recipient: rfc822; ${printable(about.finalRecipient)}`,
      `Action: ${about.action}`,
      `Status: ${about.status}`,
    );
    if (about.host !== null) lines.push(`Remote-MTA: dns; ${printable(about.host.split(" ")[0] ?? "")}`);
    if (about.isFromPeer) lines.push(...folded(`Diagnostic-Code: smtp; ${printable(about.said)}`));
    lines.push(`Last-Attempt-Date: ${about.lastAttemptAt}`);
    if (about.willRetryUntil !== null) lines.push(`Will-Retry-Until: ${about.willRetryUntil}`);
  }
  return lines;
}

/** RFC 3461 §4: "+40" is "@". */
function decodeXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Peers' words and addresses are text of strangers: one line of ASCII each. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 900);
}

/** Long words are cut into continuation lines of a field; a line of text for people may begin with blanks too. */
function folded(line: string): string[] {
  return (
    line
      .match(/.{1,76}(?:\s|$)|.{1,900}/g)
      ?.map((part, index) => (index === 0 ? part.trimEnd() : `\t${part.trimEnd()}`)) ?? [line]
  );
}
