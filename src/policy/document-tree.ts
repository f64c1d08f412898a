/**
 * A policy document between its text and its meaning: every scalar is text, as YAML's failsafe schema has it, so that
 * `no`, `1.10` or a date never change their type. `at` is the offset in the text, -1 for data that never was text.
 */
export type DocumentNode = ScalarNode | ListNode | MapNode;

export type ScalarNode = { readonly kind: "scalar"; readonly text: string; readonly at: number };
export type ListNode = { readonly kind: "list"; readonly items: Items; readonly at: number };
export type MapNode = { readonly kind: "map"; readonly pairs: readonly DocumentPair[]; readonly at: number };

/** Those of a very long list are made for each walk and not kept: all of them at once take a dozen times their text. */
export interface Items extends Iterable<DocumentNode> {
  readonly length: number;
}

export type DocumentPair = { readonly key: string; readonly keyAt: number; readonly value: DocumentNode };

const unplaced = -1;

/**
 * The tree of plain data: objects, arrays, strings; `true`, `false` and numbers count as their text, `null` and
 * `undefined` as an empty scalar. Throws TypeError for anything else: the caller is one of us.
 */
export function treeOfData(data: unknown): DocumentNode {
  if (data === null || data === undefined) return { kind: "scalar", text: "", at: unplaced };
  if (typeof data === "string") return { kind: "scalar", text: data, at: unplaced };
  if (typeof data === "boolean" || typeof data === "number") {
    return { kind: "scalar", text: String(data), at: unplaced };
  }
  if (Array.isArray(data)) return { kind: "list", items: data.map(treeOfData), at: unplaced };
  if (typeof data === "object") {
    const pairs = Object.entries(data).map(([key, value]) => ({ key, keyAt: unplaced, value: treeOfData(value) }));
    return { kind: "map", pairs, at: unplaced };
  }
  throw new TypeError(`a policy document holds no ${typeof data}`);
}

/** Whether nothing stands there: an empty section is an absent one. */
export function isEmptyNode(node: DocumentNode): boolean {
  switch (node.kind) {
    case "scalar":
      return node.text === "";
    case "list":
      return node.items.length === 0;
    case "map":
      return node.pairs.length === 0;
    default:
      return node satisfies never;
  }
}
