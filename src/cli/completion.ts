import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/**
 * `gatepost complete bash|zsh|fish` prints a script for the shell's start file; that script asks
 * `gatepost complete -- …` at each press of the key.
 */
export function completeCommand(program: Command): void {
  tab(program);
}
