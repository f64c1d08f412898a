import { globSync } from "node:fs";

/**
 * The tests of the pure rings (0 to 2 in ARCHITECTURE.md), all in one process: they hold nothing of a process, and what costs most
 * is to start one for each file and to read the same modules in it. Others have a process each.
 */
const folders = "time,address,message,events,smtp,pop3,imap,sasl,dsn,discovery,policy,queue";

const root = new URL("..", import.meta.url).pathname;
export const pureTests: readonly string[] = globSync(`src/{${folders}}/**/*.test.ts`, { cwd: root }).sort();

if (import.meta.main) {
  for (const file of pureTests) await import(`../${file}`);
}
