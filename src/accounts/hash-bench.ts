import type { Network } from "./network.ts";

/** Where passwords are hashed: few at once, many waiting, and no network waits because of another one's crowd. */
export interface HashBench {
  /** `null`: too many wait already (454 4.7.0, RFC 4954 §6); the work was not begun. Rejects only when `work` does. */
  run<Result>(network: Network, work: () => Promise<Result>): Promise<Result | null>;
  readonly waiting: number;
}

export type BenchLimits = {
  /** Hashes that run at the same time: each takes 19 MiB and a thread of libuv's pool. */
  readonly atOnce: number;
  readonly waiting: number;
};

export const benchLimits: BenchLimits = { atOnce: 2, waiting: 200 };

/** `begin` starts the work; `turnAway` says that it never will. */
type Waiter = { readonly begin: () => void; readonly turnAway: () => void };

/**
 * Networks take turns, each with its oldest waiter. When the bench is full, the newest waiter of the longest queue is
 * turned away: a flood from one network pushes out itself, never the only client of another.
 */
export function createHashBench(limits: BenchLimits = benchLimits): HashBench {
  /** In the order of turns: the first network is next. */
  const queues = new Map<Network, Waiter[]>();
  let waiting = 0;
  let running = 0;

  function beginNext(): void {
    const turn = queues.entries().next().value;
    if (running >= limits.atOnce || turn === undefined) return;
    const [network, queue] = turn;
    const waiter = queue.shift();
    queues.delete(network);
    if (queue.length > 0) queues.set(network, queue);
    waiting--;
    running++;
    waiter?.begin();
  }

  function wait(network: Network, waiter: Waiter): void {
    const queue = queues.get(network);
    if (queue) queue.push(waiter);
    else queues.set(network, [waiter]);
    waiting++;
    if (waiting > limits.waiting) turnAwayNewestOf(longestQueue());
  }

  function longestQueue(): Network {
    let longest: [Network, number] = ["", 0];
    for (const [network, queue] of queues) if (queue.length > longest[1]) longest = [network, queue.length];
    return longest[0];
  }

  function turnAwayNewestOf(network: Network): void {
    const queue = queues.get(network) ?? [];
    const newest = queue.pop();
    if (queue.length === 0) queues.delete(network);
    waiting--;
    newest?.turnAway();
  }

  return {
    get waiting() {
      return waiting;
    },
    run(network, work) {
      return new Promise((resolve, reject) => {
        const begin = (): void => {
          work()
            .then(resolve, reject)
            .finally(() => {
              running--;
              beginNext();
            });
        };
        wait(network, { begin, turnAway: () => resolve(null) });
        beginNext();
      });
    },
  };
}
