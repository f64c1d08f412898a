import type { Config } from "./config/schema.ts";
import { openLog } from "./events/log.ts";
import type { FirstAccount } from "./first-start.ts";
import { outputTo } from "./standard-output.ts";
import { start } from "./start.ts";
import { systemClock } from "./time/system-clock.ts";

/** Runs the server in the foreground until SIGTERM or SIGINT. Resolves to the exit code. */
export async function serve(config: Config, version: string): Promise<number> {
  const isTerminal = process.stdout.isTTY;
  const format = config.log.format === "auto" ? (isTerminal ? "pretty" : "json") : config.log.format;
  const log = openLog({ output: outputTo(1), clock: systemClock, level: config.log.level, format });
  const ended = Promise.withResolvers<number>();
  // From the first moment on: whoever sees a port open may ask for the end, and it is a graceful one.
  const stop = () => ended.resolve(0);
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const server = await start({
    config,
    clock: systemClock,
    emit: log.emit,
    version,
    onFatal(problem) {
      log.emit({ name: "trouble", doing: "keeping mail", problem: `${problem}; the server ends` });
      log.flushNow();
      // Nothing may be accepted from here on: what waits has been told 451.
      process.exit(1);
    },
  });
  const firstAccount: FirstAccount | null = server.firstAccount;
  const { greet } = await import("./greeting.ts");
  await greet({ config, firstAccount, listeners: server.listeners, isTerminal });
  // Timers and sockets of the server may all be unreferenced; the process lives until it is told to end.
  const alive = setInterval(() => {}, 1 << 30);
  const code = await ended.promise;
  await server.close();
  await log.flush();
  clearInterval(alive);
  return code;
}
