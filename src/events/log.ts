import type { Clock } from "../time/clock.ts";
import type { Emit } from "./emit.ts";
import { eventsAt } from "./levels.ts";
import type { Level } from "./levels.ts";
import { JsonLines } from "./log-json.ts";
import { textLine } from "./log-text.ts";

/** Where lines go. One write at a time: `done` is called when the next one may come. */
export interface LogOutput {
  write(text: string, done: () => void): void;
  /** Holds everything up until the text is written: for the last words of a process that dies. */
  writeNow(text: string): void;
}

export interface Log {
  readonly emit: Emit;
  /** Lines that a slow reader cost, since the start. */
  readonly dropped: number;
  /** Resolves when everything so far is written. */
  flush(): Promise<void>;
  /** For a process that dies: writes what waits before it returns. */
  flushNow(): void;
}

export type LogOptions = {
  readonly output: LogOutput;
  readonly clock: Clock;
  readonly level: Level;
  readonly format: "json" | "pretty";
  /** Characters that may wait for a slow reader; further lines are dropped and counted. */
  readonly waitingLimit?: number;
};

/** Lines are gathered for so long, so that one write serves many of them. */
const gatherMs = 25;

/** The log: buffered, never waiting for its reader, and never growing without bound. */
export function openLog(options: LogOptions): Log {
  return new BufferedLog(options);
}

class BufferedLog implements Log {
  readonly emit: Emit;
  readonly #output: LogOutput;
  readonly #clock: Clock;
  readonly #waitingLimit: number;
  #waiting = "";
  /** Characters that the output has not taken yet. */
  #underWay = 0;
  readonly #idle: (() => void)[] = [];
  #isScheduled = false;
  #dropped = 0;
  #droppedUntold = 0;

  constructor({ output, clock, level, format, waitingLimit = 4_000_000 }: LogOptions) {
    this.#output = output;
    this.#clock = clock;
    this.#waitingLimit = waitingLimit;
    const wanted = eventsAt(level);
    const json = new JsonLines();
    const line = format === "json" ? json.format.bind(json) : textLine;
    this.emit = (event) => {
      if (wanted.has(event.name)) this.#take(line(event, clock.now()));
    };
  }

  get dropped(): number {
    return this.#dropped;
  }

  flush(): Promise<void> {
    this.#write();
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  flushNow(): void {
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") this.#output.writeNow(text);
  }

  #take(line: string): void {
    if (this.#waiting.length + this.#underWay + line.length > this.#waitingLimit) {
      this.#dropped++;
      this.#droppedUntold++;
      return;
    }
    this.#waiting += line;
    if (this.#isScheduled || this.#underWay > 0) return;
    this.#isScheduled = true;
    this.#clock.after(gatherMs, () => {
      this.#isScheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#underWay > 0) return;
    if (this.#waiting === "") {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    const text = this.#waiting;
    this.#waiting = "";
    this.#underWay = text.length;
    this.#output.write(text, () => {
      this.#underWay = 0;
      this.#tellDropped();
      this.#write();
    });
  }

  #tellDropped(): void {
    if (this.#droppedUntold === 0) return;
    const problem = `${this.#droppedUntold} lines were dropped, because their reader was too slow`;
    this.#droppedUntold = 0;
    this.emit({ name: "trouble", doing: "writing the log", problem });
  }
}
