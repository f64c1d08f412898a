import { access, mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { parseAddress } from "../address/path.ts";
import { parseDomain } from "../address/domain.ts";
import { isFailure, perform } from "../admin/operation.ts";
import { operationCalled } from "../admin/operations.ts";
import { printable } from "../events/escape.ts";
import { readConfig } from "../config/read.ts";
import { usable } from "./boot.ts";
import type { Doors } from "./doors.ts";
import { passwordFrom } from "./input.ts";
import { UsageError } from "./usage-error.ts";

const optionsSchema = z.object({
  file: z.string().optional(),
  domain: z.string(),
  hostname: z.string().optional(),
  account: z.string(),
  data: z.string(),
  passwordStdin: z.boolean().default(false),
  trial: z.boolean().optional(),
  json: z.boolean().optional(),
});
type Options = z.output<typeof optionsSchema>;

/** `gatepost init`: never overwrites a boot file. */
export async function initCommand(options: object, openAtRest: Doors["openAtRest"]): Promise<number> {
  const wanted = optionsSchema.parse(options);
  const domain = parseDomain(wanted.domain, { where: "document", trailingDot: "drop" });
  if (typeof domain !== "string") throw new UsageError(`--domain ${JSON.stringify(wanted.domain)}: ${domain.refused}`);
  const file = resolve(wanted.file ?? "gatepost.toml");
  if (await isThere(file)) throw new UsageError(`${file} is there already: init writes a new one only`);
  const account = `${wanted.account}@${domain}`;
  const address = parseAddress(account, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) throw new UsageError(`--account ${JSON.stringify(wanted.account)}: ${address.refused}`);
  const text = bootFile(domain, wanted);
  // Read before it is written: a mistake leaves nothing behind.
  const config = usable(
    readConfig({ file: { path: file, text }, environment: process.env, machineName: hostname(), folder: resolve(".") }),
  );
  const given = await passwordFrom(wanted);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { flag: "wx" });
  const { context, close } = await openAtRest(config, domain);
  try {
    const add = operationCalled("account add");
    if (add === null) throw new Error("there is no operation to add an account");
    const outcome = await perform(add, context, { account, ...given });
    if (isFailure(outcome))
      throw new UsageError(`the boot file is written, but there is no account: ${outcome.message}`);
    const made = z.object({ account: z.string(), password: z.string().nullable() }).parse(outcome.done);
    await tell({ file, ...made, dataFolder: config.data }, wanted.json === true);
    return 0;
  } finally {
    await close();
  }
}

type Made = {
  readonly file: string;
  readonly account: string;
  /** `null`: it was given. */
  readonly password: string | null;
  readonly dataFolder: string;
};

/** A made password is printed to a terminal only; elsewhere it would stay in a log. */
async function tell({ file, account, password, dataFolder }: Made, json: boolean): Promise<void> {
  const isShown = password !== null && process.stdout.isTTY;
  const passwordFile = password === null || isShown ? null : join(dataFolder, "first-password");
  if (passwordFile !== null) await writeFile(passwordFile, `${account} ${password ?? ""}\n`, { mode: 0o600 });
  if (json) {
    process.stdout.write(`${JSON.stringify({ bootFile: file, dataFolder, account, passwordFile })}\n`);
    return;
  }
  const lines = [
    `Boot file: ${file}`,
    `Data folder: ${dataFolder}`,
    `First account: ${account}`,
    ...(isShown ? [`Its password, shown only now: ${password}`] : []),
    ...(passwordFile === null ? [] : [`Its password is in ${passwordFile}`]),
    "Who may relay: accounts that log in. Nobody else: see gatepost policy show.",
    "",
    `Now: gatepost --config ${file} serve`,
  ];
  process.stdout.write(`${lines.map(printable).join("\n")}\n`);
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function bootFile(domain: string, { hostname: name, data, trial }: Options): string {
  const address = trial === true ? "127.0.0.1" : "::";
  return `# What needs a restart; every key is in docs/reference/configuration.md. The relay policy, accounts and aliases are live:
# see gatepost policy, account and alias.
hostname = ${JSON.stringify(name ?? `mx.${domain}`)}
data = ${JSON.stringify(data)}

${places.map((place) => listener(place, address, trial === true)).join("\n")}
[http]  # where mail programs find their settings
address = "${address}"
port = ${trial === true ? 2580 : 80}

# Without these a self-signed certificate is made at the first start.
# [tls]
# certificate = "/etc/letsencrypt/live/mx.${domain}/fullchain.pem"
# key = "/etc/letsencrypt/live/mx.${domain}/privkey.pem"
`;
}

/** Where a server of one's own listens; the trial has the same on unprivileged ports. */
const places = [
  { name: "relay", kind: "relay", port: 25, trialPort: 2525, what: "mail from other servers" },
  { name: "submission", kind: "submission", port: 587, trialPort: 2587, what: "mail from accounts, STARTTLS" },
  {
    name: "submissions",
    kind: "submission",
    port: 465,
    trialPort: 2465,
    what: "mail from accounts, TLS from the first octet",
  },
  { name: "imap", kind: "imap", port: 143, trialPort: 2143, what: "accounts read their mail, STARTTLS" },
  { name: "imaps", kind: "imap", port: 993, trialPort: 2993, what: "the same, TLS from the first octet" },
  { name: "pop3", kind: "pop3", port: 110, trialPort: 2110, what: "accounts fetch their mail, STARTTLS" },
  { name: "pop3s", kind: "pop3", port: 995, trialPort: 2995, what: "the same, TLS from the first octet" },
] as const;

function listener(
  { name, kind, port, trialPort, what }: (typeof places)[number],
  address: string,
  trial: boolean,
): string {
  const tls = name.endsWith("s") ? `tls = "implicit"\n` : "";
  return `[[listener]]  # ${what}\nname = "${name}"\nkind = "${kind}"\n${tls}address = "${address}"\nport = ${trial ? trialPort : port}\n`;
}
