import { isEmptyNode, type DocumentNode, type DocumentPair, type MapNode, type ScalarNode } from "./document-tree.ts";
import { nearestWord, quote, type ProblemReport } from "./problems.ts";

/**
 * Reads the keys of one map of the document and reports what does not fit: an unknown key names the nearest known one,
 * a value of the wrong kind is quoted. Every getter gives `null` both for what is absent and for what was reported;
 * whoever needs to know looks at the report in the end.
 */
export class Fields {
  readonly at: number;
  readonly report: ProblemReport;
  readonly #pairs: readonly DocumentPair[];
  readonly #where: () => string;

  /** `where` names the place of the map; it is asked only when something is wrong. */
  constructor(map: MapNode, where: () => string, report: ProblemReport) {
    this.at = map.at;
    this.report = report;
    this.#pairs = map.pairs;
    this.#where = where;
  }

  /** Reports the keys outside `known`. */
  allowOnly(known: readonly string[]): void {
    for (const { key, keyAt } of this.#pairs) {
      if (!known.includes(key)) this.report.add(keyAt, this.#where(), unknownKey(key, known));
    }
  }

  /** Reports a problem of one key's value, or of the whole map when the key is not there. */
  complain(key: string, problem: string): void {
    this.complainAt(this.#pair(key)?.value.at ?? this.at, key, problem);
  }

  /** Reports a problem of one item in the list under a key, which stands at an offset of its own. */
  complainAt(at: number, key: string, problem: string): void {
    this.report.add(at, this.placeOf(key), problem);
  }

  /** "routing[3].host" */
  placeOf(key: string): string {
    const place = this.#where();
    return place === "" ? key : `${place}.${key}`;
  }

  has(key: string): boolean {
    return this.#pair(key) !== undefined;
  }

  /** The value under the key; `null` when the key is absent or nothing stands there. */
  node(key: string): DocumentNode | null {
    const pair = this.#pair(key);
    return pair === undefined || isEmptyNode(pair.value) ? null : pair.value;
  }

  /** Text that is not empty. */
  text(key: string): string | null {
    const node = this.node(key);
    if (node === null) return null;
    if (node.kind === "scalar") return node.text;
    this.complain(key, `a ${node.kind} stands here where one value is wanted`);
    return null;
  }

  /** Text that must be there; `want` says what: "an address entry". */
  required(key: string, want: string): string | null {
    if (this.node(key) === null) this.complain(key, `${key} is missing: ${want} is wanted`);
    return this.text(key);
  }

  /** Exactly `true` or `false`; absent is `false`. */
  boolean(key: string): boolean {
    const text = this.text(key);
    if (text === "true" || text === "false" || text === null) return text === "true";
    this.complain(key, `${quote(text)} is not a truth value: write true or false`);
    return false;
  }

  /** The scalars of a list under the key, absent is `null`; an empty list is reported (it would mean nothing, or everything). */
  scalars(key: string, want: string): readonly ScalarNode[] | null {
    const pair = this.#pair(key);
    if (pair === undefined) return null;
    const node = pair.value;
    if (isEmptyNode(node)) {
      this.complain(key, `${key} is empty: write ${want}, or leave the key out`);
      return null;
    }
    if (node.kind !== "list") {
      const shown = node.kind === "scalar" ? quote(node.text) : "a map";
      this.complain(key, `${shown} stands here where a list is wanted: [ ${want} ]`);
      return null;
    }
    const scalars: ScalarNode[] = [];
    for (const item of node.items) {
      if (item.kind === "scalar" && item.text !== "") scalars.push(item);
      else this.complainAt(item.at, key, emptyItem(item, want));
    }
    return scalars;
  }

  #pair(key: string): DocumentPair | undefined {
    for (const pair of this.#pairs) if (pair.key === key) return pair;
    return undefined;
  }
}

function emptyItem(item: DocumentNode, want: string): string {
  if (item.kind !== "scalar") return `a ${item.kind} stands in the list where ${want} is wanted`;
  return `an empty value stands in the list where ${want} is wanted; a value with # or a comma must be quoted`;
}

function unknownKey(key: string, known: readonly string[]): string {
  if (/^\s*mask=/i.test(key)) {
    return `${quote(key)} is not a key: a value with a comma must be quoted, as in "IP=192.0.2.0, MASK=255.255.255.0"`;
  }
  const nearest = nearestWord(key, known);
  const hint = nearest === null ? `known here: ${known.join(", ")}` : `did you mean ${quote(nearest)}?`;
  return `${quote(key)} is not a key of this place; ${hint}`;
}
