import type { AdminContext } from "./admin/context.ts";
import type { Config } from "./config/schema.ts";
import { usualFirstDomain, usualFirstPolicy } from "./first-start.ts";
import { mailsOf } from "./mailboxes/mail-of.ts";
import { NewsDesk } from "./mailboxes/news.ts";
import { SearchIndex } from "./mailboxes/search-index.ts";
import { openRecords } from "./records.ts";
import { openContents } from "./store/content.ts";
import { systemClock } from "./time/system-clock.ts";

/** Opens the data folder of a server that does not run, for one operation. `firstDomain`: ours, when there is no policy yet. */
export async function openAtRest(
  config: Config,
  firstDomain: string = usualFirstDomain(config),
): Promise<{ readonly context: AdminContext; readonly close: () => Promise<void> }> {
  const emit = () => {};
  const onFatal = (problem: string) => {
    throw new Error(problem);
  };
  const records = await openRecords({
    config,
    clock: systemClock,
    emit,
    onFatal,
    firstPolicy: usualFirstPolicy(firstDomain),
  });
  const { store, directory } = records;
  const contents = openContents({ folder: config.data, store });
  const search = new SearchIndex({ store, contents });
  const context: AdminContext = {
    ...records,
    config,
    reindex: (told) => search.rebuild(told),
    mailOf: mailsOf({
      store,
      contents,
      news: new NewsDesk(),
      directory,
      now: () => systemClock.now(),
      appendLimit: config.limits.messageSize,
      usualQuota: config.limits.mailboxSize,
    }),
    flushJournal: () => Promise.resolve(),
    wakeQueue: () => {},
    running: null,
    clock: systemClock,
    emit,
  };
  return { context, close: () => records.store.close() };
}
