import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { feedLarge, fuzz, type Target } from "../../testing/fuzz.ts";
import { addressTargets } from "./address-targets.ts";
import { controlTarget } from "./control-target.ts";
import { dnsTargets } from "./dns-targets.ts";
import { imapSessionTarget } from "./imap-session-target.ts";
import { imapTargets } from "./imap-targets.ts";
import { loginTargets } from "./login-targets.ts";
import { pop3Targets } from "./pop3-targets.ts";
import { smtpTargets } from "./smtp-targets.ts";
import { structureTargets } from "./structure-targets.ts";
import { textTargets } from "./text-targets.ts";

// Every parser of text or octets that others wrote: it refuses in its own words or reads, never throws, comes back from its own
// writing, and its work grows as its input does. FUZZ_SECONDS makes it longer, FUZZ_SEED repeats a run that it printed.
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 0x1_0000_0000);
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 6);
const targets = [
  ...addressTargets,
  ...smtpTargets,
  ...pop3Targets,
  ...imapTargets,
  imapSessionTarget,
  ...loginTargets,
  ...structureTargets,
  ...textTargets,
  ...dnsTargets,
];
// Half of it for small inputs, half for large ones.
const forMs = (seconds * 500) / (targets.length + 1);

describe("fuzz", () => {
  for (const target of targets) {
    it(target.name, async (t) => {
      t.diagnostic(`seed ${seed}`);
      assert.ok((await fuzz(target, { seed, forMs })) > 0);
    });
  }
  it("requests at the control socket", async (t) => {
    t.diagnostic(`seed ${seed}`);
    assert.ok((await fuzz(await controlTarget(t), { seed, forMs })) > 0);
  });
});

describe("large inputs", () => {
  for (const target of targets) it(target.name, () => feedLarge(target, { seed, forMs }));
});

test("a find is shown small, and the same seed finds it again", async () => {
  const broken: Target = {
    name: "broken",
    seeds: ["a good input"],
    words: ["%"],
    check: (input) => assert.ok(!input.includes("%%"), "two in a row"),
  };
  const find = async () => {
    try {
      return await fuzz(broken, { seed: 1, forMs: 5_000 });
    } catch (error) {
      return String(error);
    }
  };
  assert.equal(await find(), 'Error: broken, seed 1, input "%%"');
  assert.equal(await find(), await find());
});

test("work that grows with the square of the input is seen", async () => {
  const slow: Target = { name: "slow", seeds: ["x"], words: [], check: (input) => void /x+y/.test(input) };
  await assert.rejects(feedLarge(slow, { seed: 1, forMs: 10_000, octets: 24_000 }), /"x" repeated takes \d/);
});
