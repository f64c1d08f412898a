import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type Pair } from "yaml";
import { shortened } from "../events/escape.ts";
import type { DocumentNode, DocumentPair, Items } from "./document-tree.ts";
import { quote, type ProblemReport } from "./problems.ts";
import { skeletonOf, type Skeleton } from "./simple-lines.ts";

/** More than any policy needs; bounds the memory that a document can cost. */
const longestDocument = 64 * 1024 * 1024;

/** Deeper than any document of ours: bounds recursion over what the library read. */
const deepest = 16;

const mostErrors = 5;

/** From this length on a document's simple lines are read without the library. */
const longDocument = 64 * 1024;

/**
 * Reads YAML 1.2 with the failsafe schema: scalars are text. Anchors, aliases, tags, merge keys and duplicate keys are
 * problems, as is a second document. `null` when anything was reported.
 */
export function readYaml(text: string, report: ProblemReport, longFrom: number = longDocument): DocumentNode | null {
  if (text.length > longestDocument) {
    report.add(0, "", "the document is longer than 64 MiB");
    return null;
  }
  if (text.length >= longFrom) {
    const tree = readLong(text);
    if (tree !== null) return tree;
  }
  const document = parse(text);
  if (document === null) {
    report.add(0, "", "the document is nested too deeply");
    return null;
  }
  // The first few say it; what follows mostly comes of them.
  for (const error of [...document.errors, ...document.warnings].slice(0, mostErrors)) {
    // The library quotes the document as it is, however much of it.
    report.add(error.pos[0], "", `${shortened(error.message)}${quoteHint(text, error.pos[0])}`);
  }
  if (!report.isClean) return null;
  const reader: Reader = { report, original: (at) => at, lines: null };
  const tree = convert(document.contents as Node | null, 0, reader);
  return report.isClean ? tree : null;
}

function parse(text: string): Document | null {
  try {
    return parseDocument(text, { version: "1.2", schema: "failsafe", prettyErrors: false, logLevel: "error" });
  } catch (error) {
    // The library recurses into nested collections.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The tree by way of its skeleton; null when that is not surely the same: the whole is read then. */
function readLong(text: string): DocumentNode | null {
  const skeleton = skeletonOf(text);
  if (skeleton.runs.length === 0) return null;
  const document = parse(skeleton.text);
  if (document === null || document.errors.length > 0 || document.warnings.length > 0) return null;
  const problems: string[] = [];
  const reader: Reader = {
    report: { add: (_at, _where, problem) => problems.push(problem) },
    original: skeleton.original,
    lines: { skeleton, used: 0 },
  };
  const tree = convert(document.contents as Node | null, 0, reader);
  // A token inside a block scalar or a comment never became an item: these lines were not items either.
  return problems.length === 0 && reader.lines?.used === skeleton.runs.length ? tree : null;
}

type Reader = {
  readonly report: { add(at: number, where: string, problem: string): void };
  readonly original: (at: number) => number;
  readonly lines: { readonly skeleton: Skeleton; used: number } | null;
};

function convert(node: Node | null, depth: number, reader: Reader): DocumentNode {
  const at = node?.range === undefined || node.range === null ? 0 : reader.original(node.range[0]);
  if (node === null) return { kind: "scalar", text: "", at };
  const unwanted = unwantedIn(node, depth);
  if (unwanted !== null) {
    reader.report.add(at, "", unwanted);
    return { kind: "scalar", text: "", at };
  }
  if (isMap(node)) {
    return { kind: "map", pairs: node.items.map((pair) => convertPair(pair as YamlPair, depth, reader)), at };
  }
  if (isSeq(node)) {
    const items = node.items as Node[];
    return {
      kind: "list",
      items: joined(items.map((item) => runOf(item, reader) ?? [convert(item, depth + 1, reader)])),
      at,
    };
  }
  return { kind: "scalar", text: isScalar(node) && typeof node.value === "string" ? node.value : "", at };
}

type YamlPair = Pair<Node, Node | null>;

function convertPair({ key, value }: YamlPair, depth: number, reader: Reader): DocumentPair {
  const keyNode = convert(key, depth + 1, reader);
  const text = keyNode.kind === "scalar" ? keyNode.text : "";
  if (keyNode.kind !== "scalar") reader.report.add(keyNode.at, "", "a key is one word, not a list or a map");
  if (text === "<<") reader.report.add(keyNode.at, "", "merge keys are not taken: write the keys out");
  const valueNode = value === null ? ({ kind: "scalar", text: "", at: keyNode.at } as const) : null;
  return { key: text, keyAt: keyNode.at, value: valueNode ?? convert(value, depth + 1, reader) };
}

/** The items of a run whose token stands here as an item; null for any other item. */
function runOf(item: Node, { lines }: Reader): Items | null {
  if (lines === null || !isScalar(item) || typeof item.value !== "string") return null;
  const { token, runs } = lines.skeleton;
  if (!item.value.startsWith(token) || item.type !== "QUOTE_DOUBLE") return null;
  lines.used++;
  return runs[Number(item.value.slice(token.length))]?.items ?? null;
}

function joined(parts: readonly Items[]): Items {
  return {
    length: parts.reduce((sum, { length }) => sum + length, 0),
    *[Symbol.iterator]() {
      for (const part of parts) yield* part;
    },
  };
}

function unwantedIn(node: Node, depth: number): string | null {
  if (depth > deepest) return "nested too deeply";
  if (isAlias(node)) return `the alias ${quote(node.source)} is not taken: write the value out`;
  if ("anchor" in node && node.anchor !== undefined) return `the anchor ${quote(node.anchor)} is not taken`;
  if (node.tag !== undefined) return `the tag ${quote(node.tag)} is not taken: every value is text`;
  return null;
}

/** YAML ends a line at a `#` behind a blank: what follows then looks like nonsense to the library. */
function quoteHint(text: string, at: number): string {
  const before = text.lastIndexOf("\n", at - 1);
  const start = text.lastIndexOf("\n", before - 1) + 1;
  const end = text.indexOf("\n", at);
  const lines = text.slice(start, end < 0 ? text.length : end);
  return /[:,[{]\s*#/.test(lines) ? '; a value that begins with # must be quoted, as in "#example.com"' : "";
}
