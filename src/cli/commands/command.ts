import { Command } from "commander";

/** Runs an operation with this input; the options say whether JSON is wanted. */
export type Operate = (operation: string, input: Readonly<Record<string, unknown>>, options: object) => Promise<void>;

/** A command with something to do: every one of them speaks JSON. */
export function leaf(parent: Command, signature: string, help: string): Command {
  return parent.command(signature).description(help).option("--json", "for programs");
}

/** A command that only holds others. */
export function group(parent: Command, name: string, help: string): Command {
  return parent.command(name).description(help);
}
