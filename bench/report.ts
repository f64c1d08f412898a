import type { Sample } from "./suites.ts";
import type { ServerName } from "./processes.ts";

/** Figures for people: ours, the floor's, and how one stands to the other. */

export type Result = {
  readonly suite: string;
  readonly title: string;
  readonly rounds: number;
} & Readonly<Record<ServerName, Sample>>;

type Figure = { readonly key: keyof Sample; readonly label: string; readonly digits: number };

const figures: readonly Figure[] = [
  { key: "perSecond", label: "a second", digits: 0 },
  { key: "perSecondBefore", label: "a second, queue empty", digits: 0 },
  { key: "startMs", label: "ms from start to banner", digits: 0 },
  { key: "startCpuMs", label: "ms of processor until then", digits: 0 },
  { key: "openMs", label: "ms until all are open", digits: 0 },
  { key: "kbEach", label: "KB a connection", digits: 1 },
  { key: "cpuMs", label: "ms of processor for 1,000", digits: 0 },
  { key: "p50Ms", label: "ms to the answer, p50", digits: 2 },
  { key: "p99Ms", label: "ms to the answer, p99", digits: 2 },
  { key: "residentMb", label: "MB resident", digits: 0 },
  { key: "failed", label: "failed", digits: 0 },
  { key: "notJournalled", label: "replies not in the journal", digits: 0 },
];

export function formatResult({ suite, title, rounds, ours, floor }: Result): string {
  const head = `${suite}: ${title} (median of ${rounds})`.padEnd(64);
  const lines = [`${head}${"ours".padStart(10)}${"floor".padStart(10)}${"ratio".padStart(8)}`];
  for (const { key, label, digits } of figures) {
    const [mine, least] = [ours[key], floor[key]];
    if (mine === undefined || (key === "failed" && mine === 0 && !least)) continue;
    const number = (value: number | undefined): string =>
      value === undefined
        ? ""
        : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    const ratio = least === undefined || least === 0 ? "" : (mine / least).toFixed(2);
    lines.push(
      `  ${label.padEnd(62)}${number(mine).padStart(10)}${number(least).padStart(10)}${ratio.padStart(8)}`.trimEnd(),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Of each figure by itself. */
export function medianOf(samples: readonly Sample[]): Sample {
  const median: Record<string, number> = {};
  for (const { key } of figures) {
    const values = samples
      .map((sample) => sample[key])
      .filter((value) => value !== undefined)
      .toSorted((a, b) => a - b);
    const [low, high] = [values[(values.length - 1) >> 1], values[values.length >> 1]];
    if (low !== undefined && high !== undefined) median[key] = (low + high) / 2;
  }
  return median;
}
