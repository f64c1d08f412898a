import { variableOf } from "./environment.ts";
import { schema } from "./schema.ts";
import { tablesOf } from "./schema-walk.ts";
import type { Key, Table } from "./schema-walk.ts";

/** The reference page of the boot file, Markdown, made from its schema: docs/reference/configuration.md. */
export function configurationPage(): string {
  return `${introduction}\n${tablesOf(schema).map(section).join("\n")}`;
}

const introduction = `<!-- Generated from src/config/schema.ts by \`npm run docs\`: do not edit. -->

# The boot file

One TOML file holds what needs a restart: listeners, folders, limits. Everything an administrator changes day by day
(the relay policy, accounts, aliases) is in the store and live. \`gatepost serve --config FILE\` names it; without that
\`GATEPOST_CONFIG\`, \`./gatepost.toml\` and \`/etc/gatepost/gatepost.toml\` are looked for, and without any of them
Gatepost runs a trial set-up on loopback ports. \`gatepost config show\` prints what is in force.

An unknown key, or a value that does not fit, is an error with its line: nothing is guessed. Durations are written
\`30s\`, \`5 min\`, \`4h\`, \`1 h 30 min\`, \`5 days\`; sizes \`25 MB\` (25,000,000) or \`10 MiB\` (10,485,760).

Every key has an environment variable, for containers; it beats the file. Lists are separated by commas there. The
variables of a listener or directory carry its name: \`GATEPOST_LISTENER_RELAY_PORT\` is the \`port\` of the listener \`relay\`.
`;

function section(table: Table): string {
  const name = table.path.join(".");
  const title = name === "" ? "Keys outside of any table" : table.isList ? `\`[[${name}]]\`` : `\`[${name}]\``;
  const description = table.description === "" ? "" : `\n${table.description}\n`;
  return `## ${title}\n${description}\n${table.keys.map((key) => entry(key, table)).join("\n")}`;
}

function entry(key: Key, table: Table): string {
  const name = key.path.at(-1) ?? "";
  const facts = [key.called, key.isRequired ? "required" : defaultOf(key), `\`${variable(key, table)}\``];
  return `- **\`${name}\`** (${facts.filter((fact) => fact !== "").join(", ")})\n  ${key.description}\n`;
}

function defaultOf(key: Key): string {
  const value = key.defaultValue;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "";
  return `default \`${Array.isArray(value) ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]` : JSON.stringify(value)}\``;
}

function variable({ path }: Key, { isList }: Table): string {
  const [table = "", name = ""] = path;
  return variableOf(isList ? [table, "<NAME>", name] : path);
}
