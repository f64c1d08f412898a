import assert from "node:assert/strict";
import { emptySet } from "../src/address/ip-set.ts";
import { isPolicy, parsePolicy } from "../src/policy/document.ts";
import type { PolicyContext } from "../src/policy/context.ts";
import type { Policy } from "../src/policy/policy.ts";

/** One listener of each kind, no addresses of ours, one directory. */
export const context: PolicyContext = {
  listeners: [
    { name: "relay", kind: "relay" },
    { name: "submission", kind: "submission" },
  ],
  ownAddresses: emptySet,
  translationPrefixes: emptySet,
  directories: ["staff"],
};

/** The policy of a document that parses. */
export function policyOf(text: string, at: PolicyContext = context): Policy {
  const read = parsePolicy(text, at);
  return isPolicy(read) ? read : assert.fail(JSON.stringify(read));
}

/** What is wrong with a document that does not parse, one problem a line. */
export function problemsOf(text: string): string {
  const read = parsePolicy(text, context);
  if (isPolicy(read)) assert.fail("it was taken");
  assert.ok(read.every(({ line }) => line >= 0));
  return read.map(({ line, where, problem }) => `${line}: ${where}: ${problem}`).join("\n");
}
