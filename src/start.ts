import type { RunningServer, ServerOptions } from "./server.ts";
import { openSqlite } from "./store/sqlite/driver.ts";

/** A command that works on the folder at rest is gone in a moment. */
const waitMs = 3_000;

/**
 * Starts the server the quick way: the threads of its database come up while the rest of the server is loaded, which takes this
 * thread about as long.
 */
export async function start(options: Omit<ServerOptions, "store">): Promise<RunningServer> {
  const store = openSqlite({ folder: options.config.data, onFatal: options.onFatal, waitMs });
  // `startServer` hears of it when it awaits; until then the rejection is nobody's.
  store.catch(() => {});
  const { startServer } = await import("./server.ts");
  return startServer({ ...options, store });
}
