import assert from "node:assert/strict";
import { join } from "node:path";
import { formatFlags } from "../../src/imap/flags.ts";
import { sourceOf } from "../../src/store/content-source.ts";
import { epochOf } from "../../src/store/epoch.ts";
import { splitKeywords, systemBitsOf } from "../../src/store/message-flags.ts";
import { idOfRef } from "../../src/store/ref.ts";
import { openDatabase } from "../../src/store/sqlite/open-database.ts";
import type { Acknowledged } from "./load.ts";
import { sorted } from "./mailbox-look.ts";
import type { Found, FoundMailbox } from "./mailbox-outcome.ts";
import { assertRowsAgree } from "./mailbox-rows.ts";
import { farDomain, numberedMessage, recognised } from "./numbered-message.ts";

/** Where the bytes of one numbered message are. */
export type Whereabouts = {
  /** Names of the accounts whose mailbox has it, each as often as it is there. */
  readonly mailboxes: string[];
  /** Addresses that wait in the queue. */
  readonly queued: string[];
  /** Reports about it that came back to its sender. */
  reports: number;
};

export type DataFolder = {
  readonly epoch: number;
  readonly messages: ReadonlyMap<number, Whereabouts>;
};

/**
 * Opens the database of a data folder as the server does, recovery included, and reads everything that is there. Fails when
 * something is damaged or half.
 */
export async function readDataFolder(folder: string): Promise<DataFolder> {
  const database = await openDatabase(join(folder, "gatepost.db"));
  try {
    // What is read here is thrown away afterwards: closing it need not wait for the disk.
    database.exec("PRAGMA synchronous = OFF");
    const all = (sql: string) => database.prepare(sql).all();
    assert.deepEqual(
      all("PRAGMA integrity_check").map((row) => ({ ...row })),
      [{ integrity_check: "ok" }],
    );
    assert.deepEqual(all("PRAGMA foreign_key_check"), []);
    assertRowsAgree(database, folder);
    assertCounted(all("SELECT uid_next, messages, id FROM mailbox"), all("SELECT mailbox_id, uid FROM message"));
    const messages = new Map<number, Whereabouts>();
    const ofContent = new Map<unknown, { readonly number: number; readonly isReport: boolean }>();
    const contentRow = database.prepare("SELECT id, size, inline, file FROM content WHERE id = ?");
    for (const { id } of all("SELECT id FROM content")) {
      const { number, isReport } = await knownContent(folder, contentRow.get(id ?? null) ?? assert.fail());
      ofContent.set(id, { number, isReport });
      if (!messages.has(number)) messages.set(number, { mailboxes: [], queued: [], reports: 0 });
    }
    const held = new Set<unknown>();
    const at = (contentId: unknown): [Whereabouts, boolean] => {
      held.add(contentId);
      const known = ofContent.get(contentId) ?? assert.fail(`content ${String(contentId)} is named and missing`);
      return [messages.get(known.number) ?? assert.fail(), known.isReport];
    };
    const delivered =
      "SELECT content_id, account.name FROM message JOIN mailbox ON mailbox.id = mailbox_id JOIN account ON account.id = account_id";
    for (const row of all(delivered)) {
      const [whereabouts, isReport] = at(row["content_id"]);
      if (isReport) whereabouts.reports++;
      else whereabouts.mailboxes.push(String(row["name"]));
    }
    const waiting = "SELECT content_id, forward_path FROM recipient LEFT JOIN entry ON entry.id = entry_id";
    for (const row of all(waiting)) at(row["content_id"])[0].queued.push(String(row["forward_path"]));
    for (const id of ofContent.keys()) assert.ok(held.has(id), `content ${String(id)} is kept for nobody`);
    assert.deepEqual(all("SELECT id FROM entry WHERE id NOT IN (SELECT entry_id FROM recipient)"), []);
    const epoch = Number(all("SELECT value FROM setting WHERE name = 'epoch'")[0]?.["value"] ?? 0);
    return { epoch, messages };
  } finally {
    database.close();
  }
}

type Row = Readonly<Record<string, unknown>>;

function assertCounted(mailboxes: readonly Row[], messages: readonly Row[]): void {
  const byMailbox = Map.groupBy(messages, (row) => row["mailbox_id"]);
  for (const mailbox of mailboxes) {
    const uids = (byMailbox.get(mailbox["id"]) ?? []).map(({ uid }) => Number(uid)).toSorted((a, b) => a - b);
    assert.deepEqual(
      uids,
      uids.map((_, index) => index + 1),
    );
    assert.deepEqual([mailbox["messages"], mailbox["uid_next"]], [uids.length, uids.length + 1]);
  }
}

/** All messages of an account, as the tables have them. */
export async function readMailboxesOf(account: string, folder: string): Promise<FoundMailbox[]> {
  const database = await openDatabase(join(folder, "gatepost.db"));
  try {
    database.exec("PRAGMA synchronous = OFF");
    assertRowsAgree(database, folder);
    const mailboxes = database
      .prepare("SELECT mailbox.* FROM mailbox JOIN account ON account.id = account_id WHERE account.name = ?")
      .all(account);
    const rows = database.prepare(
      "SELECT uid, flags, keywords, content.* FROM message JOIN content ON content.id = content_id WHERE mailbox_id = ?",
    );
    const found: FoundMailbox[] = [];
    for (const { id, name, uid_validity: uidValidity, uid_next: uidNext, modseq } of mailboxes) {
      const messages: Found[] = [];
      for (const row of rows.all(id ?? null)) {
        const { number } = await knownContent(folder, row);
        const keywords = splitKeywords(String(row["keywords"]));
        const flags = sorted(formatFlags({ system: systemBitsOf(Number(row["flags"])), keywords }));
        messages.push({ number, uid: Number(row["uid"]), flags });
      }
      found.push({
        name: String(name),
        uidValidity: Number(uidValidity),
        uidNext: Number(uidNext),
        modseq: Number(modseq),
        messages,
      });
    }
    return found;
  } finally {
    database.close();
  }
}

async function knownContent(
  folder: string,
  row: Row,
): Promise<{ readonly number: number; readonly isReport: boolean }> {
  const { id, size, inline, file } = row;
  const source = sourceOf(join(folder, "content"), {
    size: Number(size),
    inline: inline instanceof Uint8Array ? inline : null,
    file: typeof file === "string" ? file : null,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream()) chunks.push(chunk);
  const content = Buffer.concat(chunks);
  const known = recognised(content) ?? assert.fail(`content ${String(id)} was never sent`);
  const isReport = content.includes("multipart/report");
  assert.ok(isReport || known.isWhole, `content ${String(id)} of message ${known.number} was changed`);
  return { number: known.number, isReport };
}

type Expected = {
  /** What was acknowledged until then. */
  readonly acknowledged: Iterable<Acknowledged>;
  /** Whether the next hop had taken it by then. */
  readonly isTaken: (recipient: string) => boolean;
  /** Of a message that was sent and not acknowledged. */
  readonly recipientsOf?: (number: number) => readonly string[];
};

/** Everything acknowledged is there for each of its recipients; what nobody heard of is there for all of them or for none. */
export function assertKept(
  { epoch, messages }: DataFolder,
  { acknowledged, isTaken, recipientsOf = (number) => numberedMessage(number).recipients }: Expected,
): void {
  const promised = new Map(Array.from(acknowledged, (one) => [one.number, one]));
  for (const { reply } of promised.values()) {
    if (!reply.startsWith("250 ")) continue;
    const id = idOfRef(reply.split(" ").at(-1) ?? "") ?? assert.fail(reply);
    assert.ok(epochOf(id) <= epoch, `${reply}: its number could be given again`);
  }
  for (const number of new Set([...promised.keys(), ...messages.keys()])) {
    const { mailboxes, queued, reports } = messages.get(number) ?? nowhere;
    const whom = promised.get(number)?.recipients ?? recipientsOf(number);
    const local = whom.filter((recipient) => !recipient.endsWith(farDomain)).map((to) => to.split("@")[0] ?? "");
    assert.deepEqual(mailboxes.toSorted(), local.toSorted(), `message ${number} in mailboxes`);
    for (const recipient of whom.filter((one) => one.endsWith(farDomain))) {
      const isFinished = recipient.startsWith("gone.") ? reports > 0 : isTaken(recipient);
      assert.ok(queued.includes(recipient) || isFinished, `message ${number} is lost for ${recipient}`);
    }
    assert.equal(new Set(queued).size, queued.length, `message ${number} waits twice for one recipient`);
    assert.ok(reports <= 1, `${reports} reports about message ${number}`);
  }
}

const nowhere: Whereabouts = { mailboxes: [], queued: [], reports: 0 };
