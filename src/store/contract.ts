import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deliverHere } from "./local-delivery.ts";
import { claimDue, insertEntry, insertRecipient } from "./queue.ts";
import { type Statement, type Store, UnitFailed } from "./store.ts";

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

    scene("UIDs are without gaps, however many deliver at once", async (store) => {
      const mailboxId = await mailbox(store);
      const deliveries = Array.from({ length: 50 }, async () => {
        const id = store.nextId();
        const delivery = { mailboxId, contentId: id, contentSize: 1, prefix: "R: x\r\n", at: 5 };
        await store.commit([contentRow(id, Buffer.from("x")), ...deliverHere(delivery)]);
      });
      await Promise.all(deliveries);
      const rows = await store.read({ sql: "SELECT uid, size FROM message ORDER BY uid", parameters: [] });
      assert.deepEqual(
        rows.map(({ uid }) => uid),
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
      assert.equal(rows[0]?.["size"], 7);
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

    it("takes nothing after it was closed", async () => {
      const store = await open();
      const last = store.commit([put("a")]);
      await store.close();
      await last;
      await assert.rejects(store.commit([put("b")]));
    });
  });
}

function contentRow(id: number, inline: Uint8Array): Statement {
  return {
    sql: "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, NULL)",
    parameters: [id, inline.length, inline],
  };
}

async function mailbox(store: Store): Promise<number> {
  const [accountId, mailboxId] = [store.nextId(), store.nextId()];
  await store.commit([
    {
      sql: "INSERT INTO account (id, name, domain, enabled, may_relay, senders, may_send_as, password_version, plus_addressing, created_at) VALUES (?, 'a', 'b.test', 1, 1, 'own', '[]', 1, 0, 0)",
      parameters: [accountId],
    },
    {
      sql: "INSERT INTO mailbox (id, account_id, name, uid_validity, uid_next, modseq, messages, octets) VALUES (?, ?, 'INBOX', 1, 1, 1, 0, 0)",
      parameters: [mailboxId, accountId],
    },
  ]);
  return mailboxId;
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
