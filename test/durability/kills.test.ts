import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { killOverAndOver } from "../../testing/durability/killing.ts";

const seed = 20261125;

test("killed at any moment: nothing acknowledged is lost or changed, and no more duplicates than kills explain", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-kills-"));
  t.after(() => rm(folder, { recursive: true }));
  // 200 of them: node test/durability/kills.ts
  const tally = await killOverAndOver({ kills: 20, seed, folder, tell: (line) => t.diagnostic(line) });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`);
  assert.ok(tally.acknowledged > 100, `${tally.acknowledged}`);
  assert.ok(tally.duringDelivery > 0 && tally.recovered > 5);
  assert.ok(tally.duplicates <= tally.inHand);
});
