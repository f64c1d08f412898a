import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import Table from "cli-table3";
import type { AdminContext } from "../admin/context.ts";
import { type Outcome, perform } from "../admin/operation.ts";
import { operationCalled } from "../admin/operations.ts";
import { askServer } from "../admin/socket-client.ts";
import type { Config } from "../config/schema.ts";
import { printable } from "../events/escape.ts";

export type Asked = {
  readonly config: Config;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly json: boolean;
  /** Opens the data folder when no server runs on it. */
  readonly openAtRest: (
    config: Config,
  ) => Promise<{ readonly context: AdminContext; readonly close: () => Promise<void> }>;
};

/** Runs an operation in the running server, or on the data folder at rest; prints what came of it. Returns the exit code. */
export async function operate({ config, operation, input, json, openAtRest }: Asked): Promise<number> {
  const outcome =
    (await askServer(config.data, { operation, input })) ??
    (await operateAtRest({ config, operation, input, openAtRest }));
  if ("failed" in outcome) {
    const problems = outcome.problems?.map((problem) => `\n  ${problem}`).join("") ?? "";
    process.stderr.write(`gatepost ${operation}: ${outcome.message}${problems}\n`);
    return outcome.failed === "invalid" ? 2 : 1;
  }
  process.stdout.write(json ? `${JSON.stringify(outcome.done)}\n` : `${textOf(outcome.done)}\n`);
  return 0;
}

async function operateAtRest({ config, operation, input, openAtRest }: Omit<Asked, "json">): Promise<Outcome> {
  const known = operationCalled(operation);
  if (known === null) return { failed: "invalid", message: "there is no such operation" };
  const { context, close } = await openAtRest(config);
  try {
    return await perform(known, context, input);
  } finally {
    await close();
  }
}

/** For people: a table for a list, lines for one thing, the document alone for a document. */
function textOf(done: unknown): string {
  if (Array.isArray(done)) return done.length === 0 ? "none" : tableOf(done as Record<string, unknown>[]);
  if (typeof done !== "object" || done === null) return cell(done);
  // As it was written, so that it can be kept in a file and applied again.
  if ("document" in done && typeof done.document === "string") return done.document.trimEnd();
  return Object.entries(done)
    .map(([key, value]) => (Array.isArray(value) ? `${key}:\n${indented(textOf(value))}` : `${key}: ${cell(value)}`))
    .join("\n");
}

function tableOf(rows: readonly Record<string, unknown>[]): string {
  const [first] = rows;
  if (typeof first !== "object" || first === null) return rows.map((row) => cell(row)).join("\n");
  const head = Object.keys(first);
  const table = new Table({ head, chars: plain, style: { head: [], border: [], compact: true, "padding-left": 0 } });
  for (const row of rows) table.push(head.map((key) => cell(row[key])));
  return table.toString();
}

const plain = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ",
};

const indented = (text: string) => text.replaceAll(/^/gm, "  ");

/** What strangers chose (addresses, peers' words) never moves the terminal. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(cell).join(", ");
  return printable(String(value as string | number));
}

/** A file's text, "-" is standard input. */
export async function textFrom(file: string): Promise<string> {
  if (file !== "-") return readFile(file, "utf8");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

export const whoami = () => userInfo().username;
