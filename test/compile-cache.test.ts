import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = `
await import(${JSON.stringify(new URL("../bin/compile-cache.js", import.meta.url).href)});
const { Worker } = await import("node:worker_threads");
new Worker(new URL("data:text/javascript,import { getCompileCacheDir } from 'node:module'; console.log(getCompileCacheDir())"));
`;

test("threads keep what they compile, too, where only the owner of the sources writes", () => {
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, NODE_COMPILE_CACHE: undefined },
    encoding: "utf8",
  });
  const folder = fileURLToPath(new URL("../.cache/compile", import.meta.url));
  assert.ok(said.startsWith(`${folder}${sep}`), said);
});
