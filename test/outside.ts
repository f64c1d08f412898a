/**
 * Starts the server for judges from outside: ports from OUT_SMTP, OUT_SUBMISSION, OUT_SMTPS, OUT_IMAP, OUT_IMAPS,
 * OUT_POP3, OUT_POP3S, the domain from OUT_DOMAIN, accounts alice, bob and carol with the password OUT_PASS. Loopback may not relay.
 * Keeps its data in OUT_DATA, or in a folder of its own that is removed at the end. Prints one line when ready, ends on SIGTERM.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isConfig, readConfig } from "../src/config/read.ts";
import { startServer } from "../src/server.ts";
import { systemClock } from "../src/time/system-clock.ts";

const {
  OUT_SMTP = "11025",
  OUT_SUBMISSION = "11587",
  OUT_SMTPS = "11465",
  OUT_IMAP = "11143",
  OUT_IMAPS = "11993",
  OUT_POP3 = "11110",
  OUT_POP3S = "11995",
  OUT_DOMAIN = "example.test",
  OUT_PASS = "secret",
  OUT_DATA,
} = process.env;
const folder = OUT_DATA ?? mkdtempSync(join(tmpdir(), "gatepost-outside-"));

const listener = (name: string, kind: string, more: string) => `
[[listener]]
name = "${name}"
kind = "${kind}"
address = "127.0.0.1"
${more}`;
const bootFile = `
hostname = "mail.${OUT_DOMAIN}"
data = "data"
[limits]
connections-per-address = 1000
connections-per-network = 1000
[access]
connections-per-address = 2000
connections-per-network = 2000
connections = 2000
[login]
throttle = false
${listener("relay", "relay", `port = ${OUT_SMTP}`).replace("[[listener]]", "\n[[listener]]")}
${listener("submission", "submission", `port = ${OUT_SUBMISSION}\nallow-clear-auth = true`)}
${listener("submissions", "submission", `port = ${OUT_SMTPS}\ntls = "implicit"`)}
${listener("imap", "imap", `port = ${OUT_IMAP}\nallow-clear-auth = true`)}
${listener("imaps", "imap", `port = ${OUT_IMAPS}\ntls = "implicit"`)}
${listener("pop3", "pop3", `port = ${OUT_POP3}\nallow-clear-auth = true`)}
${listener("pop3s", "pop3", `port = ${OUT_POP3S}\ntls = "implicit"`)}
`;

const config = readConfig({
  file: { path: join(folder, "gatepost.toml"), text: bootFile },
  environment: {},
  machineName: "outside",
  folder,
});
if (!isConfig(config)) throw new Error(JSON.stringify(config));
const server = await startServer({
  config,
  clock: systemClock,
  emit: (event) => {
    if (event.name === "trouble") process.stderr.write(`${event.doing}: ${event.problem}\n`);
  },
  version: "outside",
  firstDomain: OUT_DOMAIN,
  onFatal(problem) {
    process.stderr.write(`${problem}\n`);
    process.exit(1);
  },
});
for (const name of ["alice", "bob", "carol"]) {
  if (server.directory.byLogin(`${name}@${OUT_DOMAIN}`) !== null) continue;
  const made = await server.administration.create({
    address: `${name}@${OUT_DOMAIN}`,
    password: { password: OUT_PASS },
  });
  if ("refused" in made) throw new Error(made.refused);
}
process.stdout.write(`ready: ${server.listeners.map(({ name, port }) => `${name} ${port}`).join(", ")}\n`);
const alive = setInterval(() => {}, 1 << 30);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void server.close().then(() => {
    if (OUT_DATA === undefined) rmSync(folder, { recursive: true });
    process.exit(0);
  });
});
