import type { Refusal } from "../address/address.ts";

/** A length of time in milliseconds. */
export type Milliseconds = number;

const units = new Map<string, Milliseconds>([
  ["ms", 1],
  ["s", 1_000],
  ["sec", 1_000],
  ["second", 1_000],
  ["seconds", 1_000],
  ["min", 60_000],
  ["minute", 60_000],
  ["minutes", 60_000],
  ["h", 3_600_000],
  ["hour", 3_600_000],
  ["hours", 3_600_000],
  ["d", 86_400_000],
  ["day", 86_400_000],
  ["days", 86_400_000],
]);

/** A hundred years: more is a slip of the pen, and still far from where numbers lose their units digit. */
const longest = 100 * 366 * 86_400_000;

const part = /^ ?([0-9]{1,12}) ?([a-z]+)/;

/**
 * "30s", "5 min", "4h", "1 h 30 min", "5 days": whole numbers, each with a unit. Strict on purpose: a number without
 * a unit, an unknown unit or anything left over is refused, never guessed.
 */
export function parseDuration(text: string): Milliseconds | Refusal {
  const refused = { refused: 'is not a duration: write for example "30s", "5 min", "4h" or "1 h 30 min"' };
  let rest = text.trim();
  if (rest === "") return refused;
  let total = 0;
  while (rest !== "") {
    const match = part.exec(rest);
    const unit = units.get(match?.[2] ?? "");
    if (match === null || unit === undefined) return refused;
    total += Number(match[1]) * unit;
    rest = rest.slice(match[0].length);
  }
  return total <= longest ? total : { refused: "is longer than a hundred years" };
}

/** The shortest text that `parseDuration` reads as the same length: 5,400,000 is "1 h 30 min". */
export function formatDuration(length: Milliseconds): string {
  const parts: string[] = [];
  let rest = length;
  for (const [name, unit] of [
    ["days", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / unit);
    if (count > 0) parts.push(`${count} ${count === 1 && name === "days" ? "day" : name}`);
    rest -= count * unit;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}
