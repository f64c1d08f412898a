import { readFile } from "node:fs/promises";
import { emptySet } from "../address/ip-set.ts";
import { isPolicy, parsePolicy } from "../policy/document.ts";
import type { PolicyContext } from "../policy/context.ts";
import type { Policy } from "../policy/policy.ts";
import { formatProblem } from "../policy/problems.ts";
import { UsageError } from "./usage-error.ts";

/** Without a boot file two listeners are known. */
export const contextWithoutBootFile: PolicyContext = {
  listeners: [
    { name: "relay", kind: "relay" },
    { name: "submission", kind: "submission" },
  ],
  ownAddresses: emptySet,
  translationPrefixes: emptySet,
  directories: null,
};

export async function readPolicyFile(file: string): Promise<Policy> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read the policy ${file}: ${error.code ?? error.message}`);
  });
  const policy = parsePolicy(text, contextWithoutBootFile);
  if (isPolicy(policy)) return policy;
  throw new UsageError(`${file} is no policy:\n${policy.map((problem) => `  ${formatProblem(problem)}`).join("\n")}`);
}
