import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeResolver, type FakeName } from "../../testing/fake-resolver.ts";
import { formatIp, parseIp } from "../address/ip.ts";
import { setOfRange } from "../address/ip-set.ts";
import { neverDialled } from "../address/special-purpose.ts";
import type { Destination, NextHop } from "../policy/decision.ts";
import { targetsBy } from "./targets.ts";

const ip = (text: string) => parseIp(text) ?? assert.fail(text);
const ours = setOfRange(ip("198.51.100.10"), ip("198.51.100.10"));

type Away = Extract<Destination, { kind: "away" }>;
const away = (nextHop: NextHop, isBackupMx = false): Away => ({
  kind: "away",
  address: { localPart: "a", domain: "a.test" },
  nextHop,
  isBackupMx,
});
const viaHost = (host: string, more: object = {}) => away({ via: "host", host, port: 2525, tls: "off", ...more });
const viaMx = (domain: string, isBackupMx = false) => away({ via: "mx", domain, tls: "opportunistic" }, isBackupMx);

const names: Record<string, FakeName> = {
  "mail.inside.test": { a: ["203.0.113.66"] },
  "hop.test": { a: ["203.0.113.1", "198.51.100.10"], aaaa: ["2a00::1"] },
  "us.test": { a: ["198.51.100.10"] },
  "slow.test": { a: "timeout", aaaa: "timeout" },
  "empty.test": {},
  "a.test": { mx: [[10, "mail.inside.test"]] },
  "backup.test": { mx: [[10, "mail.example.com"]] },
};

async function resultOf(destination: Away): Promise<string> {
  const resolver = new FakeResolver(names);
  resolver.hosts.set("mail.inside.test", [ip("10.0.0.7")]);
  const found = await targetsBy({
    resolver,
    own: { names: new Set(["mail.example.com"]), addresses: ours, neverDialled },
    random: () => 0,
    exchangePort: 25,
    isOwnListener: ({ value }, port) => value === ip("198.51.100.10").value && port === 2525,
    passwordOf: (account) => Promise.resolve(account === "known" ? "secret" : null),
  })(destination);
  if ("result" in found) return `${found.result} ${found.status}`;
  const hosts = found.hosts.map((host) => `${host.name}=${formatIp(host.ip)}:${host.port}`).join(" ");
  return `${hosts}${found.credentials === undefined ? "" : ` as ${found.credentials.account}`}`;
}

for (const [title, destination, expected] of [
  ["/etc/hosts counts for the host of a route", viaHost("mail.inside.test"), "mail.inside.test=10.0.0.7:2525"],
  ["/etc/hosts does not count for what an MX names", viaMx("a.test"), "mail.inside.test=203.0.113.66:25"],
  ["an address of a route may be inside", viaHost("10.1.2.3"), "10.1.2.3=10.1.2.3:2525"],
  ["our own listener is left out", viaHost("hop.test"), "hop.test=2a00::1:2525 hop.test=203.0.113.1:2525"],
  ["a route to nobody but ourselves waits", viaHost("us.test"), "transient 4.4.6"],
  ["another port of this machine is somebody else", viaHost("us.test", { port: 26 }), "us.test=198.51.100.10:26"],
  ["a route's host that cannot be looked up (O-28)", viaHost("slow.test"), "transient 4.4.3"],
  ["a route's host without an address is a mistake that waits", viaHost("empty.test"), "transient 4.4.4"],
  ["a route's host that is no name", viaHost("gone.test"), "transient 4.4.4"],
  ["an MX that leads back to us (O-31)", viaMx("backup.test"), "permanent 5.4.6"],
  ["a backup waits for the primary", viaMx("backup.test", true), "transient 4.4.6"],
  ["a login", viaHost("10.1.2.3", { account: "known" }), "10.1.2.3=10.1.2.3:2525 as known"],
  ["a login without a password", viaHost("10.1.2.3", { account: "x" }), "transient 4.7.0"],
] as const satisfies readonly (readonly [string, Away, string])[]) {
  test(title, async () => assert.equal(await resultOf(destination), expected));
}
