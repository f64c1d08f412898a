import assert from "node:assert/strict";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isConfig, readConfig } from "./config/read.ts";
import { type FirstAccount, makeFirstAccount, passwordFile } from "./first-start.ts";
import { greet } from "./greeting.ts";

async function scene(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-greeting-"));
  t.after(() => rm(folder, { recursive: true }));
  const config = readConfig({ file: null, environment: {}, machineName: "mx.example.test", folder });
  assert.ok(isConfig(config));
  const inFolder = { ...config, data: folder };
  let isThereBefore = false;
  const administration = {
    async create() {
      isThereBefore = await isThere(passwordFile(folder));
      return { id: 1 } as never;
    },
  };
  const account = await makeFirstAccount(administration, { domain: "example.test", folder });
  assert.ok(isThereBefore, "the account was made before its password was kept");
  async function said(firstAccount: FirstAccount | null, isTerminal: boolean): Promise<string> {
    const write = t.mock.method(process.stderr, "write", () => true);
    await greet({ config: inFolder, firstAccount, listeners: [], isTerminal });
    write.mock.restore();
    return write.mock.calls.map(({ arguments: [text] }) => String(text)).join("");
  }
  return { account, said, isKept: () => isThere(passwordFile(folder)) };
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

test("a password that was shown on a terminal is kept nowhere", async (t) => {
  const { account, said, isKept } = await scene(t);
  assert.ok((await said(account, true)).includes(account.password));
  assert.equal(await isKept(), false);
  assert.doesNotMatch(await said(null, true), /password/);
});

test("elsewhere it is in its file, whose name is told at each start until somebody removes it", async (t) => {
  const { account, said, isKept } = await scene(t);
  const first = await said(account, false);
  assert.match(first, /password is in .*first-password/);
  assert.ok(!first.includes(account.password));
  for (const isTerminal of [false, true])
    assert.match(await said(null, isTerminal), /is in .*first-password; remove it/);
  assert.ok(await isKept());
});
