import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killReadersOverAndOver } from "../../testing/durability/mailbox-killing.ts";

/** `node test/durability/mailbox-kills.ts [--kills 200] [--seed N]`: the long form of `mailbox-kills.test.ts`. */
const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } });
const kills = Number(values.kills ?? 200);
const seed = Number(values.seed ?? 20261125);
const folder = await mkdtemp(join(tmpdir(), "gatepost-mailbox-kills-"));
const tell = (line: string) => void process.stdout.write(`${line}\n`);
tell(`${kills} kills, seed ${seed}, in ${folder}`);
// Kept where something fails: it is the evidence.
const tally = await killReadersOverAndOver({ kills, seed, folder, tell });
tell(JSON.stringify(tally));
await rm(folder, { recursive: true });
