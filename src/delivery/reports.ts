import { isAscii } from "node:buffer";
import type { Directory } from "../accounts/directory.ts";
import { parseAddress } from "../address/path.ts";
import { composeReport } from "../dsn/compose.ts";
import type { Action } from "../dsn/report.ts";
import { formatDate } from "../message/date.ts";
import { endOfHeader } from "../message/header.ts";
import { surveyEightBit } from "../message/seven-bit.ts";
import type { Destination } from "../policy/decision.ts";
import type { ContentSource, QueueEntry } from "../queue/entry.ts";
import type { ReportKind } from "../queue/fate.ts";
import type { FinalDelivery } from "../mailboxes/final-delivery.ts";
import type { Contents } from "../store/content.ts";
import { insertEntry, insertRecipient } from "../store/queue.ts";
import { refOf } from "../store/ref.ts";
import type { Statement, Store, Unit } from "../store/store.ts";
import type { ReportedRecipient, ReportRequest, Reports } from "../store/reporting.ts";

export type ReportsOptions = {
  readonly hostname: string;
  readonly store: Pick<Store, "nextId">;
  readonly contents: Contents;
  readonly directory: Directory;
  readonly finalDelivery: FinalDelivery;
  readonly destinationOf: (forwardPath: string) => Destination | null;
  readonly now: () => number;
};

/** Octets of the original that go back at most. */
const mostHeader = 64 * 1024;
const mostWhole = 256 * 1024;

const actionOf = {
  failure: "failed",
  delay: "delayed",
  success: "delivered",
  relayed: "relayed",
  expanded: "expanded",
} as const satisfies Record<ReportKind, Action>;

/** Composes reports and says how they are kept: in the mailbox of an account here, or as a queue entry with the null reverse-path. */
export function openReports(options: ReportsOptions): Reports {
  return {
    async reportOn(request) {
      const sender = parseAddress(request.entry.reversePath, { kind: "reverse", allowsUtf8: true });
      // A null reverse-path is a report itself; nobody is told about it (RFC 5321 §4.5.5, §6.1).
      if ("refused" in sender) return null;
      const id = options.store.nextId();
      const bytes = await compose(request, id, options);
      const writer = options.contents.create();
      writer.write(bytes);
      const content = await writer.finish();
      const destination = options.destinationOf(request.entry.reversePath);
      const ends = destination?.kind === "here" ? options.directory.expand(destination.address) : "none";
      if (typeof ends === "object" && ends.away.length === 0) {
        const { finalDelivery } = options;
        const places = await finalDelivery.placesFor([ends]);
        const prefix = "Return-Path: <>\r\n";
        const delivered = { contentId: content.id, contentSize: content.size, prefix, at: options.now() };
        // Who is over quota hears of what became of the own messages all the same.
        const unit = [content.insert, ...finalDelivery.statements(places, delivered, "whatever the quota")];
        return { message: refOf(id), unit, committed: () => finalDelivery.told(places, delivered) };
      }
      const report = { id, contentId: content.id, size: content.size, isEightBit: !isAscii(bytes) };
      return { message: refOf(id), unit: [content.insert, ...queued(request, report, options)] };
    },
  };
}

function queued(
  { entry }: ReportRequest,
  kept: { readonly id: number; readonly contentId: number; readonly size: number; readonly isEightBit: boolean },
  { store, now }: ReportsOptions,
): Unit {
  const report: QueueEntry = {
    id: kept.id,
    contentId: kept.contentId,
    size: kept.size,
    reversePath: "",
    bornAt: now(),
    body: kept.isEightBit ? "8BITMIME" : "7BIT",
    smtpUtf8: isGlobal(entry),
    ret: null,
    envid: null,
    listener: "report",
    client: "",
    account: null,
  };
  const recipient = {
    id: store.nextId(),
    entryId: report.id,
    forwardPath: entry.reversePath,
    originalPath: null,
    orcpt: null,
    notify: null,
    dueAt: now(),
    attempts: 0,
    isDelayReported: false,
  };
  const statements: Statement[] = [insertEntry(report), insertRecipient(recipient, 0)];
  return statements;
}

async function compose(
  { kind, entry, recipients, content }: ReportRequest,
  id: number,
  { hostname, now }: ReportsOptions,
): Promise<Buffer> {
  // RFC 3461 §6.2: the whole message only about a failure.
  const mayBeWhole = entry.ret === "FULL" && content.size <= mostWhole && kind === "failure";
  const bytes = await firstOctets(content, mayBeWhole ? mostWhole : mostHeader);
  const header = bytes.subarray(0, endOfHeader(bytes));
  const isWhole = mayBeWhole && (isGlobal(entry) || (await mayGoAnywhere(content)));
  const original = isWhole ? bytes : header;
  return composeReport({
    reportingMta: hostname,
    to: entry.reversePath,
    envid: entry.envid,
    arrivedAt: formatDate(entry.bornAt),
    date: formatDate(now()),
    messageId: `<${refOf(id)}@${hostname}>`,
    recipients: recipients.map((one) => about(one, actionOf[kind])),
    original: { bytes: original, isWhole },
    boundary: boundaryBeside(original, `report-${refOf(id)}`),
    isGlobal: isGlobal(entry),
  });
}

/** A message/rfc822 is converted like any message where 8-bit mail is not taken; one that cannot be would keep its report from going. */
async function mayGoAnywhere(content: ContentSource): Promise<boolean> {
  const { anywhere, obstacle } = await surveyEightBit(content.stream());
  return !anywhere || obstacle === null;
}

/** Its sender asked for SMTPUTF8: what goes back may be in the forms of RFC 6533. */
function isGlobal({ smtpUtf8, reversePath }: QueueEntry): boolean {
  return smtpUtf8 || !isAscii(Buffer.from(reversePath));
}

function about({ recipient, outcome, lastAttemptAt, willRetryUntil }: ReportedRecipient, action: Action) {
  return {
    finalRecipient: recipient.forwardPath,
    originalRecipient: recipient.orcpt,
    action,
    status: outcome.status,
    said: outcome.said,
    host: outcome.host,
    isFromPeer: outcome.code !== null,
    lastAttemptAt: formatDate(lastAttemptAt),
    willRetryUntil: willRetryUntil === null ? null : formatDate(willRetryUntil),
  };
}

async function firstOctets(content: ContentSource, most: number): Promise<Buffer> {
  if (content.bytes !== null) return Buffer.from(content.bytes.subarray(0, most));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content.stream()) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

function boundaryBeside(original: Buffer, wanted: string): string {
  let boundary = wanted;
  while (original.includes(boundary)) boundary += "-";
  return boundary;
}
