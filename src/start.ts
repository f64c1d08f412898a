import type { RunningServer, ServerOptions } from "./server.ts";
import { launchSqlite } from "./store/sqlite/driver.ts";

/** A command that works on the folder at rest is gone in a moment. */
const waitMs = 3_000;

/** Starts the server the quick way: the threads of its database come up while the rest of the server is loaded. */
export async function start(options: Omit<ServerOptions, "store">): Promise<RunningServer> {
  // Loading keeps this thread from everything else, so they have to be on their way before it begins.
  const { opened: store } = await launchSqlite({ folder: options.config.data, onFatal: options.onFatal, waitMs });
  // `startServer` hears of it when it awaits; until then the rejection is nobody's.
  store.catch(() => {});
  const { startServer } = await import("./server.ts");
  return startServer({ ...options, store });
}
