import { readConnections } from "./connections.ts";
import { isEmptyNode, treeOfData, type DocumentNode } from "./document-tree.ts";
import { Fields } from "./fields.ts";
import { findOpenRelay } from "./open-relay.ts";
import type { PolicyContext } from "./context.ts";
import type { Policy } from "./policy.ts";
import { type PolicyProblem, ProblemReport } from "./problems.ts";
import { readRelay } from "./relay-section.ts";
import { readRouting } from "./routing-section.ts";
import { readYaml } from "./yaml.ts";

/** Reads a document; problems have line and column. */
export function parsePolicy(text: string, context: PolicyContext): Policy | readonly PolicyProblem[] {
  const report = new ProblemReport(text);
  const tree = readYaml(text, report);
  return tree === null ? report.problems : policyOf(tree, { context, report });
}

/** The same from plain data (objects, lists, texts), for callers that hold no text. */
export function policyFromData(data: unknown, context: PolicyContext): Policy | readonly PolicyProblem[] {
  const report = new ProblemReport("");
  return policyOf(treeOfData(data), { context, report });
}

export function isPolicy(read: Policy | readonly PolicyProblem[]): read is Policy {
  return !Array.isArray(read);
}

function policyOf(
  tree: DocumentNode,
  { context, report }: { readonly context: PolicyContext; readonly report: ProblemReport },
): Policy | readonly PolicyProblem[] {
  if (tree.kind !== "map" && !isEmptyNode(tree))
    report.add(tree.at, "", "routing, default-route, relay or connections are wanted here");
  const map = tree.kind === "map" ? tree : { kind: "map" as const, pairs: [], at: 0 };
  const fields = new Fields(map, () => "", report);
  fields.allowOnly(["routing", "default-route", "relay", "connections"]);
  const routing = readRouting(fields.node("routing"), fields.node("default-route"), { context, report });
  const ids = new Set<string>();
  const { restrictions, allowsOpenRelay } = readRelay(fields.node("relay"), { context, report, ids });
  const connections = readConnections(fields.node("connections"), { report, ids });
  const open = report.isClean ? findOpenRelay(restrictions, context) : null;
  if (open !== null && !allowsOpenRelay) {
    const where = open.listener === null ? "" : ` on listener ${open.listener}`;
    report.add(
      fields.node("relay")?.at ?? -1,
      "relay",
      `this is an open relay: ${open.ipv4} public IPv4 and ${open.ipv6} public IPv6 addresses may relay without a login${where}; narrow the entries, or say open-relay: true`,
    );
  }
  return report.isClean ? { routing, restrictions, connections, context, isOpenRelay: open !== null } : report.problems;
}
