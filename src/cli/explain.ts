import { z } from "zod";
import type { Address, Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { formatAddress, parseAddress, parsePath } from "../address/path.ts";
import { explain, explanationLines, imaginedRecipients } from "../policy/explain.ts";
import type { Facts, Recipients } from "../policy/facts.ts";
import type { Policy } from "../policy/policy.ts";
import { contextWithoutBootFile, readPolicyFile } from "./policy-file.ts";
import { UsageError } from "./usage-error.ts";

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

/** `gatepost explain --policy FILE …`: exits 0 whatever the verdict, 2 for arguments or a policy that do not parse. */
export async function explainCommand(options: object): Promise<number> {
  const read = optionsSchema.parse(options);
  if (read.policy === undefined) {
    throw new UsageError("explain needs a REF, or --policy FILE with --client, --from and --to");
  }
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
