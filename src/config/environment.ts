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
  /** A key of the table with this name in a list of tables: of a listener, of a directory. */
  | {
      readonly variable: string;
      readonly list: string;
      readonly name: string;
      readonly key: string;
      readonly value: unknown;
    };

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
  const ours = Object.entries(environment).filter(([variable]) => isOurs(variable));
  // Mostly there is none: the walk through the schema takes longer than reading a boot file by it.
  if (ours.length === 0) return { settings: [], unknown: [] };
  const keys = new Map<string, Key>();
  const listed = new Map<string, Key>();
  for (const { isList, keys: ofTable } of tablesOf(schema)) {
    for (const key of ofTable) (isList ? listed : keys).set(variableOf(key.path), key);
  }
  const settings: Setting[] = [];
  const unknown: { variable: string; hint: string }[] = [];
  for (const [variable, text] of ours) {
    if (text === undefined) continue;
    const key = keys.get(variable);
    const setting =
      key !== undefined
        ? { variable, path: key.path, value: valueOf(key, text) }
        : listedSetting(variable, text, listed);
    if (setting === null) {
      const known = [bootFileVariable, ...keys.keys(), ...listed.keys()];
      unknown.push({ variable, hint: didYouMean(variable, known) });
    } else settings.push(setting);
  }
  return { settings, unknown };
}

function isOurs(variable: string): boolean {
  return variable.startsWith(prefix) && variable !== bootFileVariable && !setByKubernetes.test(variable);
}

/** "GATEPOST_LIMITS_MESSAGE_SIZE" for limits.message-size. */
export function variableOf(path: readonly string[]): string {
  return prefix + path.join("_").toUpperCase().replaceAll("-", "_");
}

/** The table's name stands between: GATEPOST_LISTENER_<NAME>_<KEY>, with "_" for "-". */
function listedSetting(variable: string, text: string, keys: ReadonlyMap<string, Key>): Setting | null {
  for (const key of keys.values()) {
    const [list = "", leaf = ""] = key.path;
    if (leaf === "name") continue;
    const start = `${variableOf([list])}_`;
    const end = variableOf(key.path).slice(start.length - 1);
    if (!variable.startsWith(start) || !variable.endsWith(end)) continue;
    const name = variable.slice(start.length, -end.length).toLowerCase().replaceAll("_", "-");
    if (name !== "") return { variable, list, name, key: leaf, value: valueOf(key, text) };
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
