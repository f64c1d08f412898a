import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { camelCased } from "./camel-case.ts";
import { inconsistencies } from "./consistency.ts";
import { settingsFrom } from "./environment.ts";
import type { Environment, Setting } from "./environment.ts";
import { Origin, problemsOf } from "./origin.ts";
import type { ConfigProblem } from "./origin.ts";
import { schema } from "./schema.ts";
import type { Config, ListenerConfig } from "./schema.ts";
import { parseToml } from "./toml.ts";

export type ConfigSources = {
  /** The boot file's text with its path; null when there is none. */
  readonly file: { readonly path: string; readonly text: string } | null;
  readonly environment: Environment;
  /** The machine's own name, taken when it is a full one. */
  readonly machineName: string;
  /** Where relative paths begin without a boot file. */
  readonly folder: string;
};

/** The trial set-up, when no listener is given: unprivileged ports on loopback. */
const trialListeners: readonly Readonly<Record<string, unknown>>[] = [
  { name: "relay", kind: "relay", address: "127.0.0.1", port: 2525 },
  { name: "submission", kind: "submission", address: "127.0.0.1", port: 2587 },
  { name: "submissions", kind: "submission", address: "127.0.0.1", port: 2465, tls: "implicit" },
  { name: "imap", kind: "imap", address: "127.0.0.1", port: 2143 },
  { name: "imaps", kind: "imap", address: "127.0.0.1", port: 2993, tls: "implicit" },
  { name: "pop3", kind: "pop3", address: "127.0.0.1", port: 2110 },
  { name: "pop3s", kind: "pop3", address: "127.0.0.1", port: 2995, tls: "implicit" },
];
const trialHttp = { address: "127.0.0.1", port: 2580 };

/** RFC 5321, RFC 6409, RFC 1939, RFC 9051; with implicit TLS RFC 8314. */
const usualPorts = {
  relay: { clear: 25, implicit: 25 },
  submission: { clear: 587, implicit: 465 },
  lmtp: { clear: 24, implicit: 24 },
  pop3: { clear: 110, implicit: 995 },
  imap: { clear: 143, implicit: 993 },
} as const satisfies Record<ListenerConfig["kind"], { readonly clear: number; readonly implicit: number }>;

/** Reads the boot file and the environment, fills in the defaults, and says everything that is wrong at once. */
export function readConfig(sources: ConfigSources): Config | readonly ConfigProblem[] {
  const path = sources.file?.path ?? null;
  const document = sources.file === null ? null : parseToml(sources.file.text);
  if (document !== null && "problem" in document) {
    return [{ where: `${path}:${document.at.line}:${document.at.column}`, problem: document.problem }];
  }
  const { settings, unknown } = settingsFrom(sources.environment, schema);
  if (unknown.length > 0) {
    return unknown.map(({ variable, hint }) => ({ where: variable, problem: `names no key of the boot file${hint}` }));
  }
  const origin = new Origin(path, document);
  const parsed = schema.safeParse(overlaid(document?.data ?? {}, settings, origin), { reportInput: true });
  if (!parsed.success) return problemsOf(parsed.error, schema, origin);
  const config = completed(parsed.data, sources);
  const wrong = inconsistencies(config);
  if (wrong.length === 0) return config;
  return wrong.map((one) => ({ where: origin.placeOf(one.path, "value"), problem: one.problem }));
}

export function isConfig(read: Config | readonly ConfigProblem[]): read is Config {
  return !Array.isArray(read);
}

/** The file's data, the trial listeners where it has none, and the environment over both. */
function overlaid(
  data: Readonly<Record<string, unknown>>,
  settings: readonly Setting[],
  origin: Origin,
): Record<string, unknown> {
  const result: Record<string, unknown> = structuredClone(data);
  if (result["listener"] === undefined) {
    result["listener"] = structuredClone(trialListeners);
    result["http"] ??= { ...trialHttp };
  }
  for (const setting of settings) {
    if ("path" in setting) put(result, setting.path, setting.value);
    const path = "path" in setting ? setting.path : putInList(result, setting);
    origin.noteVariable(path, setting.variable);
  }
  return result;
}

function put(table: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) {
    table[name] = value;
    return;
  }
  const inner = (table[name] ??= {});
  // When it is no table, the schema says so.
  if (typeof inner === "object" && inner !== null) put(inner as Record<string, unknown>, rest, value);
}

/** A name that no table of the list has makes a new one. */
function putInList(
  result: Record<string, unknown>,
  setting: Extract<Setting, { readonly list: string }>,
): readonly (string | number)[] {
  const { list, name } = setting;
  const listed = (result[list] ??= []);
  if (!Array.isArray(listed)) return [list];
  const tables = listed as Record<string, unknown>[];
  let index = tables.findIndex((table) => table["name"] === name);
  if (index < 0) index = tables.push({ name }) - 1;
  const table = tables[index];
  if (table !== undefined) table[setting.key] = setting.value;
  return [list, index, setting.key];
}

function completed(bootFile: z.output<typeof schema>, sources: ConfigSources): Config {
  const { listener, hostname, http, ...rest } = camelCased(bootFile);
  const folder = sources.file === null ? sources.folder : dirname(resolve(sources.folder, sources.file.path));
  const { certificate, key } = rest.tls;
  return {
    ...rest,
    hostname: hostname ?? (isFullName(sources.machineName) ? sources.machineName.toLowerCase() : "localhost"),
    data: resolve(folder, rest.data),
    tls: {
      ...(certificate === undefined ? {} : { certificate: resolve(folder, certificate) }),
      ...(key === undefined ? {} : { key: resolve(folder, key) }),
    },
    http: http === undefined ? null : { ...http, port: http.port ?? (http.tls === "implicit" ? 443 : 80) },
    ldap: rest.ldap.map((one) => ({
      ...one,
      ...(one.ca === undefined ? {} : { ca: resolve(folder, one.ca) }),
      ...(one.passwordFile === undefined ? {} : { passwordFile: resolve(folder, one.passwordFile) }),
    })),
    listeners: listener.map((one): ListenerConfig => {
      const usualPort = usualPorts[one.kind][one.tls === "implicit" ? "implicit" : "clear"];
      return { ...one, port: one.port ?? usualPort, auth: one.auth ?? (one.kind !== "relay" && one.kind !== "lmtp") };
    }),
    file: sources.file === null ? null : resolve(sources.folder, sources.file.path),
  };
}

/** A greeting needs a full name (RFC 5321 §4.1.3); "localhost.localdomain" is none. */
function isFullName(name: string): boolean {
  return /^[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$/.test(name) && !name.toLowerCase().startsWith("localhost.");
}
