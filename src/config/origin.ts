import type { z } from "zod";
import { didYouMean } from "./nearest.ts";
import { namesAt } from "./schema-walk.ts";
import type { Path, TomlDocument } from "./toml.ts";

/** One thing that is wrong, with its place: "gatepost.toml:3:12" or the name of an environment variable. */
export type ConfigProblem = { readonly where: string; readonly problem: string };

/** Knows where each value came from. */
export class Origin {
  readonly #file: string;
  readonly #document: TomlDocument | null;
  readonly #variables = new Map<string, string>();

  constructor(file: string | null, document: TomlDocument | null) {
    this.#file = file ?? "the built-in boot file";
    this.#document = document;
  }

  /** The value at this path was set by an environment variable. */
  noteVariable(path: Path, variable: string): void {
    this.#variables.set(JSON.stringify(path), variable);
  }

  placeOf(path: Path, what: "key" | "value"): string {
    for (let length = path.length; length > 0; length--) {
      const variable = this.#variables.get(JSON.stringify(path.slice(0, length)));
      if (variable !== undefined) return variable;
    }
    if (this.#document === null) return this.#file;
    const { line, column } = what === "key" ? this.#document.keyAt(path) : this.#document.valueAt(path);
    return `${this.#file}:${line}:${column}`;
  }
}

/** Every issue that the schema found, with its place and the nearest known name where a name is unknown. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, origin: Origin): readonly ConfigProblem[] {
  return error.issues.flatMap((issue): ConfigProblem[] => {
    const path = issue.path.filter((step) => typeof step !== "symbol");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((name) => ({
        where: origin.placeOf([...path, name], "key"),
        problem: `${nameOf([...path, name])} is not a key${didYouMean(name, namesAt(schema, path))}`,
      }));
    }
    return [{ where: origin.placeOf(path, "value"), problem: sentence(nameOf(path), issue) }];
  });
}

function sentence(name: string, issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value")
    return `${name} must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return `${name} is missing`;
  if (issue.code === "too_small")
    return `${name} must be at least ${issue.minimum}${issue.origin === "array" ? " long" : ""}`;
  if (issue.code === "too_big")
    return `${name} must be at most ${issue.maximum}${issue.origin === "array" ? " long" : ""}`;
  const message = issue.message.replace(/^Invalid input: /, "");
  // Our own parsers quote the value and go on with "is not …"; the schema's words begin with a capital letter.
  return /^["a-z]/.test(message)
    ? `${name}: ${message}`
    : `${name}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

/** "limits.message-size", "listener 2: port". */
export function nameOf(path: Path): string {
  let name = "";
  for (const step of path) {
    if (typeof step === "number") name += ` ${step + 1}`;
    else name += name === "" ? step : / [0-9]+$/.test(name) ? `: ${step}` : `.${step}`;
  }
  return name === "" ? "the boot file" : name;
}
