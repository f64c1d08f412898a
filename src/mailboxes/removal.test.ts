import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { granted, openMailScene, written } from "../../testing/mail-scene.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import type { Store, Unit } from "../store/store.ts";
import { AccountMail } from "./account-mail.ts";

/** The store that ends before its `last` + 1st unit. */
function endsAfter(last: number, store: Store): Store {
  let units = 0;
  return {
    commit: (unit: Unit) => (units++ < last ? store.commit(unit) : Promise.reject(new Error("the power failed"))),
    read: (query) => store.read(query),
    nextId: () => store.nextId(),
    close: () => store.close(),
  };
}

describe("DELETE of a mailbox", () => {
  it("takes it away with its messages, or leaves both, whenever the server ends", async () => {
    const store = await openMemoryStore();
    try {
      for (const units of [0, 1, 2]) {
        const scene = await openMailScene(store, { name: `anna${units}` });
        granted(await scene.mail.create("a"));
        granted(await scene.mail.append("a", [await written(scene.mail, "one"), await written(scene.mail, "two")]));
        const ending = new AccountMail(
          { ...scene.context, store: endsAfter(units, store) },
          { accountId: scene.account.id, quota: () => null },
        );
        const answer = await ending.delete("a").catch(String);
        const left = await scene.mail.status("a");
        if ("refused" in left) assert.equal(answer, null);
        else assert.deepEqual([left.messages, answer], [2, "Error: the power failed"], `after ${units} units`);
        assert.equal((await scene.mail.quota()).octets, "refused" in left ? 0 : 6);
      }
    } finally {
      await store.close();
    }
  });
});
