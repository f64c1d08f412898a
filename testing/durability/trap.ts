import { watch } from "node:fs";
import type { Moment, NextHop } from "./next-hop.ts";
import type { Random } from "./seeded.ts";
import type { ServerProcess } from "./server-process.ts";

/** When a server is killed: while it starts, takes mail, copies its log into the database, delivers, or ends. */
export type When = "start" | "load" | "delivery" | "stop" | "checkpoint";

type Surroundings = {
  readonly nextHop: Pick<NextHop, "atMoment">;
  readonly database: string;
  /** How many are acknowledged, at most, before a kill under load. */
  readonly most?: number;
};

/** Kills one server at its moment. */
export class Trap {
  readonly #server: ServerProcess;
  readonly #random: Random;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;

  constructor(server: ServerProcess, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  after(ms: number): void {
    this.#timer ??= setTimeout(() => this.#server.kill("SIGKILL"), ms);
  }

  /** Returns what is to be called at each message, or change of a mailbox, that was acknowledged. */
  arm(when: When, { nextHop, database, most = 60 }: Surroundings): () => void {
    const kill = (): void => this.#server.kill("SIGKILL");
    const random = this.#random;
    let acknowledged = 0;
    const atCount = (count: number, act: () => void) => (): void => {
      if (++acknowledged === count) act();
      // Whatever else was waited for.
      if (acknowledged === 500) kill();
    };
    const soon = (): void => this.after(random.between(0, 8));
    switch (when) {
      case "start":
        return () => {};
      case "load":
        return atCount(random.between(1, most), random.next() < 0.5 ? kill : soon);
      case "delivery": {
        const moment = random.pick<Moment>(["content", "dot", "answered"]);
        let left = random.between(1, 40);
        nextHop.atMoment = (one) => {
          if (one === moment && --left === 0) kill();
        };
        return atCount(500, kill);
      }
      case "checkpoint":
        this.#atWrites(database, random.between(1, 6));
        return atCount(500, kill);
      case "stop":
        return atCount(random.between(5, 40), () => {
          this.#server.kill("SIGTERM");
          if (random.next() < 0.5) this.#atWrites(database, random.between(1, 6));
          else this.after(random.between(0, 60));
        });
      default:
        return when satisfies never;
    }
  }

  release(nextHop: Pick<NextHop, "atMoment">): void {
    nextHop.atMoment = () => {};
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Only copying the log changes the database itself. */
  #atWrites(database: string, writes: number): void {
    let left = writes;
    watch(database, { signal: this.#stop.signal }, () => {
      if (--left === 0) this.#server.kill("SIGKILL");
    }).on("error", () => {});
  }
}
