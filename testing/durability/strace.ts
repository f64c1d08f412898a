import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { familyFolder } from "../packages.ts";

/** What to put before the arguments of strace(1), or why it cannot be run here. */
function findStrace(): { readonly command: readonly string[] } | { readonly missing: string } {
  const unpacked = join(familyFolder("clients"), "usr");
  const own = join(unpacked, "bin/strace");
  // Where the system has it, only newer ones are unpacked.
  const command = existsSync(own) ? withLibraries(own, join(unpacked, "lib")) : ["strace"];
  const [program = "", ...args] = command;
  const tried = spawnSync(program, [...args, "-f", "-o", "/dev/null", "--", process.execPath, "--version"], {
    encoding: "utf8",
  });
  if (tried.error !== undefined) return { missing: `strace is not here (npm run packages): ${tried.error.message}` };
  if (tried.status !== 0) return { missing: `strace may not trace here: ${tried.stderr.trim()}` };
  return { command };
}

/** With libraries beside it, which are not for the program that is traced. */
function withLibraries(program: string, folder: string): string[] {
  const folders = readdirSync(folder).map((name) => join(folder, name));
  return ["env", `LD_LIBRARY_PATH=${folders.join(":")}`, program, "-E", "LD_LIBRARY_PATH"];
}

const found = findStrace();

/** What starts a program under strace; `null` where that cannot be done. */
export const strace: readonly string[] | null = "command" in found ? found.command : null;

/** A test that looks at system calls. Without strace it is skipped by name; under CI=true that is a failure. */
export function tracedTest(name: string, scene: (t: TestContext) => Promise<void> | void): void {
  test(name, async (t) => {
    if ("command" in found) return scene(t);
    assert.notEqual(process.env["CI"], "true", `${found.missing}, and CI skips nothing`);
    t.skip(found.missing);
  });
}
