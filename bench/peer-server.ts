/**
 * Starts this server for the bench harness, by the variables it gives: PORT, SINK, SPOOL, MODE (queue | relay | policy), ALLOW and
 * DOMAINS (files), MAXCONN; and IMAP and POP3, ports for the mailboxes of u0 to u19, one, big and popper, password pw: then PORT is
 * LMTP. Everything else is as shipped: sync, journal, policy and log are on.
 */
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { isConfig, readConfig } from "../src/config/read.ts";
import type { Config } from "../src/config/schema.ts";
import { openLog } from "../src/events/log.ts";
import { openRecords } from "../src/records.ts";
import { start } from "../src/start.ts";
import { systemClock } from "../src/time/system-clock.ts";
import { answerMeter } from "./meter.ts";

const {
  PORT = "2525",
  SINK = "2500",
  SPOOL = ".",
  MODE = "queue",
  ALLOW = "",
  DOMAINS = "",
  MAXCONN = "10000",
  IMAP,
  POP3,
} = process.env;

/** Readers' passwords pass in clear: the peers' do too. */
function accessListener(kind: string, port: string | undefined): string {
  if (port === undefined) return "";
  return `\n[[listener]]\nname = "${kind}"\nkind = "${kind}"\naddress = "127.0.0.1"\nport = ${port}\nallow-clear-auth = true\n`;
}

const bootFile = `
hostname = "bench.test"
data = "data"
[[listener]]
name = "in"
kind = "${IMAP === undefined ? "relay" : "lmtp"}"
address = "127.0.0.1"
port = ${PORT}
${accessListener("imap", IMAP)}${accessListener("pop3", POP3)}
[access]
connections = ${MAXCONN}
connections-per-address = ${MAXCONN}
connections-per-network = ${MAXCONN}
[limits]
connections = ${MAXCONN}
connections-per-address = ${MAXCONN}
connections-per-network = ${MAXCONN}
commands = 1000000
`;

const linesOf = (file: string) =>
  file === ""
    ? []
    : readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "");

function policyText(): string {
  const allowed = MODE === "policy" ? linesOf(ALLOW) : ["127.0.0.0/8"];
  const domains = linesOf(DOMAINS).map(
    (domain) => `  - { sent-to: "#${domain}", route: gateway, host: 127.0.0.1, port: ${SINK}, recipients: any }\n`,
  );
  if (IMAP !== undefined) domains.push('  - { sent-to: "#bench.test", route: inbound }\n');
  const grants = allowed.map((block, index) => `    - { id: a${index}, match: ${block} }\n`);
  return [
    domains.length === 0 ? "" : `routing:\n${domains.join("")}`,
    `default-route: { via: smart-host, host: 127.0.0.1, port: ${SINK}, tls: "off" }\n`,
    grants.length === 0 ? "" : `relay:\n  addresses:\n${grants.join("")}`,
  ].join("");
}

const config = readConfig({
  file: { path: join(SPOOL, "gatepost.toml"), text: bootFile },
  environment: {},
  machineName: "bench",
  folder: SPOOL,
});
if (!isConfig(config)) throw new Error(JSON.stringify(config));
const file = createWriteStream(join(SPOOL, "log"));
const log = openLog({
  output: { write: (text, done) => void file.write(text, () => done()), writeNow: (text) => void file.write(text) },
  clock: systemClock,
  level: "info",
  format: "json",
});
// Before it listens: the driver begins with the first greeting.
if (IMAP !== undefined || POP3 !== undefined) await makeReaders();
const server = await start({
  config,
  clock: systemClock,
  emit: log.emit,
  version: "bench",
  delivers: MODE === "relay",
  firstPolicy: policyText(),
  onFatal,
});
answerMeter();
const alive = setInterval(() => {}, 1 << 30);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void server.close().then(() => process.exit(0));
});

/** Whoever mailbox.mjs logs in as. */
async function makeReaders(): Promise<void> {
  const { store, directory, administration } = await openRecords({
    config: config as Config,
    clock: systemClock,
    emit: () => {},
    onFatal,
    firstPolicy: policyText(),
  });
  const names = [...Array.from({ length: 20 }, (_, at) => `u${at}`), "one", "big", "popper"];
  for (const name of names) {
    if (directory.byLogin(name) !== null) continue;
    const made = await administration.create({ address: `${name}@bench.test`, password: { password: "pw" } });
    if ("refused" in made) throw new Error(made.refused);
  }
  await store.close();
}

function onFatal(problem: string): void {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
