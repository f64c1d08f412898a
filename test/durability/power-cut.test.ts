import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext } from "node:test";
import { assertStarts, assertSurvives, cutsOf } from "../../testing/durability/cuts.ts";
import { DiskModel } from "../../testing/durability/disk-model.ts";
import { dataFolder } from "../../testing/durability/numbered-message.ts";
import { record, type Recording } from "../../testing/durability/recording.ts";
import { seeded } from "../../testing/durability/seeded.ts";
import { strace, tracedTest } from "../../testing/durability/strace.ts";
import { isSync, isWrite, type SystemCall } from "../../testing/durability/system-calls.ts";
import { assertSyncedBefore, Trail } from "../../testing/durability/trail.ts";

const seed = 20261125;

/** Files at the same time, all sizes, by SMTP and by APPEND, then more than the log holds before it is copied into the database; and a second start. */
const load = [
  [
    { messages: 6, sessions: 6, size: "file" },
    { messages: 4, sessions: 4, size: "file", by: "APPEND" },
    { messages: 44, sessions: 6 },
    { messages: 20, sessions: 5, by: "APPEND" },
    { messages: 130, sessions: 6, size: "large" },
  ],
  [{ messages: 10, sessions: 2 }],
] as const;

const acknowledging = { "250 after the dot": /^250 /, "OK to APPEND": / OK \[APPENDUID / };

const messagesIn = (stretches: readonly { readonly messages: number }[]): number =>
  stretches.reduce((sum, { messages }) => sum + messages, 0);

suite("what a server process asked of the disk, recorded", () => {
  let recording: Recording;
  before(async () => {
    if (strace !== null) recording = await record(strace, load);
  });
  after(() => recording?.remove());

  tracedTest("nothing is missing from the recording: all of its writes make the folder that is there", async (t) => {
    const folder = await folderFor(t);
    diskAtEnd(recording).restore(folder, "all");
    assert.deepEqual(await namesIn(folder), await namesIn(recording.folder));
    for (const name of await namesIn(folder)) {
      const isSame = (await readFile(join(folder, name))).equals(await readFile(join(recording.folder, name)));
      assert.ok(isSame, name);
    }
    assert.equal(recording.replies.length, messagesIn(load.flat()));
    assert.deepEqual(recording.nextHop.changed, []);
    const [first, last] = [0, messagesIn(load[0]) - 1].map((index) => recording.replies[index]?.written.began ?? 0);
    const isCopy = (call: SystemCall) =>
      isWrite(call) && call.file === join(recording.folder, dataFolder, "gatepost.db");
    const copies = recording.calls.filter((call) => isCopy(call) && call.began > first! && call.began < last!);
    assert.ok(copies.length > 0, "the log was copied into the database while mail came in");
  });

  for (const [words, isSaid] of Object.entries(acknowledging)) {
    tracedTest(`before each ${words}, a sync covered its bytes, in the log or in a file and its folders`, () => {
      const trail = new Trail(recording);
      const replies = recording.replies.filter(({ message }) => isSaid.test(message.reply));
      const places = replies.map((reply) => assertSyncedBefore(trail, reply));
      const files = places.filter((place) => place === "file").length;
      assert.ok(files >= 3 && places.length - files >= 10, `${files} contents as files of ${places.length}`);
    });
  }

  tracedTest(
    "a power cut at any sync, what was not synced gone or there by chance: all acknowledged is there",
    async (t) => {
      const { takenAt } = recording.nextHop;
      const isTold = new Set(toldCuts(recording));
      const random = seeded(seed);
      let [all, tried] = [0, 0];
      for (const cut of cutsOf(recording)) {
        all++;
        if (!isTold.has(cut.during)) continue;
        await assertSurvives(cut, { leaves: "none", takenAt });
        if (++tried % 6 === 0) await assertSurvives(cut, { leaves: random, takenAt });
        if (tried % 16 === 0) await assertSurvives(cut, { leaves: "all", takenAt });
        // The store is opened in this process, as a start does first of all; a whole server comes up on some of them.
        if (tried % 40 === 1) await assertStarts(cut, { leaves: random, takenAt });
      }
      t.diagnostic(`seed ${seed}: ${tried} of ${all} cuts, at ${Math.floor(tried / 6)} with some of what was unsynced`);
    },
  );
});

/**
 * The syncs at which the power is cut: while nothing but commits goes on, one of four; near anything else (start, end, copies of the
 * log, files) each. EVERY_CUT=1 in the environment: each everywhere.
 */
function toldCuts({ calls }: Recording): (SystemCall | null)[] {
  const syncs = calls.filter(isSync);
  const isCommit = (call: SystemCall | undefined) => call?.file?.endsWith("/gatepost.db-wal") ?? false;
  const isQuiet = (index: number) => [-2, -1, 0, 1, 2].every((by) => isCommit(syncs[index + by]));
  const isEvery = process.env["EVERY_CUT"] === "1";
  return [...syncs.filter((_, index) => isEvery || index % 4 === 0 || !isQuiet(index)), null];
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-disk-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

function diskAtEnd({ folder, calls }: Recording): DiskModel {
  const disk = new DiskModel(folder);
  for (const call of calls) disk.apply(call);
  return disk;
}

/** Files below a folder. The database's index of its log is mapped into memory and made anew at each start. */
async function namesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => !name.endsWith("-shm"));
  const isFile = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isFile()));
  return names.filter((_, index) => isFile[index]).toSorted();
}
