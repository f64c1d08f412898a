import type { Reading } from "./job.ts";

/** In a server started by `npm run bench`: answers what the process has used, and ends it with the one that asks. */
export function answerMeter(): void {
  if (process.send === undefined) return;
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    const reading: Reading = { cpuMs: (user + system) / 1000, residentKb: process.memoryUsage.rss() / 1024 };
    process.send?.(reading);
  });
  process.once("disconnect", () => process.exit(1));
}
