import { run } from "./cli/program.ts";

process.exitCode = await run(process.argv.slice(2), {
  // Loaded only when asked for: `explain` needs no server.
  openAtRest: async (config) => (await import("./at-rest.ts")).openAtRest(config),
  serve: async (config, version) => (await import("./serve.ts")).serve(config, version),
});
