import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-packages-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

type Run = { readonly script: readonly string[]; readonly environment: Readonly<Record<string, string>> };

function run({ script, environment }: Run) {
  // A test inside a test would speak the runner's own protocol, and CI must not leak in from outside.
  const { NODE_TEST_CONTEXT: _context, CI: _ci, ...rest } = process.env;
  return spawnSync(process.execPath, script, { encoding: "utf8", env: { ...rest, ...environment } });
}

const unpack = new URL("unpack-packages.ts", import.meta.url).pathname;

test("without apt-get the packages are not there, one line says so, and it is no failure", async (t) => {
  const folder = await emptyFolder(t);
  const ran = run({ script: [unpack], environment: { PATH: folder, TEST_PACKAGES: folder } });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^packages: not unpacked, scenes .* will be skipped: apt-get is not here\n$/);
});

async function withApt(t: TestContext, said: Readonly<Record<"update" | "install", string>>) {
  const folder = await emptyFolder(t);
  const cases = Object.entries(said).map(
    ([verb, line]) => `*${verb}*) echo "W: old" >&2; echo "${line}" >&2; exit 100;;`,
  );
  await writeFile(join(folder, "apt-get"), `#!/bin/sh\ncase "$*" in ${cases.join(" ")} esac\n`, { mode: 0o755 });
  return run({ script: [unpack], environment: { PATH: `${folder}:/usr/bin:/bin`, TEST_PACKAGES: folder } });
}

test("when nothing can be fetched, the first error of apt-get is the reason", async (t) => {
  const offline = await withApt(t, { update: "E: no  network", install: "E: Unable to locate package swaks" });
  assert.equal(offline.status, 0, offline.stderr);
  assert.match(offline.stdout, /^packages: not unpacked, .*: apt-get E: no network\n$/);
});

test("a scene without its packages is skipped by name, and fails under CI=true", async (t) => {
  const folder = await emptyFolder(t);
  const peers = JSON.stringify(new URL("peers.ts", import.meta.url).pathname);
  const scene = `import { peerTest } from ${peers}; peerTest("a scene", ["postfix"], async () => {});`;
  const script = ["--input-type=module-typescript", "--test-reporter=tap", "--eval", scene];
  const skipped = run({ script, environment: { TEST_PACKAGES: folder } });
  assert.equal(skipped.status, 0, skipped.stderr);
  assert.match(skipped.stdout, /^ok 1 - a scene # SKIP postfix is not unpacked in .* \(npm run packages\)$/m);
  const failed = run({ script, environment: { TEST_PACKAGES: folder, CI: "true" } });
  assert.equal(failed.status, 1, failed.stdout);
  assert.match(failed.stdout, /^not ok 1 - a scene$[^]*and CI skips nothing/m);
});
