/** A line at the bottom of a terminal that says how far something is, and about how long it will still take. */
export class ProgressBar {
  readonly #terminal: { write(text: string): unknown };
  readonly #began: number;
  readonly #now: () => number;
  #isShown = false;

  constructor(terminal: { write(text: string): unknown }, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
    this.#began = now();
  }

  readonly show = (done: number, total: number): void => {
    this.#isShown = true;
    this.#terminal.write(`\r\u001b[K${barText(done, total, this.#now() - this.#began)}`);
  };

  clear(): void {
    if (this.#isShown) this.#terminal.write("\r\u001b[K");
  }
}

const width = 30;

/** `[#####.....]  50 %  500 of 1,000, 250/s, 2 s left`. */
export function barText(done: number, total: number, tookMs: number): string {
  const part = total === 0 ? 1 : Math.min(done / total, 1);
  const filled = Math.floor(part * width);
  const bar = `[${"#".repeat(filled)}${".".repeat(width - filled)}]`;
  const rate = tookMs > 0 ? (done * 1000) / tookMs : 0;
  const left = rate > 0 ? `, ${Math.round(rate)}/s, ${timeText((total - done) / rate)} left` : "";
  return `${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${grouped(done)} of ${grouped(total)}${left}`;
}

const grouped = (n: number) => n.toLocaleString("en");

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
