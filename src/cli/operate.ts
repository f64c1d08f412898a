import { setTimeout as after } from "node:timers/promises";
import { isFailure, type Outcome, perform, type Run } from "../admin/operation.ts";
import { operationCalled } from "../admin/operations.ts";
import { askServer } from "../admin/socket-client.ts";
import type { Config } from "../config/schema.ts";
import { printable } from "../events/escape.ts";
import { DataFolderInUse } from "../store/store.ts";
import type { Doors } from "./doors.ts";
import { present } from "./present.ts";
import { ProgressBar } from "./progress-bar.ts";

export type Asked = {
  readonly config: Config;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly openAtRest: Doors["openAtRest"];
  readonly progress?: Run["progress"];
};

/** How long a folder may be held by somebody who does not answer. */
const mostLooks = 50;
const lookEveryMs = 100;

/** Asks the running server, or does it on the data folder at rest. Throws `DataFolderInUse`. */
export async function obtain(asked: Asked): Promise<Outcome> {
  for (let looks = 1; ; looks++) {
    const outcome = await tryToObtain(asked, looks === mostLooks);
    if (outcome !== null) return outcome;
    await after(lookEveryMs);
  }
}

/** Null: the folder is in use, by somebody who does not answer yet. */
async function tryToObtain(
  { config, operation, input, openAtRest, progress = () => {} }: Asked,
  isLast: boolean,
): Promise<Outcome | null> {
  const answered = await askServer(config.data, { operation, input }, progress);
  if (answered !== null) return answered;
  const known = operationCalled(operation);
  if (known === null) return { failed: "invalid", message: "there is no such operation" };
  const atRest = await openAtRest(config).catch((error: unknown) => {
    if (error instanceof DataFolderInUse && !isLast) return null;
    throw error;
  });
  // A server that is starting, or another command: soon it answers, or the folder is free.
  if (atRest === null) return null;
  try {
    return await perform(known, atRest.context, input, { progress, signal: new AbortController().signal });
  } finally {
    await atRest.close();
  }
}

/** Runs an operation and prints what came of it. Returns the exit code: 2 when the input was at fault. */
export async function operate({ json, ...asked }: Asked & { readonly json: boolean }): Promise<number> {
  const bar = json || !process.stderr.isTTY ? null : new ProgressBar(process.stderr);
  const outcome = await obtain({ ...asked, ...(bar === null ? {} : { progress: bar.show }) }).finally(() =>
    bar?.clear(),
  );
  if (json) process.stdout.write(`${JSON.stringify(isFailure(outcome) ? outcome : outcome.done)}\n`);
  if (isFailure(outcome)) {
    const problems = outcome.problems?.map((problem) => `\n  ${printable(problem)}`).join("") ?? "";
    process.stderr.write(`gatepost ${asked.operation}: ${printable(outcome.message)}${problems}\n`);
    return outcome.failed === "invalid" ? 2 : 1;
  }
  const { text, code } = present(asked.operation, outcome.done);
  if (!json) process.stdout.write(`${text}\n`);
  return code;
}
