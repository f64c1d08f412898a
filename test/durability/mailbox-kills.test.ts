import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { killReadersOverAndOver } from "../../testing/durability/mailbox-killing.ts";

const seed = 20261125;

test("killed while mailboxes change: no UID comes twice, nothing acknowledged is lost or undone, counts agree", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-mailbox-kills-"));
  t.after(() => rm(folder, { recursive: true }));
  // 200 of them: node test/durability/mailbox-kills.ts
  const tally = await killReadersOverAndOver({ kills: 10, seed, folder, tell: (line) => t.diagnostic(line) });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`);
  for (const what of ["deliver", "append", "copy", "move", "store", "expunge", "create"]) {
    assert.ok((tally.acknowledged[what] ?? 0) > 0, what);
  }
  // Else the kills came when nothing was going on.
  assert.ok(tally.underWay > 10, `${tally.underWay}`);
});
