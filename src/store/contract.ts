import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { deliverHere, noQuota } from "./local-delivery.ts";
import { claimDue, insertEntry, insertRecipient } from "./queue.ts";
import { type Statement, type Store, StoreUnavailable, type Unit, UnitFailed, type Value } from "./store.ts";

const put = (name: string, value = "1"): Statement => ({
  sql: "INSERT INTO setting (name, value) VALUES (?, ?)",
  parameters: [name, value],
});
const get = (name: string) => ({ sql: "SELECT value FROM setting WHERE name = ?", parameters: [name] });

/** What every driver must do. `open` gives a fresh store; the suite closes it. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const scene = (title: string, act: (store: Store) => Promise<void>): void => {
    it(title, async () => {
      const store = await open();
      try {
        await act(store);
      } finally {
        await store.close();
      }
    });
  };

  describe(`${name} keeps the contract of a store`, () => {
    scene("a unit is there as a whole once it resolved", async (store) => {
      await store.commit([put("a", "one"), put("b", "two")]);
      assert.deepEqual(await store.read(get("b")), [{ value: "two" }]);
    });

    scene("a unit that nobody waits for is kept too, alone, with others, and at the end", async (store) => {
      await store.commit([put("alone")], "soon");
      const first = store.commit([put("a")], "soon");
      const second = store.commit([{ sql: "DELETE FROM setting WHERE name = 'a'", parameters: [], changes: 1 }]);
      await Promise.all([first, second]);
      assert.deepEqual(await store.read(get("alone")), [{ value: "1" }]);
      assert.deepEqual(await store.read(get("a")), []);
      const many = Array.from({ length: 600 }, (_, n) => store.commit([put(`s${n}`)], "soon"));
      const mixed = Array.from({ length: 600 }, (_, n) => store.commit([put(`m${n}`)], n % 3 === 0 ? "now" : "soon"));
      await store.close();
      await Promise.all([...many, ...mixed]);
    });

    scene("a unit that fails leaves nothing behind and takes no neighbour along", async (store) => {
      const outcomes = await Promise.allSettled([
        store.commit([put("a")]),
        store.commit([put("b"), put("a")]),
        store.commit([put("c")]),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      assert.ok(outcomes[1]?.status === "rejected" && outcomes[1].reason instanceof UnitFailed);
      assert.deepEqual(await store.read(get("b")), []);
      assert.deepEqual(await store.read(get("c")), [{ value: "1" }]);
    });

    scene("a condition that does not hold fails the unit", async (store) => {
      const change: Statement = {
        sql: "UPDATE setting SET value = 'x' WHERE name = ?",
        parameters: ["nobody"],
        changes: 1,
      };
      await assert.rejects(store.commit([put("a"), change]), UnitFailed);
      assert.deepEqual(await store.read(get("a")), []);
    });

    scene("returned rows come in the order of their statements", async (store) => {
      const returning = (key: string): Statement => ({
        ...put(key),
        sql: `${put(key).sql} RETURNING name`,
        returns: true,
      });
      assert.deepEqual(await store.commit([returning("a"), put("b"), returning("c")]), [
        [{ name: "a" }],
        [{ name: "c" }],
      ]);
    });

    scene("ids ascend and bytes come back as they went in", async (store) => {
      const [one, two] = [store.nextId(), store.nextId()];
      assert.ok(two > one && Number.isSafeInteger(two));
      const inline = Buffer.from([0, 255, 13, 10, 0]);
      await store.commit([contentRow(one, inline)]);
      const [row] = await store.read({ sql: "SELECT inline FROM content WHERE id = ?", parameters: [one] });
      assert.deepEqual(Buffer.from(row?.["inline"] as Uint8Array), inline);
    });

    scene(
      "many units at once end as if they had come one after the other, each as a whole or not at all",
      async (store) => {
        const unit = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 30 }), async (units) => {
            const key = (
              (prefix) => (n: number) =>
                `${prefix}-${n}`
            )(run++);
            const outcomes = await Promise.allSettled(units.map((keys) => store.commit(keys.map((n) => put(key(n))))));
            const kept = new Set<number>();
            units.forEach((keys, index) => {
              const holds = new Set(keys).size === keys.length && keys.every((n) => !kept.has(n));
              assert.equal(outcomes[index]?.status, holds ? "fulfilled" : "rejected");
              if (holds) keys.forEach((n) => kept.add(n));
            });
            const rows = await store.read({
              sql: "SELECT name FROM setting WHERE name LIKE ? ORDER BY name",
              parameters: [key(0).replace(/0$/, "%")],
            });
            assert.deepEqual(
              rows.map(({ name }) => name),
              [...kept].map(key).sort(),
            );
          }),
          { numRuns: 40 },
        );
      },
    );

    scene("more units than one batch takes, and larger ones, are all kept", async (store) => {
      const bytes = new Uint8Array(3_000_000).fill(7);
      const large = [1, 2, 3].map((id) => store.commit([contentRow(id, bytes)]));
      const many = Array.from({ length: 1500 }, (_, n) => store.commit([put(`n${n}`)]));
      await Promise.all([...large, ...many]);
      assert.deepEqual(await count(store, "setting WHERE name LIKE 'n%'"), 1500);
      const [row] = await store.read({ sql: "SELECT sum(length(inline)) AS octets FROM content", parameters: [] });
      assert.equal(row?.["octets"], 9_000_000);
    });

    scene("a read sees every unit that was resolved before it was asked", async (store) => {
      for (let n = 0; n < 50; n++) {
        await store.commit([put(`n${n}`)]);
        assert.equal((await store.read(get(`n${n}`))).length, 1);
      }
    });

    scene("what is no value is refused at once and does no harm to the others", async (store) => {
      const wrong = [undefined, new Date(), Number.NaN, Infinity, true, {}, []] as unknown as readonly Value[];
      const outcomes = wrong.map((value) => store.commit([put("wrong"), { ...put("w"), parameters: [value, "x"] }]));
      const right = store.commit([put("right")]);
      for (const outcome of outcomes) await assert.rejects(outcome, TypeError);
      await right;
      assert.deepEqual(
        await store.read({ sql: "SELECT name FROM setting WHERE name IN ('wrong', 'w', 'right')", parameters: [] }),
        [{ name: "right" }],
      );
      await assert.rejects(store.read({ ...get("x"), parameters: [undefined as unknown as Value] }), TypeError);
    });

    scene("text, numbers, bytes and null come back as they went in, in rows like any other object", async (store) => {
      const values = fc.record({
        text: fc.string({ unit: "grapheme" }),
        size: fc.maxSafeInteger(),
        bytes: fc.option(fc.uint8Array({ maxLength: 50 })),
        file: fc.option(fc.string({ unit: anyCharacter })),
      });
      await fc.assert(
        fc.asyncProperty(values, async ({ text, size, bytes, file }) => {
          const id = store.nextId();
          const insert = "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, ?)";
          await store.commit([{ sql: insert, parameters: [id, BigInt(size), bytes, file] }, put(String(id), text)]);
          const sql = "SELECT content.*, value FROM content JOIN setting ON name = ? WHERE id = ?";
          const [row] = await store.read({ sql, parameters: [String(id), id] });
          // Bytes may come as a Buffer or not.
          const inline = row?.["inline"] instanceof Uint8Array ? new Uint8Array(row["inline"]) : null;
          assert.deepEqual({ ...row, inline }, { id, size, inline: bytes, file, value: text });
          assert.equal(Object.getPrototypeOf(row), Object.prototype);
        }),
        { numRuns: 50 },
      );
    });

    scene("bytes of many rows come back each at its place", async (store) => {
      const octetsOf = (n: number) => (n % 7 === 3 ? null : Buffer.alloc(n % 50, n));
      const insert = "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, ?)";
      await store.commit(
        Array.from({ length: 300 }, (_, n) => ({ sql: insert, parameters: [n + 1, n, octetsOf(n), `f${n}`] })),
      );
      const sql = "SELECT inline, id, file, inline AS again FROM content WHERE size < ? ORDER BY id";
      for (const count of [1, 64, 65, 300]) {
        const rows = await store.read({ sql, parameters: [count] });
        const bytes = (value: Value | undefined) => (value instanceof Uint8Array ? Buffer.from(value) : value);
        assert.deepEqual(
          rows.map((row) => ({ ...row, inline: bytes(row["inline"]), again: bytes(row["again"]) })),
          Array.from({ length: count }, (_, n) => ({
            inline: octetsOf(n),
            id: n + 1,
            file: `f${n}`,
            again: octetsOf(n),
          })),
        );
      }
    });

    scene("rows that are returned count as changed, and too few of them fail the unit", async (store) => {
      await store.commit([put("a")]);
      const take = (changes: number): Statement => ({
        sql: "DELETE FROM setting WHERE name = 'a' RETURNING name",
        parameters: [],
        returns: true,
        changes,
      });
      await assert.rejects(store.commit([take(2)]), UnitFailed);
      assert.deepEqual(await store.commit([take(1)]), [[{ name: "a" }]]);
    });

    scene("a read that would not fit into memory is refused, and the next one answered", async (store) => {
      const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n";
      const [much, little] = await Promise.allSettled([store.read({ sql, parameters: [] }), store.read(get("a"))]);
      assert.equal(much.status, "rejected");
      assert.deepEqual(little, { status: "fulfilled", value: [] });
    });

    scene("what others need cannot be taken away", async (store) => {
      await store.commit(queued(store, 1));
      for (const table of ["content", "entry"]) {
        await assert.rejects(store.commit([{ sql: `DELETE FROM ${table}`, parameters: [] }]), UnitFailed);
      }
    });

    scene("UIDs are without gaps, however many deliver at once and whoever fails between them", async (store) => {
      const [one, other] = [await mailbox(store, "a"), await mailbox(store, "b")];
      const deliver = (fails: boolean): Unit => {
        const id = store.nextId();
        const delivery = { contentId: id, contentSize: 1, prefix: "R: x\r\n", at: 5, quota: noQuota };
        return [
          contentRow(id, Buffer.from("x")),
          ...deliverHere({ ...delivery, ...one }),
          ...deliverHere({ ...delivery, ...other, ...(fails ? { mailboxId: -1 } : {}) }),
        ];
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, n) => store.commit(deliver(n % 6 === 5))),
      );
      assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 10);
      for (const { mailboxId: id, accountId } of [one, other]) {
        const rows = await store.read({
          sql: "SELECT uid, modseq, size FROM message WHERE mailbox_id = ? ORDER BY uid",
          parameters: [id],
        });
        assert.deepEqual(
          rows,
          Array.from({ length: 50 }, (_, index) => ({ uid: index + 1, modseq: index + 2, size: 7 })),
        );
        const counts = { sql: "SELECT uid_next, modseq, messages, octets FROM mailbox WHERE id = ?", parameters: [id] };
        assert.deepEqual(await store.read(counts), [{ uid_next: 51, modseq: 51, messages: 50, octets: 350 }]);
        const used = { sql: "SELECT octets FROM account WHERE id = ?", parameters: [accountId] };
        assert.deepEqual(await store.read(used), [{ octets: 350 }]);
      }
    });

    scene("one message may overrun a quota, the next one is refused as a unit", async (store) => {
      const to = await mailbox(store, "a");
      const deliver = (): Promise<unknown> => {
        const id = store.nextId();
        const delivery = { ...to, contentId: id, contentSize: 60, prefix: "", at: 5, quota: 100 };
        return store.commit([contentRow(id, Buffer.alloc(60)), ...deliverHere(delivery)]);
      };
      await deliver();
      await deliver();
      await assert.rejects(deliver(), UnitFailed);
      assert.equal(await count(store, "message"), 2);
      assert.equal(await count(store, "mailbox WHERE uid_next = 3 AND messages = 2 AND octets = 120"), 1);
    });

    scene("two claimers never get the same recipient", async (store) => {
      for (let n = 0; n < 30; n++) await store.commit(queued(store, n));
      const claim = claimDue({ now: 1000, leaseUntil: 9000, limit: 20, retryAfterMs: [60_000] });
      const [first = [], second = []] = (await Promise.all([store.commit([claim]), store.commit([claim])])).map(
        ([rows]) => rows,
      );
      assert.equal(first.length + second.length, 30);
      assert.equal(new Set([...first, ...second].map(({ id }) => id)).size, 30);
      assert.deepEqual(await store.commit([claim]), [[]]);
    });

    it("keeps what was handed over before it was closed, and takes nothing afterwards", async () => {
      const store = await open();
      const handedOver = Array.from({ length: 20 }, (_, n) => store.commit([put(`n${n}`)]));
      const asked = store.read(get("schema-version"));
      await Promise.all([store.close(), store.close()]);
      await Promise.all(handedOver);
      assert.equal((await asked).length, 1);
      const isClosed = (error: unknown) => error instanceof StoreUnavailable && !error.isFatal && !error.isFull;
      await assert.rejects(store.commit([put("late")]), isClosed);
      await assert.rejects(store.read(get("late")), isClosed);
      await store.close();
    });
  });
}

async function count(store: Store, from: string): Promise<Value | undefined> {
  const [row] = await store.read({ sql: `SELECT count(*) AS n FROM ${from}`, parameters: [] });
  return row?.["n"];
}

function contentRow(id: number, inline: Uint8Array): Statement {
  return {
    sql: "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, NULL)",
    parameters: [id, inline.length, inline],
  };
}

async function mailbox(
  store: Store,
  name: string,
): Promise<{ readonly accountId: number; readonly mailboxId: number }> {
  const [accountId, mailboxId] = [store.nextId(), store.nextId()];
  await store.commit([
    {
      sql: "INSERT INTO account (id, name, domain, enabled, may_relay, senders, may_send_as, password_version, plus_addressing, created_at) VALUES (?, ?, 'b.test', 1, 1, 'own', '[]', 1, 0, 0)",
      parameters: [accountId, name],
    },
    {
      sql: "INSERT INTO mailbox (id, account_id, name, uid_validity, uid_next, modseq, messages, octets) VALUES (?, ?, 'INBOX', 1, 1, 1, 0, 0)",
      parameters: [mailboxId, accountId],
    },
  ]);
  return { accountId, mailboxId };
}

function queued(store: Store, n: number): Statement[] {
  const [contentId, entryId, id] = [store.nextId(), store.nextId(), store.nextId()];
  const entry = {
    id: entryId,
    contentId,
    size: 1,
    reversePath: "a@b.test",
    bornAt: n,
    body: "7BIT",
    smtpUtf8: false,
    ret: null,
    envid: null,
    listener: "relay",
    client: "192.0.2.1",
    account: null,
  } as const;
  const recipient = {
    id,
    entryId,
    forwardPath: "c@d.test",
    originalPath: null,
    orcpt: null,
    notify: null,
    dueAt: n,
    attempts: 0,
    isDelayReported: false,
  };
  return [contentRow(contentId, Buffer.from("x")), insertEntry(entry), insertRecipient(recipient, 0)];
}
