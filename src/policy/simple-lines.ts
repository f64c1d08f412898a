import type { DocumentNode, DocumentPair, Items, ScalarNode } from "./document-tree.ts";

/**
 * A run of lines of one indentation that each are one item of a block sequence and can be read only one way:
 * `- { key: value, … }`, `- value` or `- "value"`, values plain words or quoted without a backslash.
 */
export type Run = { readonly items: Items; readonly start: number; readonly end: number };

/** A document whose runs are each replaced by one item, a quoted token, so that what is left is short. */
export type Skeleton = {
  readonly text: string;
  readonly runs: readonly Run[];
  /** The token of a run is this and its number. */
  readonly token: string;
  /** The offset in the whole document for one in the skeleton's text. */
  readonly original: (at: number) => number;
};

/** Shorter runs are not worth it. */
const shortestRun = 16;

/**
 * Cuts out the long runs of simple lines. Documents that programs write (100,000 routes, 10,000 addresses) consist of
 * them, and the YAML library takes fifty times as long for each. What the skeleton means is still for the library to say.
 */
export function skeletonOf(text: string): Skeleton {
  const token = freeToken(text);
  const runs: Run[] = [];
  const parts: string[] = [];
  const shifts: { from: number; by: number }[] = [];
  let copied = 0;
  let length = 0;
  const add = (part: string): void => {
    parts.push(part);
    length += part.length;
  };
  for (let at = 0; at < text.length;) {
    const { lines, end, indent } = runAt(text, at);
    if (lines >= shortestRun) {
      add(text.slice(copied, at));
      add(`${" ".repeat(indent)}- "${token}${runs.length}"\n`);
      runs.push({ items: itemsOf(text, { lines, start: at, indent }), start: at, end });
      copied = end;
      shifts.push({ from: length, by: end - length });
    }
    at = end;
  }
  add(text.slice(copied));
  const original = (at: number): number => at + (shifts.findLast((shift) => shift.from <= at)?.by ?? 0);
  return { text: parts.join(""), runs, token, original };
}

function freeToken(text: string): string {
  let token = "simple lines ";
  while (text.includes(token)) token += "~ ";
  return token;
}

type Found = { readonly lines: number; readonly end: number; readonly indent: number };

/** The simple lines from `at` on, a line's beginning; without any, `end` is behind the line there. */
function runAt(text: string, at: number): Found {
  const indent = indentAt(text, at);
  let lines = 0;
  let end = at;
  while (end < text.length && indentAt(text, end) === indent) {
    const item = itemAt(text, end + indent);
    if (item === null) break;
    lines++;
    end = item.end;
  }
  return { lines, end: lines === 0 ? lineEnd(text, at) : end, indent };
}

/** Reads the lines again at each walk: that takes less than to keep what they say. */
function itemsOf(text: string, { lines, start, indent }: Omit<Found, "end"> & { readonly start: number }): Items {
  return {
    length: lines,
    *[Symbol.iterator]() {
      let at = start;
      for (let line = 0; line < lines; line++) {
        const item = itemAt(text, at + indent);
        if (item === null) return;
        yield item.node;
        at = item.end;
      }
    },
  };
}

function indentAt(text: string, at: number): number {
  let i = at;
  while (text.charCodeAt(i) === 0x20) i++;
  return i - at;
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline < 0 ? text.length : newline + 1;
}

/** `"…"` of printable ASCII without `"` and `\`, or a plain word that ends before a colon could mean something. */
const valuePattern = /"([ !#-[\]-~]*)"|[A-Za-z0-9](?:[A-Za-z0-9._/+:@-]*[A-Za-z0-9._/+@-])?/y;
const keyPattern = /[a-z]+(?:-[a-z]+)*(?=: )/y;

type Item = { readonly node: DocumentNode; readonly end: number };

/** One item and the end of its line; null when the line is anything but simple. */
function itemAt(text: string, at: number): Item | null {
  if (!text.startsWith("- ", at)) return null;
  const isMap = text.startsWith("{ ", at + 2);
  const read = isMap ? mapAt(text, at + 4) : valueAt(text, at + 2);
  if (read === null) return null;
  let end = isMap ? read.end + 2 : read.end;
  if (isMap && !text.startsWith(" }", read.end)) return null;
  if (text.charCodeAt(end) === 0x0d) end++;
  if (end < text.length && text.charCodeAt(end) !== 0x0a) return null;
  return { node: read.node, end: Math.min(end + 1, text.length) };
}

function mapAt(text: string, start: number): Item | null {
  const pairs: DocumentPair[] = [];
  for (let at = start; ;) {
    keyPattern.lastIndex = at;
    const key = keyPattern.exec(text)?.[0];
    if (key === undefined || pairs.some((pair) => pair.key === key)) return null;
    const value = valueAt(text, at + key.length + 2);
    if (value === null) return null;
    pairs.push({ key, keyAt: at, value: value.node });
    if (!text.startsWith(", ", value.end)) return { node: { kind: "map", pairs, at: start - 2 }, end: value.end };
    at = value.end + 2;
  }
}

function valueAt(text: string, at: number): { node: ScalarNode; end: number } | null {
  valuePattern.lastIndex = at;
  const found = valuePattern.exec(text);
  if (found === null) return null;
  return { node: { kind: "scalar", text: found[1] ?? found[0], at }, end: at + found[0].length };
}
