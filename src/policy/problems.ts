/** Something in a policy document that keeps it from being a policy. */
export type PolicyProblem = {
  /** Counted from 1; both are 0 when the document came as data, not as text. */
  readonly line: number;
  readonly column: number;
  /** The place inside the document: "relay.addresses[2].match"; "" for the whole. */
  readonly where: string;
  /** A sentence that quotes the value and says what is wanted. */
  readonly problem: string;
};

/** More problems than anybody reads: the rest is dropped, so that a broken document of 100,000 lines stays cheap. */
const mostProblems = 100;

/** Collects the problems of one document and turns offsets into lines and columns. */
export class ProblemReport {
  readonly problems: PolicyProblem[] = [];
  readonly #text: string;
  #lineStarts: readonly number[] | null = null;

  /** `text` is the document, "" when it came as data. */
  constructor(text: string) {
    this.#text = text;
  }

  get isClean(): boolean {
    return this.problems.length === 0;
  }

  add(at: number, where: string, problem: string): void {
    if (this.problems.length >= mostProblems) return;
    this.problems.push({ ...this.#placeOf(at), where, problem });
  }

  #placeOf(at: number): { line: number; column: number } {
    if (at < 0) return { line: 0, column: 0 };
    this.#lineStarts ??= lineStartsOf(this.#text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** "line 3, column 7: relay.addresses[0].match: …", for people. */
export function formatProblem(problem: PolicyProblem): string {
  const place = problem.line > 0 ? `line ${problem.line}, column ${problem.column}: ` : "";
  return `${place}${problem.where === "" ? "" : `${problem.where}: `}${problem.problem}`;
}

const longestQuote = 60;

/** A value in quotation marks for a message: cut when long, nothing in it can move a terminal. */
export function quote(text: string): string {
  const shown = text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The known word that is meant by a mistyped one, or null when none is near (Levenshtein distance, at most a third of it). */
export function nearestWord(text: string, known: readonly string[]): string | null {
  const word = text.slice(0, 40).toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = distanceOf(word, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
