import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import { printable } from "../events/escape.ts";

/** Rows of equal keys as columns; on a terminal as wide as it is, long text wraps. */
export function tableOf(rows: readonly Readonly<Record<string, unknown>>[], width: number | undefined): string {
  const head = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => head.map((key) => cell(row[key])));
  const table = new Table({
    head,
    chars: plain,
    style: { head: [], border: [], compact: true, "padding-left": 0 },
    colWidths: widthsOf([head, ...cells], width),
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...cells);
  return table
    .toString()
    .split("\n")
    .map((line) => stripVTControlCharacters(line).trimEnd())
    .join("\n");
}

/** What strangers chose (addresses, peers' words) never moves the terminal. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(cell).join(", ");
  if (typeof value === "object") return printable(JSON.stringify(value));
  return printable(String(value as string | number));
}

/** Narrow columns keep what they need; the widest share what is left. Nothing is cut for a pipe. */
function widthsOf(rows: readonly (readonly string[])[], width: number | undefined): number[] {
  const needed = (rows[0] ?? []).map((_, column) => 2 + Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  if (width === undefined) return needed;
  const widths = [...needed];
  for (let rest = needed.reduce((sum, one) => sum + one, 0) + needed.length - width; rest > 0; rest--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= narrowest) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

const narrowest = 12;

const plain = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};
