import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type FSWatcher, watch } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { served } from "../../testing/command-line.ts";
import { LineClient } from "../../testing/line-client.ts";

const launcher = new URL("../../bin/gatepost.js", import.meta.url).pathname;

async function folderWithBootFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-first-"));
  t.after(() => rm(folder, { recursive: true }));
  const listener = `[[listener]]\nname = "relay"\nkind = "relay"\naddress = "127.0.0.1"\nport = 0\n`;
  const more = "auth = true\nallow-clear-auth = true\n";
  await writeFile(join(folder, "gatepost.toml"), `hostname = "mx.example.test"\n${listener}${more}`);
  await mkdir(join(folder, "data"), { mode: 0o700 });
  return folder;
}

/** A first start that is killed when this file appears in its data folder. Resolves to what it had said to people. */
async function killedAt(folder: string, file: string): Promise<string> {
  const child = spawn(process.execPath, [launcher, "serve"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const watcher: FSWatcher = watch(join(folder, "data"), (_change, name) => {
    if (name === file) child.kill("SIGKILL");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  watcher.close();
  assert.deepEqual([code, signal], [null, "SIGKILL"], said);
  return said;
}

// One is made before the account is, the other after it.
for (const file of ["first-password.new", "certificate.pem"])
  test(`a first start that is killed at ${file} leaves no account whose password nobody knows`, async (t) => {
    const folder = await folderWithBootFile(t);
    assert.equal(await killedAt(folder, file), "");
    const { port, says } = await served(t, folder);
    await says(/password .*is in .*first-password/);
    const kept = join(folder, "data", "first-password");
    assert.equal((await stat(kept)).mode & 0o777, 0o600);
    const [account = "", password = ""] = (await readFile(kept, "utf8")).trim().split(" ");
    const client = await LineClient.dial(port);
    await client.say("EHLO c.test");
    const answer = Buffer.from(`\0${account}\0${password}`).toString("base64");
    assert.match(await client.say(`AUTH PLAIN ${answer}`), /^235 /);
    client.end();
  });
