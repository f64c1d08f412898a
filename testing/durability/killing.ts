import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openNextHop } from "./next-hop.ts";
import { seeded } from "./seeded.ts";
import { startProcess } from "./server-process.ts";
import { type Tally, Victim } from "./victim.ts";

export type Killing = {
  readonly kills: number;
  readonly seed: number;
  /** Empty; data folders will be in it. */
  readonly folder: string;
  readonly tell: (line: string) => void;
};

const killsAFolder = 40;

/**
 * Starts servers, gives them mail and kills them, over and over on the same data; after every 40 kills all is delivered and
 * compared. Throws an `AssertionError` when something that was acknowledged is lost or changed, or came more often than kills explain.
 */
export async function killOverAndOver({ kills, seed, folder, tell }: Killing): Promise<Tally> {
  const tally: Tally = {
    kills: { start: 0, load: 0, delivery: 0, stop: 0, checkpoint: 0 },
    acknowledged: 0,
    delivered: 0,
    duplicates: 0,
    inHand: 0,
    duringDelivery: 0,
    recovered: 0,
  };
  const random = seeded(seed);
  const startMs = await startInPeace(join(folder, "first"));
  for (let left = kills, part = 0; left > 0; left -= killsAFolder, part++) {
    const above = join(folder, `${part}`);
    await mkdir(above);
    const nextHop = await openNextHop();
    try {
      const victim = new Victim({ above, nextHop, random, tally, startMs, firstNumber: part * 1_000_000 });
      await victim.kill(Math.min(left, killsAFolder));
      await victim.deliverTheRest();
      tell(`part ${part}: ${await victim.compare()}`);
    } finally {
      await nextHop.close();
    }
  }
  return tally;
}

/** How long a start takes; the next ones find what this one compiled. */
export async function startInPeace(above: string): Promise<number> {
  await mkdir(above);
  const began = performance.now();
  const server = startProcess({ folder: above, nextHop: 1 });
  assert.ok((await server.ready) !== null);
  const took = performance.now() - began;
  server.kill("SIGTERM");
  assert.equal(await server.ended, 0);
  return took;
}
