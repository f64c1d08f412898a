import type { Emit } from "../events/emit.ts";
import type { Clock } from "../time/clock.ts";
import type { Store } from "./store.ts";

/** Rows that go in one unit, so that forgetting never holds up a message for long. */
const batch = 500;

/**
 * Forgets what is older than `days` and the oldest beyond `maxRows`, in small units one after the other. To be called
 * now and then; returns how many rows went. Stops early when `signal` says so.
 */
export async function forgetDecisions(
  store: Store,
  keep: { readonly now: number; readonly days: number; readonly maxRows: number },
  signal?: AbortSignal,
): Promise<number> {
  // Read from the index alone: the time of the newest row that is too many.
  const [excess] = await store.read({
    sql: "SELECT at FROM decision ORDER BY at DESC LIMIT 1 OFFSET ?",
    parameters: [keep.maxRows],
  });
  const tooOld = keep.now - keep.days * 86_400_000;
  // Rows of that very millisecond that would fit go too: the limit is a size, not a promise to keep.
  const until = excess === undefined ? tooOld : Math.max(tooOld, Number(excess["at"]) + 1);
  let forgotten = 0;
  while (signal?.aborted !== true) {
    const [deleted = []] = await store.commit([
      {
        sql: "DELETE FROM decision WHERE id IN (SELECT id FROM decision WHERE at < ? ORDER BY at LIMIT ?) RETURNING id",
        parameters: [until, batch],
        returns: true,
      },
    ]);
    forgotten += deleted.length;
    if (deleted.length < batch) break;
  }
  return forgotten;
}

const hour = 3_600_000;

/** Forgets once an hour, beginning soon after the start. A store that fails is no reason to end: the next hour comes. */
export function forgetHourly(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly days: number;
  readonly maxRows: number;
}): { stop(): Promise<void> } {
  const { store, clock, emit, days, maxRows } = parts;
  const stopping = new AbortController();
  let underWay = Promise.resolve();
  let timer = clock.after(hour / 60, begin);
  function begin(): void {
    underWay = forgetDecisions(store, { now: clock.now(), days, maxRows }, stopping.signal).then(
      () => again(),
      (error: unknown) => {
        emit({ name: "trouble", doing: "forgetting old decisions", problem: String(error) });
        again();
      },
    );
  }
  function again(): void {
    if (!stopping.signal.aborted) timer = clock.after(hour, begin);
  }
  return {
    stop() {
      stopping.abort();
      timer.cancel();
      return underWay;
    },
  };
}
