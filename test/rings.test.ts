import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const root = new URL("..", import.meta.url).pathname;

/** Lints one planted file with the project's own rules. */
function lint(name: string, text: string): { readonly status: number | null; readonly said: string } {
  const folder = mkdtempSync(join(tmpdir(), "gatepost-rings-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
    const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
    const { status, stdout } = spawnSync(process.execPath, [oxlint, "--quiet"], { cwd: folder, encoding: "utf8" });
    return { status, said: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [name, text] of [
  ["src/policy/planted.ts", 'import { a } from "../store/store.ts";\nexport const b = a;\n'],
  ["src/smtp/planted.ts", 'import { readFileSync } from "node:fs";\nexport const b = readFileSync;\n'],
  ["src/reception/planted.ts", 'import { a } from "../delivery/runner.ts";\nexport const b = a;\n'],
  ["src/access/planted.ts", 'import { a } from "../reception/gate.ts";\nexport const b = a;\n'],
  ["src/cli/planted.ts", 'import { a } from "../server.ts";\nexport const b = a;\n'],
] as const) {
  test(`the rings refuse ${name}`, () => {
    const { status, said } = lint(name, text);
    assert.match(said, /no-restricted-imports/);
    assert.notEqual(status, 0);
  });
}

test("the rings take an import from further in", () => {
  const { status, said } = lint(
    "src/reception/planted.ts",
    'import { a } from "../policy/judge.ts";\nexport const b = a;\n',
  );
  assert.equal(status, 0, said);
});
