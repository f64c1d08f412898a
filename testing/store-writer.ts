import { createHash, randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { openContents } from "../src/store/content.ts";
import { deliverHere, noQuota } from "../src/store/local-delivery.ts";
import { openSqlite } from "../src/store/sqlite/driver.ts";
import { type Store, StoreUnavailable } from "../src/store/store.ts";

/**
 * A process to be killed: `node store-writer.ts FOLDER MOST` stores contents of up to MOST octets, delivered into the mailboxes 1
 * and 2, as fast as it can, and prints "kept ID SHA-256" for each that was promised. When the store ends: "fatal" for the
 * call of `onFatal`, "refused KIND" for each refusal after it.
 */
const [folder = "", most = "1"] = process.argv.slice(2);
const inlineLimit = 8 * 1024;
const sessions = 8;

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

const store = await openSqlite({ folder, onFatal: () => print("fatal") });
const contents = openContents({ folder, store, inlineLimit });
print("open");
await Promise.all(Array.from({ length: sessions }, () => storeWithoutEnd(store)));

async function storeWithoutEnd(into: Store): Promise<void> {
  for (;;) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * Number(most)));
    const writer = contents.create();
    writer.write(bytes);
    try {
      const { id, size, insert } = await writer.finish();
      const delivery = { contentId: id, contentSize: size, prefix: "", at: 0, accountId: 1, quota: noQuota };
      await into.commit([
        insert,
        ...deliverHere({ ...delivery, mailboxId: 1 }),
        ...deliverHere({ ...delivery, mailboxId: 2 }),
      ]);
      print(`kept ${id} ${createHash("sha256").update(bytes).digest("hex")}`);
    } catch (error) {
      const isFatal = error instanceof StoreUnavailable && error.isFatal;
      print(`refused ${isFatal ? "fatally" : String(error)}`);
      return;
    }
  }
}
