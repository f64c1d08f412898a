import { writeSync } from "node:fs";
import { join } from "node:path";
import { isConfig, readConfig } from "../../src/config/read.ts";
import { startServer } from "../../src/server.ts";
import { systemClock } from "../../src/time/system-clock.ts";
import { dataFolder, farDomain, localDomain, localNames, password, sender } from "./numbered-message.ts";

/**
 * A whole server to be traced and killed: `node server.ts FOLDER NEXT-HOP-PORT CLOCK-AHEAD-MS`. Its clock goes so much before the
 * machine's: what an earlier start had in hand when it was killed is due again. Prints "ready SMTP-PORT IMAP-PORT PID", and "trouble …"
 * for each event of that name. Ends on SIGTERM.
 */
const [folder = "", nextHop = "", ahead = "0"] = process.argv.slice(2);

function print(line: string): void {
  writeSync(1, `${line}\n`);
}

const bootFile = `
hostname = "mx.${localDomain}"
data = "${dataFolder}"
[[listener]]
name = "relay"
kind = "relay"
address = "127.0.0.1"
port = 0
[[listener]]
name = "imap"
kind = "imap"
address = "127.0.0.1"
port = 0
allow-clear-auth = true
[queue]
lifetime = "5000 days"
delay-report-after = "5000 days"
`;
const policy = `
routing:
  - { sent-to: "#${localDomain}", route: inbound }
  - { sent-to: "#${farDomain}", route: gateway, host: 127.0.0.1, port: ${nextHop}, recipients: any, tls: "off" }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;
const config = readConfig({
  file: { path: join(folder, "gatepost.toml"), text: bootFile },
  environment: {},
  machineName: "x",
  folder,
});
if (!isConfig(config)) throw new Error(JSON.stringify(config));
const server = await startServer({
  config,
  clock: { ...systemClock, now: () => Date.now() + Number(ahead) },
  emit(event) {
    if (event.name === "trouble") print(`trouble ${event.doing}: ${event.problem.replaceAll("\n", " ")}`);
  },
  version: "test",
  firstPolicy: policy,
  firstDomain: localDomain,
  onFatal(problem) {
    print(`trouble fatal: ${problem}`);
    process.exit(1);
  },
});
for (const name of [...localNames, sender]) {
  const made = await server.administration.create({ address: `${name}@${localDomain}`, password: { password } });
  // A start before this one was killed after it had made it.
  if ("refused" in made && !server.directory.accounts().some((account) => account.name === name)) {
    throw new Error(made.refused);
  }
}
const alive = setInterval(() => {}, 1 << 30);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void server.close();
});
const portOf = (kind: string) => server.listeners.find((listener) => listener.kind === kind)?.port;
print(`ready ${portOf("relay")} ${portOf("imap")} ${process.pid}`);
