import type { Refusal } from "../address/address.ts";

/** An amount of bytes. */
export type Octets = number;

const units = new Map<string, Octets>([
  ["B", 1],
  ["kB", 1e3],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

const form = /^([0-9]{1,9}) ?([A-Za-z]{1,3})$/;

/**
 * "25 MB" is 25,000,000 octets, "10 MiB" is 10,485,760. Strict on purpose: no number without a unit, no fraction,
 * and "MB" never means "MiB".
 */
export function parseSize(text: string): Octets | Refusal {
  const match = form.exec(text.trim());
  const unit = units.get(match?.[2] ?? "");
  if (match === null || unit === undefined) {
    return { refused: 'is not a size: write for example "25 MB" (25,000,000) or "10 MiB" (10,485,760)' };
  }
  const octets = Number(match[1]) * unit;
  return Number.isSafeInteger(octets) ? octets : { refused: "is more than can be counted" };
}

/** The shortest text that `parseSize` reads as the same amount: 10,485,760 is "10 MiB", 25,000,000 is "25 MB". */
export function formatSize(octets: Octets): string {
  for (const name of ["TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB"]) {
    const unit = units.get(name) ?? 1;
    if (octets >= unit && octets % unit === 0) return `${octets / unit} ${name}`;
  }
  return `${octets} B`;
}

/** About how much, for people: 10,485,761 is "10.5 MB". Not read back. */
export function roundSize(octets: Octets): string {
  for (const [name, unit] of [
    ["TB", 1e12],
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const) {
    if (octets >= unit) return `${(octets / unit).toFixed(octets < 10 * unit ? 1 : 0)} ${name}`;
  }
  return `${octets} B`;
}
