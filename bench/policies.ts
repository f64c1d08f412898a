import { emptySet } from "../src/address/ip-set.ts";
import { isPolicy, parsePolicy } from "../src/policy/document.ts";
import type { Policy } from "../src/policy/policy.ts";

/** Policies to measure, small and large, each read when it is asked for. */

function once(read: () => Policy): () => Policy {
  let policy: Policy | null = null;
  return () => (policy ??= read());
}

function policyOf(text: string): Policy {
  const began = performance.now();
  const read = parsePolicy(text, {
    listeners: [{ name: "relay", kind: "relay" }],
    ownAddresses: emptySet,
    translationPrefixes: emptySet,
    directories: null,
  });
  if (!isPolicy(read)) throw new Error(JSON.stringify(read));
  if (text.length > 10_000) {
    const lines = text.split("\n").length.toLocaleString("en");
    process.stdout.write(`(${lines} lines read in ${Math.round(performance.now() - began)} ms)\n`);
  }
  return read;
}

const route = (index: number) =>
  index % 3 === 0
    ? `  - { sent-to: d${index}.example, route: inbound }`
    : index % 3 === 1
      ? `  - { sent-to: "#d${index}.example", route: inbound }`
      : `  - { sent-to: d${index}.example, route: outbound, host: h${index}.example }`;
const network = (index: number) => `10.${index >> 8}.${index & 255}.0/28`;
const grant = (index: number) => `    - { id: a${index}, match: ${network(index)} }`;
const shut = (index: number) => `    - { id: n${index}, match: 10.${index >> 8}.${index & 255}.128/28 }`;
const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

export const small = once(() =>
  policyOf(
    [
      "routing:",
      '  - { sent-to: "#d0.example", route: inbound }',
      '  - { sent-to: "#d1.example", route: gateway, host: h.example, recipients: [ anna ] }',
      "relay: { authenticated: true, addresses: [ { id: lan, match: 10.0.0.0/16 } ] }",
    ].join("\n"),
  ),
);
export const routes = once(() => policyOf(["routing:", ...many(10_000, route)].join("\n")));
export const large = once(() =>
  policyOf(
    [
      "routing:",
      ...many(100_000, route),
      "relay:",
      "  authenticated: true",
      "  addresses:",
      ...many(10_000, grant),
      "  never:",
      ...many(10_000, shut),
    ].join("\n"),
  ),
);
export const listed = once(() =>
  policyOf(
    [
      "routing:",
      "  - sent-to: list.example",
      "    route: gateway",
      "    host: h.example",
      "    recipients:",
      ...many(10_000, (index) => `      - name${index}`),
    ].join("\n"),
  ),
);
