import assert from "node:assert/strict";
import { isFailure, type Failure, perform } from "../src/admin/operation.ts";
import type { AdminContext } from "../src/admin/context.ts";
import { operationCalled } from "../src/admin/operations.ts";
import { isConfig, readConfig } from "../src/config/read.ts";
import type { Emit } from "../src/events/emit.ts";
import type { Event } from "../src/events/catalogue.ts";
import { mailsOf } from "../src/mailboxes/mail-of.ts";
import { NewsDesk } from "../src/mailboxes/news.ts";
import { SearchIndex } from "../src/mailboxes/search-index.ts";
import { openContents } from "../src/store/content.ts";
import { openJournal } from "../src/store/journal.ts";
import { recordsIn } from "../src/records.ts";
import { FakeClock } from "./fake-clock.ts";
import { openMemoryStore } from "./memory-store.ts";

export const firstPolicy = `routing: [ { sent-to: "#example.test", route: inbound } ]\nrelay: { authenticated: true }\n`;

/** An administrator's desk over a store in memory: operations without a server, arguments or sockets. */
export async function adminScene(
  options: { readonly data?: string; readonly emit?: Emit; readonly boot?: string } = {},
) {
  const text = `hostname = "mx.example.test"\ndata = ${JSON.stringify(options.data ?? "/nowhere/data")}\n${options.boot ?? ""}`;
  const file = { path: "/nowhere/gatepost.toml", text };
  const config = readConfig({ file, environment: {}, machineName: "x", folder: "/" });
  if (!isConfig(config)) return assert.fail("the boot file of the scene cannot be read");
  const clock = new FakeClock();
  const events: Event[] = [];
  const emit = options.emit ?? ((event: Event) => void events.push(event));
  const store = await openMemoryStore();
  const journal = openJournal({ store, clock, emit });
  const records = await recordsIn(store, { config, clock, emit, firstPolicy });
  let wakes = 0;
  const contents = openContents({ folder: config.data, store });
  const context: AdminContext = {
    ...records,
    config,
    reindex: (told) => new SearchIndex({ store, contents }).rebuild(told),
    mailOf: mailsOf({
      store,
      contents,
      news: new NewsDesk(),
      directory: records.directory,
      now: () => clock.now(),
      appendLimit: config.limits.messageSize,
      usualQuota: config.limits.mailboxSize,
    }),
    flushJournal: () => journal.flush(),
    wakeQueue: () => void wakes++,
    running: null,
    clock,
    emit,
  };
  return {
    context,
    clock,
    events,
    journal,
    store,
    wakes: () => wakes,
    /** What an operation gives; fails the test when it does not succeed. */
    done: async <Output>(name: string, input: object = {}): Promise<Output> => {
      const outcome = await ask(context, name, input);
      return isFailure(outcome) ? assert.fail(`${name}: ${JSON.stringify(outcome)}`) : (outcome.done as Output);
    },
    /** How an operation fails. */
    failed: async (name: string, input: object = {}): Promise<Failure> => {
      const outcome = await ask(context, name, input);
      return isFailure(outcome) ? outcome : assert.fail(`${name} succeeded: ${JSON.stringify(outcome)}`);
    },
  };
}

function ask(context: AdminContext, name: string, input: object) {
  const operation = operationCalled(name);
  return operation === null ? assert.fail(`there is no operation ${name}`) : perform(operation, context, input);
}
