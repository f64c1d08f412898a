import { loadConfig } from "../config/load.ts";
import type { ConfigProblem } from "../config/origin.ts";
import { isConfig } from "../config/read.ts";
import type { Config } from "../config/schema.ts";
import { UsageError } from "./usage-error.ts";

/** The boot file, or a `UsageError` with every mistake in it. */
export function configOf(named: string | undefined): Config {
  return usable(loadConfig(named));
}

export function usable(config: Config | readonly ConfigProblem[]): Config {
  if (isConfig(config)) return config;
  throw new UsageError(
    `the boot file cannot be used:\n${config.map(({ where, problem }) => `  ${where}: ${problem}`).join("\n")}`,
  );
}
