import assert from "node:assert/strict";
import { isAscii } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MimeWalker } from "../message/mime-walker.ts";
import { composeReport } from "./compose.ts";
import type { Report, ReportAbout } from "./report.ts";

const about: ReportAbout = {
  finalRecipient: "bob@r.test",
  originalRecipient: null,
  action: "failed",
  status: "5.1.1",
  said: "550 5.1.1 nobody here (to RCPT)",
  host: "mx.r.test [192.0.2.7]:25",
  isFromPeer: true,
  lastAttemptAt: "Wed, 25 Nov 2026 08:00:00 +0000",
  willRetryUntil: null,
};

const report: Report = {
  reportingMta: "mail.example.com",
  to: "anna@example.com",
  envid: null,
  arrivedAt: "Wed, 25 Nov 2026 07:00:00 +0000",
  date: "Wed, 25 Nov 2026 08:00:01 +0000",
  messageId: "<R1@mail.example.com>",
  recipients: [about],
  original: { bytes: Buffer.from("Subject: t\r\n\r\n"), isWhole: false },
  boundary: "report-R1",
  isGlobal: false,
};

/** The parts of a report: what each says that it is, and its body. */
function partsOf(octets: Buffer): { readonly is: string; readonly label: string; readonly body: string }[] {
  const parts: { is: string; label: string; body: string }[] = [];
  const walker = new MimeWalker({
    entity: ({ contentType: { type, subtype, parameters }, encoding, oddity }) => {
      assert.equal(oddity, null);
      const charset = parameters.get("charset");
      parts.push({ is: `${type}/${subtype}${charset === undefined ? "" : ` ${charset}`}`, label: encoding, body: "" });
    },
    octets: (piece) => {
      const part = parts.at(-1);
      if (part !== undefined) part.body += piece.toString("utf8");
    },
    endOfOctets() {},
    between() {},
  });
  walker.push(octets);
  walker.finish();
  return parts;
}

const statusOf = (changes: Partial<Report>) =>
  (partsOf(composeReport({ ...report, ...changes }))[2]?.body ?? "").replaceAll("\r\n", "\n");

describe("a delivery report", () => {
  it("has words, a status and the header of the message (RFC 6522 §3, RFC 3464 §2)", () => {
    const [whole, words, status, original, ...more] = partsOf(composeReport(report));
    assert.deepEqual(
      [whole?.is, words?.is, status?.is, original?.is, more.length],
      ["multipart/report", "text/plain us-ascii", "message/delivery-status", "text/rfc822-headers", 0],
    );
    assert.match(
      words?.body ?? "",
      /bob@r\.test\r\n {4}at mx\.r\.test \[192\.0\.2\.7\]:25\r\n {4}550 5\.1\.1 nobody here/,
    );
    assert.equal(original?.body, "Subject: t\r\n\r\n");
    assert.equal(
      status?.body.replaceAll("\r\n", "\n"),
      `Reporting-MTA: dns; mail.example.com
Arrival-Date: Wed, 25 Nov 2026 07:00:00 +0000

Final-Recipient: rfc822; bob@r.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.r.test
Diagnostic-Code: smtp; 550 5.1.1 nobody here (to RCPT)
Last-Attempt-Date: Wed, 25 Nov 2026 08:00:00 +0000
`,
    );
  });

  it("goes to nobody who answers automatically, and says what it is about (RFC 3834 §5)", () => {
    const text = composeReport(report).toString();
    assert.match(text, /^To: <anna@example\.com>\r\nSubject: Your message could not be delivered\r\n/m);
    assert.match(text, /^Auto-Submitted: auto-replied\r\n/m);
    assert.match(text, /^Content-Type: multipart\/report; report-type=delivery-status;\r\n\tboundary="report-R1"\r\n/m);
  });

  it("repeats ENVID and ORCPT decoded (RFC 3461 §6.3)", () => {
    const originalRecipient = "rfc822;Bob+2Blist@r.test";
    const status = statusOf({
      envid: "QQ+20x+0D+0AAction:+20delivered",
      recipients: [{ ...about, originalRecipient }],
    });
    assert.match(status, /^Original-Envelope-Id: QQ x\?\?Action: delivered\nReporting-MTA/);
    assert.match(status, /\nOriginal-Recipient: rfc822; Bob\+list@r\.test\nFinal-Recipient: rfc822; bob@r\.test\n/);
  });

  it("tells each recipient in a group of its own, ours without a word of a peer", () => {
    const ours = {
      ...about,
      finalRecipient: "carl@r.test",
      status: "4.4.7",
      said: "no route",
      host: null,
      isFromPeer: false,
    };
    const status = statusOf({ recipients: [about, ours] });
    assert.equal(status.split("\n\n").length, 3);
    assert.match(
      status,
      /\n\nFinal-Recipient: rfc822; carl@r\.test\nAction: failed\nStatus: 4\.4\.7\nLast-Attempt-Date:/,
    );
  });

  it("a delay says until when (RFC 3464 §2.3.9)", () => {
    const willRetryUntil = "Mon, 30 Nov 2026 07:00:00 +0000";
    const delayed: ReportAbout = { ...about, action: "delayed", status: "4.2.1", willRetryUntil };
    assert.match(statusOf({ recipients: [delayed] }), /\nAction: delayed\nStatus: 4\.2\.1\n/);
    assert.match(statusOf({ recipients: [delayed] }), /\nWill-Retry-Until: Mon, 30 Nov 2026 07:00:00 \+0000\n$/);
    assert.match(
      composeReport({ ...report, recipients: [delayed] }).toString(),
      /^Subject: Your message is still waiting\r\n/m,
    );
  });

  it("the whole message, and 8-bit octets with their label at every level", () => {
    const bytes = Buffer.from("Subject: t\r\nContent-Transfer-Encoding: 8bit\r\n\r\né\r\n");
    const octets = composeReport({ ...report, original: { bytes, isWhole: true } });
    const parts = partsOf(octets);
    assert.deepEqual(
      parts.map(({ is, label }) => [is, label]),
      [
        ["multipart/report", "8bit"],
        ["text/plain us-ascii", "7bit"],
        ["message/delivery-status", "7bit"],
        ["message/rfc822", "8bit"],
        ["text/plain", "8bit"],
      ],
    );
    assert.ok(isAscii(composeReport(report)));
  });

  it("to the sender of an internationalised message in the forms of RFC 6533", () => {
    const recipients = [
      { ...about, finalRecipient: "jörg@r.test", originalRecipient: "utf-8;j\\x{F6}rg\\x{2B}x@r.test" },
      { ...about, originalRecipient: "rfc822;bob@r.test" },
    ];
    const original = { bytes: Buffer.from("Subject: é\r\n\r\n"), isWhole: false };
    const parts = partsOf(composeReport({ ...report, to: "ännä@example.com", recipients, original, isGlobal: true }));
    assert.deepEqual(
      parts.map(({ is, label }) => [is, label]),
      [
        ["multipart/report", "8bit"],
        ["text/plain utf-8", "8bit"],
        ["message/global-delivery-status", "8bit"],
        ["message/global-headers", "8bit"],
      ],
    );
    assert.match(parts[1]?.body ?? "", /jörg@r\.test/);
    assert.match(
      parts[2]?.body ?? "",
      /Original-Recipient: utf-8; jörg\+x@r\.test\r\nFinal-Recipient: utf-8; jörg@r\.test\r\n/,
    );
    assert.match(
      parts[2]?.body ?? "",
      /Original-Recipient: rfc822; bob@r\.test\r\nFinal-Recipient: rfc822; bob@r\.test\r\n/,
    );
    const whole = composeReport({ ...report, original: { ...original, isWhole: true }, isGlobal: true });
    assert.equal(partsOf(whole)[3]?.is, "message/global");
  });

  it("in ASCII such addresses are encoded", () => {
    const recipients = [{ ...about, finalRecipient: "jörg@r.test", originalRecipient: "utf-8;jörg@r.test" }];
    assert.match(
      statusOf({ recipients }),
      /Original-Recipient: utf-8; j\\x\{F6\}rg@r\.test\nFinal-Recipient: utf-8; j\\x\{F6\}rg@r\.test\n/,
    );
  });

  it("no text of a stranger makes a field or a part", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("\r", "\n", "\0", ":", " ", "-", "x", "é", "\u2028", "--report-R1", "\r\n\r\n"),
    });
    fc.assert(
      fc.property(hostile, hostile, hostile, fc.boolean(), (said, finalRecipient, host, isGlobal) => {
        const octets = composeReport({ ...report, isGlobal, recipients: [{ ...about, said, finalRecipient, host }] });
        const parts = partsOf(octets);
        assert.equal(parts.length, 4);
        const groups = parts[2]?.body.trimEnd().split("\r\n\r\n") ?? [];
        assert.equal(groups.length, 2);
        const names = groups[1]
          ?.split("\r\n")
          .filter((line) => !line.startsWith("\t"))
          .map((line) => line.split(":")[0]);
        assert.deepEqual(names, [
          "Final-Recipient",
          "Action",
          "Status",
          "Remote-MTA",
          "Diagnostic-Code",
          "Last-Attempt-Date",
        ]);
        assert.ok(isGlobal || isAscii(octets));
        for (const line of octets.toString().split("\r\n")) assert.ok(Buffer.byteLength(line) <= 998);
      }),
    );
  });
});
