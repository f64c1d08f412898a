import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImapClient } from "./imap-client.ts";
import { MailboxBook, type Operation } from "./mailbox-book.ts";
import { type Done, lanes, MailboxLane } from "./mailbox-lane.ts";
import { trace, writerOf } from "./recording.ts";
import { seeded } from "./seeded.ts";
import type { SystemCall } from "./system-calls.ts";

/** An operation of a lane with the call that wrote its OK. */
export type RecordedOperation = Done & { readonly lane: number; readonly written: SystemCall };

/** All that one server process did to a folder while sessions changed the mailboxes of one account. */
export type MailboxRecording = {
  readonly folder: string;
  readonly calls: readonly SystemCall[];
  /** In the order in which the OKs were written. */
  readonly operations: readonly RecordedOperation[];
  remove(): Promise<void>;
};

export const reader = "ann";
/** The name of INBOX in the book. */
const inbox = 1;

export function emptyBook(): MailboxBook {
  const book = new MailboxBook();
  book.see(inbox, { name: "INBOX", uidValidity: null });
  return book;
}

/** `each`: operations of each lane. */
export async function recordMailboxes(
  strace: readonly string[],
  { each, seed }: { readonly each: number; readonly seed: number },
): Promise<MailboxRecording> {
  const above = await realpath(await mkdtemp(join(tmpdir(), "gatepost-mailboxes-")));
  const folder = join(above, "served");
  await mkdir(folder);
  try {
    const done: (Done & { readonly lane: number })[] = [];
    const calls = await trace(strace, { above, folder, nextHop: 1 }, [
      async ({ imapPort }) => {
        const [book, random] = [emptyBook(), seeded(seed)];
        let names = inbox;
        const run = async (lane: number): Promise<void> => {
          let number = lane;
          const parts = { book, random, nextName: () => ++names, nextNumber: () => (number += lanes) };
          const client = new ImapClient(imapPort, `lane${lane}`);
          assert.ok(await client.login(reader));
          await new MailboxLane({ ...parts, lane, isDelivered: () => false }).run(
            { client, acknowledged: (one) => void done.push({ ...one, lane }), isEnding: () => false },
            each,
          );
          client.end();
        };
        await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
      },
    ]);
    const writer = writerOf(calls);
    const operations = done
      .map((one) => ({ ...one, written: writer(one.text) }))
      .toSorted((one, other) => one.written.began - other.written.began);
    return { folder, calls, operations, remove: () => rm(above, { recursive: true }) };
  } catch (error) {
    await rm(above, { recursive: true });
    throw error;
  }
}

/** What was acknowledged before a line of the trace, and what may have been under way there: of each lane what it did next. */
export function bookAt(
  { operations }: Pick<MailboxRecording, "operations">,
  line: number,
): { readonly book: MailboxBook; readonly underWay: readonly Operation[] } {
  const book = emptyBook();
  const next = new Map<number, Operation>();
  for (const { lane, operation, given, written } of operations) {
    if (written.began < line) book.apply(operation, given);
    else if (!next.has(lane)) next.set(lane, operation);
  }
  // What needs something that was not acknowledged then had not begun.
  return { book, underWay: [...next.values()].filter((operation) => book.mayBegin(operation)) };
}
