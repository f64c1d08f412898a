import { isFailure, type Outcome, perform } from "../admin/operation.ts";
import { operationCalled } from "../admin/operations.ts";
import { askServer } from "../admin/socket-client.ts";
import type { Config } from "../config/schema.ts";
import { printable } from "../events/escape.ts";
import type { Doors } from "./doors.ts";
import { present } from "./present.ts";

export type Asked = {
  readonly config: Config;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly openAtRest: Doors["openAtRest"];
};

/** Asks the running server, or does it on the data folder at rest. */
export async function obtain({ config, operation, input, openAtRest }: Asked): Promise<Outcome> {
  const answered = await askServer(config.data, { operation, input });
  if (answered !== null) return answered;
  const known = operationCalled(operation);
  if (known === null) return { failed: "invalid", message: "there is no such operation" };
  const { context, close } = await openAtRest(config);
  try {
    return await perform(known, context, input);
  } finally {
    await close();
  }
}

/** Runs an operation and prints what came of it. Returns the exit code: 2 when the input was at fault. */
export async function operate({ json, ...asked }: Asked & { readonly json: boolean }): Promise<number> {
  const outcome = await obtain(asked);
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
