import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Address, Ip } from "../address/address.ts";
import { formatIp, parseIp } from "../address/ip.ts";
import { emptySet } from "../address/ip-set.ts";
import { formatAddress, parseAddress, parsePath } from "../address/path.ts";
import { policyContext } from "../config/policy-context.ts";
import type { Config } from "../config/schema.ts";
import { isPolicy, parsePolicy } from "../policy/document.ts";
import { explain, explanationLines, imaginedRecipients } from "../policy/explain.ts";
import type { Facts, Recipients } from "../policy/facts.ts";
import { factsFromJson } from "../policy/facts-json.ts";
import type { Policy, PolicyContext } from "../policy/policy.ts";
import { formatProblem } from "../policy/problems.ts";
import { idOfRef } from "../store/ref.ts";
import { policyVersion } from "../store/policy-versions.ts";
import { openSqlite } from "../store/sqlite/driver.ts";
import { UsageError } from "./program.ts";

const optionsSchema = z.object({
  policy: z.string().optional(),
  client: z.string().optional(),
  local: z.string().optional(),
  listener: z.string(),
  account: z.string().optional(),
  sender: z.array(z.string()).optional(),
  tls: z.boolean().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  json: z.boolean().optional(),
});
type Options = z.output<typeof optionsSchema>;

type Asked = { readonly ref: string | null; readonly options: object; readonly config: () => Promise<Config> };

/** `gatepost explain`: exits 0 whatever the verdict, 2 for arguments or a policy that do not parse. */
export async function explainCommand({ ref, options, config }: Asked): Promise<number> {
  const read = optionsSchema.parse(options);
  if (ref !== null) return explainRef(ref, { config: await config(), json: read.json === true });
  if (read.policy === undefined)
    throw new UsageError("explain needs a REF, or --policy FILE with --client, --from and --to");
  const policy = await readPolicyFile(read.policy);
  return tell({ policy, facts: imagine(read), recipients: imaginedRecipients }, read.json === true);
}

type Judged = { readonly policy: Policy; readonly facts: Facts; readonly recipients: Recipients };

function tell({ policy, facts, recipients }: Judged, json: boolean): number {
  const explanation = explain(policy, facts, recipients);
  const text = json ? JSON.stringify(explanation) : explanationLines(explanation, facts).join("\n");
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Without a boot file two listeners are known. */
const contextWithoutBootFile: PolicyContext = {
  listeners: [
    { name: "relay", kind: "relay" },
    { name: "submission", kind: "submission" },
  ],
  ownAddresses: emptySet,
  translationPrefixes: emptySet,
};

async function readPolicyFile(file: string): Promise<Policy> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read the policy ${file}: ${error.code ?? error.message}`);
  });
  const policy = parsePolicy(text, contextWithoutBootFile);
  if (isPolicy(policy)) return policy;
  throw new UsageError(`${file} is no policy:\n${policy.map((problem) => `  ${formatProblem(problem)}`).join("\n")}`);
}

function imagine(options: Options): Facts {
  if (options.client === undefined || options.from === undefined || options.to === undefined) {
    throw new UsageError("an imagined message needs --client, --from and --to");
  }
  const listener = contextWithoutBootFile.listeners.find(({ name }) => name === options.listener);
  if (listener === undefined)
    throw new UsageError(`--listener ${JSON.stringify(options.listener)}: relay or submission is wanted`);
  const reversePath = readReversePath(options.from);
  const senders = options.sender?.map((text) => formatAddress(readAddress("--sender", text)).toLowerCase());
  const owns =
    reversePath === null || senders === undefined || senders.includes(formatAddress(reversePath).toLowerCase());
  return {
    client: readIp("--client", options.client),
    local: options.local === undefined ? null : readIp("--local", options.local),
    listener,
    tls: options.tls === true,
    account:
      options.account === undefined
        ? null
        : { name: options.account, isEnabled: true, mayRelay: true, ownsReversePath: owns },
    reversePath,
    forwardPath: readForwardPath(options.to),
    now: Date.now(),
    clockIsBehind: false,
  };
}

function readIp(option: string, text: string): Ip {
  const ip = parseIp(text);
  if (ip === null) throw new UsageError(`${option} ${JSON.stringify(text)} is no IP address`);
  return ip;
}

function readAddress(option: string, text: string): Address {
  const address = parseAddress(text, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) throw new UsageError(`${option} ${JSON.stringify(text)} is no address: ${address.refused}`);
  return address;
}

function readReversePath(text: string): Address | null {
  return text === "" || text === "<>" ? null : readAddress("--from", text);
}

/** As RCPT takes it: source routes are dropped, the bare postmaster is taken. */
function readForwardPath(text: string): Address {
  const bracketed = text.startsWith("<") ? text : `<${text}>`;
  const read = parsePath(bracketed, 0, { kind: "forward", allowsUtf8: true, brackets: "required" });
  if ("refused" in read) throw new UsageError(`--to ${JSON.stringify(text)} is no address: ${read.refused}`);
  if (read.end !== bracketed.length || read.path === null)
    throw new UsageError(`--to ${JSON.stringify(text)} is no address`);
  return read.path;
}

/** A past decision, judged again from its facts under the policy it was made by. */
async function explainRef(
  ref: string,
  { config, json }: { readonly config: Config; readonly json: boolean },
): Promise<number> {
  const id = idOfRef(ref);
  if (id === null) throw new UsageError(`${JSON.stringify(ref)} is no REF`);
  const store = await openSqlite({ folder: config.data, onFatal: () => {} });
  try {
    const [row] = await store.read({
      sql: "SELECT facts, policy_version, at, count FROM decision WHERE id = ?",
      parameters: [id],
    });
    if (row === undefined)
      throw new Error(`the journal has no decision ${ref}: it may be older than the journal is kept`);
    const version = await policyVersion(store, Number(row["policy_version"]));
    if (version === null) throw new Error(`policy version ${String(row["policy_version"])} is not there any more`);
    const { facts, recipients } = factsFromJson(String(row["facts"]));
    const policy = parsePolicy(version.document, policyContext(config));
    if (!isPolicy(policy)) throw new Error(`policy version ${version.version} cannot be read any more`);
    if (!json) {
      const client = facts.client === null ? "an unknown client" : formatIp(facts.client);
      process.stdout.write(
        `${new Date(Number(row["at"])).toISOString()}: ${client} on listener ${facts.listener.name}, policy version ${version.version}\n`,
      );
    }
    return tell({ policy, facts, recipients }, json);
  } finally {
    await store.close();
  }
}
