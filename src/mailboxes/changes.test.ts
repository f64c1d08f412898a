import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deleted, seen } from "../imap/flags.ts";
import type { Enabled } from "../imap/enabled.ts";
import { each } from "../imap/number-set.ts";
import { View } from "../imap/view.ts";
import { granted, openMailScene, written } from "../../testing/mail-scene.ts";
import type { Store } from "../store/store.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";

const enabled: Enabled = { condstore: false, qresync: false, utf8: false, rev2: false };

const byUid = ([a]: readonly [number, number], [b]: readonly [number, number]): number => a - b;

type Act =
  | { readonly do: "append"; readonly flags: number; readonly times: number }
  | { readonly do: "flag"; readonly from: number; readonly system: number; readonly times: number }
  | { readonly do: "expunge" }
  | { readonly do: "look" };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    flags: fc.constantFrom(0, seen),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    do: fc.constant("flag" as const),
    from: fc.integer({ min: 1, max: 6 }),
    system: fc.constantFrom(seen, deleted),
    times: fc.integer({ min: 1, max: 4 }),
  }),
  fc.constant({ do: "expunge" as const }),
  fc.constant({ do: "look" as const }),
);

describe("changes of a mailbox in the store", () => {
  // Many changes and few messages, and the other way round: modification sequences run ahead of UIDs, or behind them.
  it("let the view of another session follow, UIDs and flags", async () => {
    const store = await openMemoryStore();
    let run = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
          const { mail, open } = await openMailScene(store, { name: `follow${run++}` });
          const [writer, reader] = [
            granted(await mail.open("INBOX", "read-write")),
            granted(await open().open("INBOX", "read-write")),
          ];
          const view = new View(reader.opened);
          const flags = new Map<number, number>();
          const look = async () => {
            const changes = await reader.changesSince(view.modseq);
            view.news(changes, { mayExpunge: true, enabled });
            for (const uid of each(changes.vanished)) flags.delete(uid);
            for (const one of changes.changed) flags.set(one.uid, one.flags.system);
            // What a client does with new messages.
            for await (const rows of reader.rows(changes.added, {}))
              for (const row of rows) flags.set(row.uid, row.flags.system);
          };
          for (const one of [...acts, { do: "look" as const }]) {
            if (one.do === "look") await look();
            else if (one.do === "expunge") await writer.expunge([{ first: 1, last: 1_000 }]);
            else if (one.do === "append") {
              for (let n = 0; n < one.times; n++)
                granted(await mail.append("INBOX", [await written(mail, "x", { system: one.flags, keywords: [] })]));
            } else {
              for (let n = 0; n < one.times; n++)
                await writer.store([{ first: one.from, last: one.from + 2 }], {
                  change: n % 2 === 0 ? "add" : "remove",
                  flags: { system: one.system, keywords: [] },
                  unchangedSince: null,
                });
            }
          }
          assert.ok(!reader.hasChangedSince(view.modseq));
          const fresh = granted(await open().open("INBOX", "read-only"));
          assert.deepEqual([...each(view.uids)], [...each(fresh.opened.uids)]);
          const real = new Map<number, number>();
          for await (const rows of fresh.rows(fresh.opened.uids, {}))
            for (const row of rows) real.set(row.uid, row.flags.system);
          assert.deepEqual(new Map([...flags].sort(byUid)), real);
          for (const mailbox of [writer, reader, fresh]) mailbox.close();
        }),
        { numRuns: 60 },
      );
    } finally {
      await store.close();
    }
  });

  it("are \\Recent for the session that was told of them, and for no other", async () => {
    const memory = await openMemoryStore();
    const gate = Promise.withResolvers<void>();
    // What nobody waits for comes late.
    const store: Store = {
      nextId: () => memory.nextId(),
      read: (query) => memory.read(query),
      commit: async (unit, pace) => {
        if (pace === "soon") await gate.promise;
        return memory.commit(unit, pace);
      },
      close: () => memory.close(),
    };
    try {
      const { mail, open } = await openMailScene(store);
      granted(await mail.append("INBOX", [await written(mail, "x")]));
      const reader = granted(await mail.open("INBOX", "read-write"));
      assert.equal(reader.opened.recent, 1);
      setImmediate(() => gate.resolve());
      assert.equal(granted(await open().status("INBOX")).recent, 0);
      granted(await mail.append("INBOX", [await written(mail, "x")]));
      assert.equal(granted(await open().status("INBOX")).recent, 1);
      await reader.changesSince(reader.opened.highestModseq);
      assert.equal(granted(await open().status("INBOX")).recent, 0);
      reader.close();
    } finally {
      await store.close();
    }
  });
});
