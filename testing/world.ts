import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { isConfig, readConfig } from "../src/config/read.ts";
import type { Event } from "../src/events/catalogue.ts";
import { startServer } from "../src/server.ts";
import type { Clock } from "../src/time/clock.ts";
import { systemClock } from "../src/time/system-clock.ts";

/** What a scene may add to. */
export const usualBootFile = `
hostname = "mx.example.test"
data = "data"
[[listener]]
name = "relay"
kind = "relay"
address = "127.0.0.1"
port = 0
[[listener]]
name = "submission"
kind = "submission"
address = "127.0.0.1"
port = 0
[delivery]
connect = "2 s"
`;

export type WorldOptions = {
  /** Instead of the usual boot file. */
  readonly boot?: string;
  readonly clock?: Clock;
  /** Where the hosts listen that MX records name. */
  readonly exchangePort?: number;
};

/** A whole server on free ports with a data folder of its own, closed and removed after the test. */
export async function startedServer(
  t: TestContext,
  policy?: string,
  { boot = usualBootFile, clock = systemClock, exchangePort }: WorldOptions = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-world-"));
  const file = { path: join(folder, "gatepost.toml"), text: boot };
  const config = readConfig({ file, environment: {}, machineName: "x", folder });
  if (!isConfig(config)) assert.fail(JSON.stringify(config));
  const events: Event[] = [];
  const waiting: { readonly wanted: (event: Event) => boolean; readonly resolve: () => void }[] = [];
  const server = await startServer({
    config,
    clock,
    ...(exchangePort === undefined ? {} : { exchangePort }),
    emit(event) {
      events.push(event);
      for (const { wanted, resolve } of waiting) if (wanted(event)) resolve();
    },
    version: "test",
    onFatal: (problem) => assert.fail(problem),
  });
  t.after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  if (policy !== undefined)
    assert.deepEqual(await server.applyPolicy({ document: policy, who: "test", why: "test" }), []);
  return {
    server,
    /** The data folder. */
    data: config.data,
    events,
    portOf: (name: string) => server.reception.listeners.find((listener) => listener.name === name)?.port ?? 0,
    /** Resolves when an event like this has come or comes. */
    seen: async (wanted: (event: Event) => boolean): Promise<void> => {
      if (!events.some(wanted)) await new Promise<void>((resolve) => waiting.push({ wanted, resolve }));
    },
  };
}
