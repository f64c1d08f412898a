import type { SearchReturn } from "../command.ts";
import type { Found } from "./find.ts";

/** How results are named: by message number, or by UID. */
export type Naming = (found: Found) => number;

export type EsearchOptions = {
  readonly tag: string;
  readonly byUid: boolean;
  readonly returns: SearchReturn;
  /** A modification sequence was asked for (RFC 7162 §3.1.5). */
  readonly withModseq: boolean;
};

/** What a client that names no results gets (RFC 4731 §3.1). */
export const allOfThem: SearchReturn = {
  items: ["ALL"],
  save: false,
  context: false,
  update: null,
  partial: null,
};

/** What was asked for; nothing but a result to be kept asks for nothing else (RFC 5182 §2.1). */
export function itemsOf({ items, save, partial }: SearchReturn): SearchReturn["items"] {
  return items.length === 0 && !save && partial === null ? ["ALL"] : items;
}

/** ESEARCH (RFC 4731, RFC 9051 §7.3.4) of results in their order: that of numbers, or that of a SORT (RFC 5267). */
export function formatEsearch(results: readonly Found[], name: Naming, options: EsearchOptions): string {
  const { tag, byUid, returns, withModseq } = options;
  const items = itemsOf(returns);
  const [first, last] = [results[0], results.at(-1)];
  let line = `* ESEARCH (TAG ${quotedTag(tag)})${byUid ? " UID" : ""}`;
  for (const item of items) {
    if (item === "COUNT") line += ` COUNT ${results.length}`;
    else if (first === undefined || last === undefined) continue;
    else if (item === "MIN") line += ` MIN ${name(first)}`;
    else if (item === "MAX") line += ` MAX ${name(last)}`;
    else line += ` ALL ${formatInOrder(results.map(name))}`;
  }
  if (returns.partial !== null) line += ` ${formatPartial(results, name, returns.partial)}`;
  if (withModseq && results.length > 0) line += ` MODSEQ ${modseqOf(results, returns)}`;
  return `${line}\r\n`;
}

/** SEARCH of IMAP4rev1 (RFC 3501 §7.2.5, RFC 7162 §3.1.5), and SORT. */
export function formatPlain(
  word: "SEARCH" | "SORT",
  results: readonly Found[],
  { name, withModseq }: { readonly name: Naming; readonly withModseq: boolean },
): string {
  let line = `* ${word}`;
  for (const found of results) line += ` ${name(found)}`;
  if (withModseq && results.length > 0) line += ` (MODSEQ ${highest(results)})`;
  return `${line}\r\n`;
}

/** Messages that came to the results of a live search or left them (RFC 5267 §4.3): of SEARCH, places are said to be 0. */
export function formatUpdate(
  what: "ADDTO" | "REMOVEFROM",
  numbers: string,
  { tag, byUid }: { readonly tag: string; readonly byUid: boolean },
): string {
  return `* ESEARCH (TAG ${quotedTag(tag)})${byUid ? " UID" : ""} ${what} (0 ${numbers})\r\n`;
}

const quotedTag = (tag: string): string => `"${tag.replaceAll(/["\\]/g, "\\$&")}"`;

/** A set that keeps the order: only what follows by one goes together (RFC 5267 §4.3.1). */
function formatInOrder(numbers: readonly number[]): string {
  let text = "";
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at] ?? 0;
    let length = 1;
    while (numbers[at + length] === first + length) length++;
    text += `${text === "" ? "" : ","}${length === 1 ? first : `${first}:${first + length - 1}`}`;
    at += length;
  }
  return text;
}

/** RFC 9394 §3.1: counted from the first on, or from the last back. */
function formatPartial(
  results: readonly Found[],
  name: Naming,
  { from, to }: NonNullable<SearchReturn["partial"]>,
): string {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const part =
    low > 0
      ? results.slice(low - 1, high)
      : results.slice(Math.max(0, results.length + low), results.length + high + 1);
  const label = low > 0 ? `${low}:${high}` : `${high}:${low}`;
  // With more asked for than there is, the second end lies before the first.
  const isEmpty = part.length === 0 || (low < 0 && results.length + high < 0);
  return `PARTIAL (${label} ${isEmpty ? "NIL" : formatInOrder(part.map(name))})`;
}

/** RFC 4731 §3.2: of the message that is named; of all when all are. */
function modseqOf(results: readonly Found[], returns: SearchReturn): number {
  const items = itemsOf(returns);
  const isAll = returns.partial !== null || items.some((item) => item === "ALL" || item === "COUNT");
  return highest(isAll ? results : namedOf(results, items));
}

/** Of which MIN and MAX alone speak. */
export function namedOf(results: readonly Found[], items: SearchReturn["items"]): readonly Found[] {
  const named = [
    ...(items.includes("MIN") ? results.slice(0, 1) : []),
    ...(items.includes("MAX") ? results.slice(-1) : []),
  ];
  return named;
}

function highest(results: readonly Found[]): number {
  return results.reduce((most, { modseq }) => Math.max(most, modseq), 0);
}
