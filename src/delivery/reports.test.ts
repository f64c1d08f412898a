import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "../../testing/memory-store.ts";
import type { Directory } from "../accounts/directory.ts";
import type { ContentSource, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import type { ReportKind } from "../queue/fate.ts";
import { openContents } from "../store/content.ts";
import type { FinalDelivery } from "../mailboxes/final-delivery.ts";
import { openReports } from "./reports.ts";

const failed: RecipientOutcome = { result: "permanent", code: 550, status: "5.1.1", said: "550 no", host: "mx.r.test" };

/** What a report about `message` is made into: the queue entry that carries it, and its octets. */
async function reportAbout(
  message: string,
  changes: Partial<QueueEntry> & { readonly kind?: ReportKind; readonly forwardPath?: string } = {},
) {
  const { kind = "failure", forwardPath = "bob@r.test", ...entryChanges } = changes;
  const store = await openMemoryStore();
  const contents = openContents({ folder: "/nowhere", store });
  const reports = openReports({
    hostname: "mail.example.com",
    store,
    contents,
    // Nobody is here: every report is queued.
    directory: {} as Directory,
    finalDelivery: {} as FinalDelivery,
    destinationOf: () => null,
    now: () => Date.UTC(2026, 10, 25),
  });
  const bytes = Buffer.from(message.replaceAll("\n", "\r\n"));
  const content: ContentSource = {
    size: bytes.length,
    bytes,
    flaw: () => Promise.resolve(null),
    async *stream() {
      yield bytes;
    },
  };
  const entry: QueueEntry = {
    id: store.nextId(),
    contentId: store.nextId(),
    size: bytes.length,
    reversePath: "anna@far.test",
    bornAt: Date.UTC(2026, 10, 24),
    body: "8BITMIME",
    smtpUtf8: false,
    ret: null,
    envid: null,
    listener: "relay",
    client: "192.0.2.1",
    account: null,
    ...entryChanges,
  };
  const recipient = {
    id: store.nextId(),
    entryId: entry.id,
    forwardPath,
    originalPath: null,
    orcpt: null,
    notify: null,
    dueAt: 0,
    attempts: 1,
    isDelayReported: false,
  };
  const report = await reports.reportOn({
    kind,
    entry,
    content,
    recipients: [{ recipient, outcome: failed, lastAttemptAt: entry.bornAt, willRetryUntil: null }],
  });
  if (report !== null) await store.commit(report.unit);
  const [row] = await store.read({
    sql: "SELECT entry.*, recipient.*, content.inline FROM entry JOIN recipient ON entry_id = entry.id JOIN content ON content.id = content_id",
    parameters: [],
  });
  const octets = row?.["inline"];
  return { row, report, text: octets instanceof Uint8Array ? Buffer.from(octets).toString() : "" };
}

const original = "Subject: t\nX: y\n\nthe body\n";

describe("reports", () => {
  it("go out with the null reverse-path, and ask for no report themselves (RFC 3461 §6.1)", async () => {
    const { row, report } = await reportAbout(original, { ret: "FULL", envid: "x" });
    assert.deepEqual(
      [row?.["reverse_path"], row?.["forward_path"], row?.["ret"], row?.["envid"], row?.["notify"], row?.["body"]],
      ["", "anna@far.test", null, null, null, "7BIT"],
    );
    assert.match(report?.message ?? "", /^[0-9A-Z]+$/);
  });

  it("O-35: there is none about a report", async () => {
    const { row, report } = await reportAbout(original, { reversePath: "" });
    assert.deepEqual([row, report], [undefined, null]);
  });

  const wholes: Record<string, [changes: Parameters<typeof reportAbout>[1], isWhole: boolean, message?: string]> = {
    "RET=FULL": [{ ret: "FULL" }, true],
    "RET=HDRS": [{ ret: "HDRS" }, false],
    "nothing asked": [{}, false],
    "RET=FULL about a delay": [{ ret: "FULL", kind: "delay" }, false],
    "RET=FULL about a success": [{ ret: "FULL", kind: "success" }, false],
    "RET=FULL of a large message": [{ ret: "FULL" }, false, `${original}${"x".repeat(70)}\n`.repeat(4_000)],
    "RET=FULL, 8-bit": [{ ret: "FULL" }, true, original.replace("body", "bödy")],
    "RET=FULL of what could not go back everywhere": [{ ret: "FULL" }, false, original.replace("t\n", "é\n")],
  };
  for (const [name, [changes, isWhole, message = original]] of Object.entries(wholes)) {
    it(`${name}: ${isWhole ? "the whole message" : "its header"} (RFC 3461 §4.3, §6.2)`, async () => {
      const { text } = await reportAbout(message, changes);
      assert.equal(text.includes("the b"), isWhole);
      assert.match(text, isWhole ? /^Content-Type: message\/rfc822\r$/m : /^Content-Type: text\/rfc822-headers\r$/m);
      assert.match(text, /^X: y\r$/m);
    });
  }

  it("to the sender of an internationalised message in the forms of RFC 6533, and with SMTPUTF8 where needed", async () => {
    const { row, text } = await reportAbout("Subject: é\n\nthe body\n", {
      smtpUtf8: true,
      ret: "FULL",
      forwardPath: "é@r.test",
    });
    assert.deepEqual([row?.["smtp_utf8"], row?.["body"]], [1, "8BITMIME"]);
    assert.match(text, /^Content-Type: message\/global-delivery-status\r$/m);
    assert.match(text, /^Content-Type: message\/global\r$/m);
    assert.match(text, /^Final-Recipient: utf-8; é@r\.test\r$/m);
    const plain = await reportAbout(original);
    assert.deepEqual([plain.row?.["smtp_utf8"], plain.text.includes("global")], [0, false]);
  });

  it("the boundary is none that the original has", async () => {
    const { text } = await reportAbout(original);
    const boundary = /boundary="(.*)"/.exec(text)?.[1] ?? "";
    // Ids are given in order: the same again, with that boundary in the original.
    const again = await reportAbout(`X: ${boundary}\n\n`);
    const second = /boundary="(.*)"/.exec(again.text)?.[1] ?? "";
    assert.ok(second.length > 0 && second !== boundary);
  });
});
