import type { z } from "zod";
import { didYouMean } from "./nearest.ts";
import { tablesOf } from "./schema-walk.ts";
import type { Key } from "./schema-walk.ts";

/**
 * Environment variables, for containers: every key of the boot file has one, and it beats the file.
 * `limits.message-size` is GATEPOST_LIMITS_MESSAGE_SIZE; `port` of the listener "relay" is GATEPOST_LISTENER_RELAY_PORT.
 * Lists are separated by commas.
 */
export type Setting =
  | { readonly variable: string; readonly path: readonly string[]; readonly value: unknown }
  /** A key of the listener with this name. */
  | { readonly variable: string; readonly listener: string; readonly key: string; readonly value: unknown };

export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "GATEPOST_";

/** GATEPOST_CONFIG names the boot file itself. */
export const bootFileVariable = `${prefix}CONFIG`;

/** What Kubernetes sets in every container beside a service called "gatepost": not meant for us. */
const setByKubernetes = /^GATEPOST_(?:SERVICE_|PORT$|PORT_[0-9])/;

export function settingsFrom(
  environment: Environment,
  schema: z.ZodType,
): { readonly settings: readonly Setting[]; readonly unknown: readonly { variable: string; hint: string }[] } {
  const keys = new Map<string, Key>();
  for (const table of tablesOf(schema)) for (const key of table.keys) keys.set(variableOf(key.path), key);
  const settings: Setting[] = [];
  const unknown: { variable: string; hint: string }[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(prefix)) continue;
    if (variable === bootFileVariable || setByKubernetes.test(variable)) continue;
    const key = keys.get(variable);
    const setting =
      key !== undefined && key.path[0] !== "listener"
        ? { variable, path: key.path, value: valueOf(key, text) }
        : listenerSetting(variable, text, keys);
    if (setting === null) unknown.push({ variable, hint: didYouMean(variable, [bootFileVariable, ...keys.keys()]) });
    else settings.push(setting);
  }
  return { settings, unknown };
}

/** "GATEPOST_LIMITS_MESSAGE_SIZE" for limits.message-size. */
export function variableOf(path: readonly string[]): string {
  return prefix + path.join("_").toUpperCase().replaceAll("-", "_");
}

/** The listener's name stands between: GATEPOST_LISTENER_<NAME>_<KEY>, with "_" for "-". */
function listenerSetting(variable: string, text: string, keys: ReadonlyMap<string, Key>): Setting | null {
  const start = `${prefix}LISTENER_`;
  for (const key of keys.values()) {
    if (key.path[0] !== "listener" || key.path[1] === "name") continue;
    const end = variableOf(key.path).slice(start.length - 1);
    if (!variable.startsWith(start) || !variable.endsWith(end)) continue;
    const name = variable.slice(start.length, -end.length).toLowerCase().replaceAll("_", "-");
    if (name !== "") return { variable, listener: name, key: key.path[1] ?? "", value: valueOf(key, text) };
  }
  return null;
}

/** As the file would have it; text that does not fit goes on as text, for the schema to refuse. */
function valueOf(key: Key, text: string): unknown {
  switch (key.kind) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "number":
      return /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
    case "list":
      return text.trim() === "" ? [] : text.split(",").map((one) => one.trim());
    case "text":
      return text;
  }
}
