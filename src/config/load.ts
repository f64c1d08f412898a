import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { bootFileVariable } from "./environment.ts";
import type { ConfigProblem } from "./origin.ts";
import { readConfig } from "./read.ts";
import type { Config } from "./schema.ts";

/** Looked for in this order when none is named. */
const usualPlaces = ["gatepost.toml", "/etc/gatepost/gatepost.toml"];

/**
 * The configuration of this machine: the boot file that is named, else GATEPOST_CONFIG, else a usual place, else
 * the built-in trial set-up.
 */
export function loadConfig(named?: string): Config | readonly ConfigProblem[] {
  const wanted = named ?? process.env[bootFileVariable];
  const path = wanted ?? usualPlaces.find((place) => existsSync(place)) ?? null;
  try {
    const file = path === null ? null : { path, text: readFileSync(path, "utf8") };
    return readConfig({ file, environment: process.env, machineName: hostname(), folder: resolve(".") });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
    const problem = error.code === "ENOENT" ? "no such file" : `cannot be read: ${error.code}`;
    return [{ where: path ?? "the boot file", problem }];
  }
}
