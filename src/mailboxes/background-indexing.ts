import type { Emit } from "../events/emit.ts";
import { readContentsAfter, readNewest } from "../store/search-text.ts";
import type { Store } from "../store/store.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { NewsDesk } from "./news.ts";
import type { SearchIndex } from "./search-index.ts";

/** So long after mail came it is looked whether more did. */
const lookMs = 2_000;
/** Between two portions: the database is somebody else's. */
const restMs = 50;
/** After something failed. */
const retryMs = 60_000;
/** Numbers given out between two looks (a message takes a few): beyond it mail comes in faster than should be disturbed. */
const busy = 200;
/** Contents of one portion: no more than a search would put in by itself. */
const portionSize = 20;

type Parts = {
  readonly index: Pick<SearchIndex, "add">;
  readonly store: Pick<Store, "read">;
  readonly news: Pick<NewsDesk, "watchAll">;
  readonly clock: Clock;
  readonly emit: Emit;
};

/**
 * Puts into the index of searches what came into mailboxes, once it is quiet: no delivery waits for it, and a search puts in itself
 * what it misses. Begins with everything that there is, for a stop may have come in between; sleeps when there is nothing to do.
 */
export function indexInBackground({ index, store, news, clock, emit }: Parts): { stop(): Promise<void> } {
  let isStopping = false;
  let hasNews = true;
  /** Contents up to here are known. */
  let done = 0;
  let newest = 0;
  let underWay = Promise.resolve();
  let timer: Timer | null = clock.after(lookMs, begin);
  const endWatch = news.watchAll(({ what }) => {
    if (what !== "messages") return;
    hasNews = true;
    if (timer === null) again(lookMs);
  });

  function begin(): void {
    underWay = step().then(again, (error: unknown) => {
      emit({ name: "trouble", doing: "indexing mail for searches", problem: String(error) });
      again(retryMs);
    });
  }

  function again(delayMs: number | null): void {
    const next = delayMs ?? (hasNews ? lookMs : null);
    timer = isStopping || next === null ? null : clock.after(next, begin);
  }

  /** Returns when to go on; null: when there is news. */
  async function step(): Promise<number | null> {
    if (hasNews) {
      hasNews = false;
      const [row] = await store.read(readNewest);
      const came = Number(row?.["newest"] ?? 0) - newest;
      const isFirst = newest === 0;
      newest += came;
      if (came > busy && !isFirst) return lookMs;
    }
    if (done >= newest) return null;
    const rows = await store.read(readContentsAfter(done, 500));
    const unknown = rows.filter((one) => Number(one["known"]) === 0).map((one) => Number(one["content_id"]));
    const portion = unknown.slice(0, portionSize);
    await index.add(portion);
    done = Number(unknown.length > portionSize ? portion.at(-1) : (rows.at(-1)?.["content_id"] ?? newest));
    return restMs;
  }

  return {
    stop() {
      isStopping = true;
      endWatch();
      timer?.cancel();
      return underWay;
    },
  };
}
