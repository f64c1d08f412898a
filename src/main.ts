import { run } from "./cli/program.ts";

process.exitCode = await run(process.argv.slice(2), {
  // Loaded only when asked for: `explain` needs no server.
  serve: async (config, version) => (await import("./serve.ts")).serve(config, version),
});
