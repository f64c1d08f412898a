import type { Ip } from "../address/address.ts";
import { formatIp } from "../address/ip.ts";
import { camelCase } from "./camel-case.ts";
import { formatDuration } from "./duration.ts";
import { schema } from "./schema.ts";
import type { Config } from "./schema.ts";
import { tablesOf } from "./schema-walk.ts";
import type { Key } from "./schema-walk.ts";
import { formatSize } from "./size.ts";

/** A value as the boot file writes it. */
export type Written = string | number | boolean | readonly Written[];
export type WrittenTable = Readonly<Record<string, Written>>;

/** The whole configuration in the words of the boot file, defaults included: `gatepost config show`. */
export type WrittenConfig = Readonly<Record<string, Written | WrittenTable | readonly WrittenTable[]>>;

export function writtenConfig(config: Config): WrittenConfig {
  const written: Record<string, Written | WrittenTable | readonly WrittenTable[]> = {};
  for (const { path, keys, isList } of tablesOf(schema)) {
    const [name] = path;
    if (name === undefined) Object.assign(written, tableOf(config, keys));
    else if (isList) {
      const list = name === "listener" ? config.listeners : config.ldap;
      if (list.length > 0) written[name] = list.map((table) => tableOf(table, keys));
    } else {
      const value: unknown = Object.entries(config).find(([key]) => key === camelCase(name))?.[1];
      // A table that is not given is not the same as an empty one.
      if (value !== null) written[name] = tableOf(value, keys);
    }
  }
  return written;
}

/** Text that reads back as the same configuration. */
export function formatToml(written: WrittenConfig): string {
  const lines: string[] = [];
  const tables: string[] = [];
  for (const [name, value] of Object.entries(written)) {
    if (isListOfTables(value)) tables.push(...value.map((table) => tableText(`[[${name}]]`, table)));
    else if (isTable(value)) tables.push(tableText(`[${name}]`, value));
    else lines.push(line(name, value));
  }
  return [...lines, "", ...tables].join("\n");
}

function tableOf(values: unknown, keys: readonly Key[]): WrittenTable {
  const given = new Map(Object.entries(values ?? {}));
  return Object.fromEntries(
    keys.flatMap((key): [string, Written][] => {
      const name = key.path.at(-1) ?? "";
      const value: unknown = given.get(camelCase(name));
      return value === undefined ? [] : [[name, writtenValue(value, key.called)]];
    }),
  );
}

function writtenValue(value: unknown, called: string): Written {
  if (Array.isArray(value)) return value.map((one) => writtenValue(one, called.replace(/^list of /, "")));
  if (typeof value === "number" && called === "duration") return formatDuration(value);
  if (typeof value === "number" && called === "size") return formatSize(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  // What our own parsers made: an address, or a block with the text that it was read from.
  return isBlock(value) ? value.text : formatIp(value as Ip);
}

function isBlock(value: unknown): value is { readonly text: string } {
  return typeof value === "object" && value !== null && "text" in value && typeof value.text === "string";
}

function isTable(value: WrittenConfig[string]): value is WrittenTable {
  return typeof value === "object" && !Array.isArray(value);
}

function isListOfTables(value: WrittenConfig[string]): value is readonly WrittenTable[] {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === "object" && !Array.isArray(value[0]);
}

function tableText(head: string, table: WrittenTable): string {
  const lines = Object.entries(table).map(([name, value]) => line(name, value));
  return `${[head, ...lines].join("\n")}\n`;
}

/** TOML's basic strings escape as JSON's do, and its arrays look alike. */
function line(name: string, value: Written): string {
  const text = Array.isArray(value) ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]` : JSON.stringify(value);
  return `${name} = ${text}`;
}
