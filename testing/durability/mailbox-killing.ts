import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Killing, startInPeace } from "./killing.ts";
import { type MailboxTally, MailboxVictim } from "./mailbox-victim.ts";
import { seeded } from "./seeded.ts";

const killsAFolder = 25;

/**
 * Starts servers, lets sessions change mailboxes and mail come in, and kills them, over and over on the same data; what each start
 * finds is compared with what was acknowledged. Throws an `AssertionError` when something acknowledged is lost or changed, something
 * expunged is back, a UID is given again, or something happened by half.
 */
export async function killReadersOverAndOver({ kills, seed, folder, tell }: Killing): Promise<MailboxTally> {
  const tally: MailboxTally = {
    kills: { start: 0, load: 0, stop: 0, checkpoint: 0 },
    acknowledged: {},
    underWay: 0,
    happened: 0,
    kept: 0,
  };
  const random = seeded(seed);
  const startMs = await startInPeace(join(folder, "first"));
  for (let left = kills, part = 0; left > 0; left -= killsAFolder, part++) {
    const above = join(folder, `${part}`);
    await mkdir(above);
    const victim = new MailboxVictim({ above, random, tally, startMs, firstNumber: part * 1_000_000 });
    await victim.kill(Math.min(left, killsAFolder));
    tell(`part ${part}: ${await victim.compareAll()}`);
  }
  assert.ok(Object.keys(tally.acknowledged).length > 0);
  return tally;
}
