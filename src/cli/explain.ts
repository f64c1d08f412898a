import { z } from "zod";
import type { Address, Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { formatAddress, parseAddress, parsePath } from "../address/path.ts";
import { didYouMean } from "../config/nearest.ts";
import { isPolicy, parsePolicy } from "../policy/document.ts";
import { explain, explanationLines, imaginedRecipients } from "../policy/explain.ts";
import type { Facts, Recipients } from "../policy/facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { Asked } from "./operate.ts";
import { readPolicyFile } from "./policy-file.ts";
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

/** What stands behind the policy in force: asked for only when no document is named. */
export type InForce = () => Promise<Pick<Asked, "config" | "openAtRest">>;

/** `gatepost explain …`: exits 0 whatever the verdict, 2 for arguments or a policy that do not parse. */
export async function explainCommand(options: object, inForce: InForce): Promise<number> {
  const read = optionsSchema.parse(options);
  if (read.client === undefined || read.from === undefined || read.to === undefined) {
    throw new UsageError("explain needs a REF, or --client, --from and --to of an imagined message");
  }
  const policy = read.policy === undefined ? await policyInForce(await inForce()) : await readPolicyFile(read.policy);
  const asked = { ...read, client: read.client, from: read.from, to: read.to };
  return tell({ policy, facts: imagine(asked, policy), recipients: imaginedRecipients }, read.json === true);
}

/** Judged here and not in the server: mailboxes of an imagined message count as existing. */
async function policyInForce(asked: Pick<Asked, "config" | "openAtRest">): Promise<Policy> {
  const { obtain } = await import("./operate.ts");
  const { policyContext } = await import("../config/policy-context.ts");
  const outcome = await obtain({ ...asked, operation: "policy show", input: {} });
  if ("failed" in outcome) throw new Error(outcome.message);
  const { document } = z.object({ document: z.string() }).parse(outcome.done);
  const policy = parsePolicy(document, policyContext(asked.config));
  if (isPolicy(policy)) return policy;
  throw new Error("the policy in force cannot be read");
}

type Judged = { readonly policy: Policy; readonly facts: Facts; readonly recipients: Recipients };

function tell({ policy, facts, recipients }: Judged, json: boolean): number {
  const explanation = explain(policy, facts, recipients);
  const text = json ? JSON.stringify(explanation) : explanationLines(explanation, facts).join("\n");
  process.stdout.write(`${text}\n`);
  return 0;
}

type Imagined = Options & { readonly client: string; readonly from: string; readonly to: string };

function imagine(options: Imagined, { context }: Policy): Facts {
  const listener = context.listeners.find(({ name }) => name === options.listener);
  if (listener === undefined) {
    const known = context.listeners.map(({ name }) => name);
    throw new UsageError(
      `--listener ${JSON.stringify(options.listener)}: ${known.join(" or ")} is wanted${didYouMean(options.listener, known)}`,
    );
  }
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
