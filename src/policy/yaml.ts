import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Scalar } from "yaml";
import type { DocumentNode, DocumentPair } from "./document-tree.ts";
import { type ProblemReport, quote } from "./problems.ts";

/** Deeper than any document of ours; a guard against documents that only nest. */
const deepest = 20;

/**
 * YAML 1.2 with the failsafe schema, one document; anchors, aliases, tags, merge keys and duplicate keys are reported.
 * `null` when the text is no YAML.
 */
export function readYaml(text: string, report: ProblemReport): DocumentNode | null {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    schema: "failsafe",
    version: "1.2",
    uniqueKeys: true,
    lineCounter,
    prettyErrors: false,
  });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    report.add(pos[0], "", message.split("\n", 1)[0] ?? "is no YAML");
  }
  if (document.errors.length > 0) return null;
  return nodeOf(document.contents, report, 0);
}

function nodeOf(node: Node | null, report: ProblemReport, depth: number): DocumentNode {
  const at = node?.range?.[0] ?? 0;
  const empty: DocumentNode = { kind: "scalar", text: "", at };
  if (node === null) return empty;
  if (isAlias(node)) {
    report.add(at, "", "an alias (*) stands here: write the value itself");
    return empty;
  }
  if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) {
    report.add(at, "", "an anchor (&) stands here: write each value where it belongs");
  }
  if (node.tag !== undefined && !node.tag.startsWith("tag:yaml.org,2002:"))
    report.add(at, "", `the tag ${quote(node.tag)} has no meaning here`);
  if (depth > deepest) {
    report.add(at, "", "the document is nested too deeply");
    return empty;
  }
  if (isScalar(node)) return { kind: "scalar", text: textOf(node), at };
  if (isSeq<Node>(node)) return { kind: "list", at, items: node.items.map((item) => nodeOf(item, report, depth + 1)) };
  if (isMap<Node, Node | null>(node)) {
    const pairs: DocumentPair[] = node.items.map(({ key, value }) => {
      const keyAt = key.range?.[0] ?? at;
      const name = isScalar(key) ? textOf(key) : "";
      if (!isScalar(key)) report.add(keyAt, "", "a key must be a word");
      if (name === "<<") report.add(keyAt, "", "a merge key (<<) stands here: write the values themselves");
      return { key: name, keyAt, value: nodeOf(value, report, depth + 1) };
    });
    return { kind: "map", at, pairs };
  }
  return empty;
}

/** The failsafe schema makes every scalar a text. */
function textOf({ value }: Scalar): string {
  return typeof value === "string" ? value : "";
}
