import { execFile } from "node:child_process";
import { once } from "node:events";

/**
 * `npm run check`: types, lint and format side by side, since each leaves a processor idle for a part of its time. What a check
 * says comes out in one piece; all are heard, and one that fails fails the whole.
 */
const checks = [
  ["tsc", "-p", "."],
  ["oxlint", "--type-aware", "--quiet"],
  // What was well formatted at the last run and has the same content still is.
  [
    "prettier",
    "--check",
    "--log-level",
    "warn",
    "--cache",
    "--cache-strategy",
    "content",
    "--cache-location",
    ".cache/prettier",
    ".",
  ],
] as const;

async function passes([program, ...args]: (typeof checks)[number]): Promise<boolean> {
  const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
    const wentWrong = error === null ? "" : `${program} failed: ${error.code ?? error.message}\n`;
    process.stderr.write(`${stdout}${stderr}${wentWrong}`);
  });
  const [code] = await once(child, "close");
  return code === 0;
}

const passed = await Promise.all(checks.map(passes));
process.exitCode = passed.every(Boolean) ? 0 : 1;
