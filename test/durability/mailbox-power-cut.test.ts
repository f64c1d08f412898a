import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { type Cut, cutsOf, inRestored } from "../../testing/durability/cuts.ts";
import { readMailboxesOf } from "../../testing/durability/data-folder.ts";
import type { Leaves } from "../../testing/durability/disk-model.ts";
import { Outcome } from "../../testing/durability/mailbox-outcome.ts";
import { bookAt, type MailboxRecording, reader, recordMailboxes } from "../../testing/durability/mailbox-recording.ts";
import { dataFolder } from "../../testing/durability/numbered-message.ts";
import { seeded } from "../../testing/durability/seeded.ts";
import { strace, tracedTest } from "../../testing/durability/strace.ts";

const seed = 20261125;
/** Cuts that are passed over: EVERY_CUT=1 in the environment, none. */
const every = process.env["EVERY_CUT"] === "1" ? 1 : 4;

suite("what a server process asked of the disk while mailboxes changed, recorded", () => {
  let recording: MailboxRecording;
  before(async () => {
    if (strace !== null) recording = await recordMailboxes(strace, { each: 25, seed });
  });
  after(() => recording?.remove());

  tracedTest(
    "a power cut at any sync: what was acknowledged has happened, what was under way as a whole or not at all",
    async (t) => {
      const done = Map.groupBy(recording.operations, ({ operation }) => operation.do);
      for (const what of ["append", "copy", "move", "store", "expunge", "create"] as const) {
        assert.ok((done.get(what)?.length ?? 0) > 0, what);
      }
      const random = seeded(seed);
      let [all, tried, happened] = [0, 0, 0];
      for (const cut of cutsOf({ ...recording, replies: [], given: new Map() })) {
        if (all++ % every > 0 && cut.during !== null) continue;
        happened += await survives(cut, "none");
        if (++tried % 4 === 0) await survives(cut, random);
      }
      t.diagnostic(
        `seed ${seed}: ${tried} of ${all} cuts; ${happened} operations had happened that nobody was told of`,
      );
      assert.ok(tried > 15);
    },
  );

  /** Returns how many had happened and were not acknowledged. */
  async function survives(cut: Cut, leaves: Leaves): Promise<number> {
    const { book, underWay } = bookAt(recording, cut.during?.ended ?? Infinity);
    // Before there was an account.
    if (book.messages.size === 0) return 0;
    let happened = 0;
    await inRestored(cut, leaves, async (above) => {
      const folder = join(above, dataFolder);
      await mkdir(folder, { recursive: true });
      const outcome = new Outcome(book, await readMailboxesOf(reader, folder));
      assert.deepEqual(outcome.settle(underWay), [], "nobody put it there");
      outcome.finish();
      happened = outcome.happened;
    });
    return happened;
  }
});
