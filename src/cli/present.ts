import { formatToml, type WrittenConfig } from "../config/written.ts";
import { printable } from "../events/escape.ts";
import type { Condition } from "../policy/decision.ts";
import { diffLines, type PolicyDiff } from "../policy/diff.ts";
import { type Proof, proofLines } from "../policy/prove.ts";
import { cell, tableOf } from "./table.ts";

/** What came of an operation, for people; and the exit code, where that depends on it. */
export function present(operation: string, done: unknown): { readonly text: string; readonly code: number } {
  const special = presenters.get(operation);
  const text = special === undefined ? textOf(done) : special(done);
  return { text, code: operation === "check" && hasErrors(done) ? 1 : 0 };
}

/** The operations' own output schemas say what `done` is. */
const presenters: ReadonlyMap<string, (done: unknown) => string> = new Map([
  ["config show", (done: unknown) => formatToml(done as WrittenConfig).trimEnd()],
  ["policy prove", (done: unknown) => lines(proofLines(done as Proof))],
  ["policy diff", (done: unknown) => lines(changesIn(done as PolicyDiff))],
  ["policy apply", appliedText],
  ["policy undo", appliedText],
  // As it was written, so that it can be kept in a file and applied again.
  ["policy show", (done: unknown) => (done as { readonly document: string }).document.trimEnd()],
  ["explain", explainedText],
  ["status", statusText],
  ["check", checkText],
  ["queue show", (done: unknown) => sections(done)],
]);

function appliedText(done: unknown): string {
  const { version, changes } = done as { readonly version: number; readonly changes: PolicyDiff };
  return lines([`Version ${version} is in force.`, ...changesIn(changes)]);
}

function changesIn(changes: PolicyDiff): string[] {
  const said = diffLines(changes);
  return said.length === 0 ? ["Nothing changes for anybody."] : said;
}

type Explained = Readonly<Record<string, unknown>> & {
  readonly verdict: string;
  readonly rule: string;
  readonly trace: readonly Condition[];
};

function explainedText(done: unknown): string {
  const { trace, verdict, rule, ...about } = done as Explained;
  return lines([
    ...Object.entries(about).map(([key, value]) => `${key}: ${cell(value)}`),
    ...trace.map(
      ({ condition, matched, because }) =>
        `${matched ? "  yes " : "  no  "} ${printable(condition)}${because === undefined ? "" : `: ${printable(because)}`}`,
    ),
    `${verdict} by rule ${rule}`,
  ]);
}

type Status = Readonly<Record<string, unknown>> & {
  readonly running: null | {
    readonly version: string;
    readonly since: string;
    readonly listeners: readonly { readonly name: string; readonly port: number }[];
    readonly lostRefusals: number;
    readonly counts: readonly {
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly value: number;
    }[];
  };
};

function statusText(done: unknown): string {
  const { running, ...about } = done as Status;
  const facts = Object.entries(about).map(([key, value]) => `${spaced(key)}: ${factText(value)}`);
  if (running === null) return lines(["No server runs on this data folder.", ...facts]);
  const counts = running.counts.map(({ name, labels, value }) => {
    const kind = Object.values(labels).join(", ");
    return `  ${name.replaceAll("_", " ")}${kind === "" ? "" : ` (${printable(kind)})`}: ${value}`;
  });
  return lines([
    `Gatepost ${running.version} runs since ${running.since}.`,
    `listeners: ${running.listeners.map(({ name, port }) => `${name}:${port}`).join(", ")}`,
    ...facts,
    ...(running.lostRefusals > 0 ? [`refusals that the journal lost: ${running.lostRefusals}`] : []),
    ...(counts.length > 0 ? ["since the start:", ...counts] : []),
  ]);
}

/** "dataFolder" is "data folder". */
const spaced = (key: string) => key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function factText(value: unknown): string {
  if (typeof value !== "object" || value === null) return cell(value);
  return Object.entries(value)
    .map(([key, inner]) => `${cell(inner)} ${key}`)
    .join(", ");
}

type Finding = { readonly about: string; readonly level: string; readonly finding: string };

function checkText(done: unknown): string {
  const findings = done as readonly Finding[];
  if (findings.length === 0) return "Everything is in order.";
  return lines(findings.map(({ about, level, finding }) => `${level}: ${printable(about)}: ${printable(finding)}`));
}

function hasErrors(done: unknown): boolean {
  return (done as readonly Finding[]).some(({ level }) => level === "error");
}

/** For people: a table for a list, lines for one thing. */
function textOf(done: unknown): string {
  if (Array.isArray(done)) return done.length === 0 ? "none" : listText(done);
  if (typeof done !== "object" || done === null) return cell(done);
  return lines(Object.entries(done).map(([key, value]) => `${spaced(key)}: ${cell(value)}`));
}

function sections(done: unknown): string {
  return Object.entries(done ?? {})
    .map(([key, value]) => `${key}:\n${textOf(value).replaceAll(/^/gm, "  ")}`)
    .join("\n");
}

function listText(rows: readonly unknown[]): string {
  if (typeof rows[0] !== "object" || rows[0] === null) return lines(rows.map(cell));
  return tableOf(
    rows as Readonly<Record<string, unknown>>[],
    process.stdout.isTTY ? process.stdout.columns : undefined,
  );
}

const lines = (all: readonly string[]) => all.join("\n");
