import { run } from "./cli/program.ts";

process.exitCode = await run(process.argv.slice(2), {
  // Loaded only when asked for: `explain` needs no server.
  openAtRest: async (...asked) => (await import("./at-rest.ts")).openAtRest(...asked),
  serve: async (...asked) => (await import("./serve.ts")).serve(...asked),
});
