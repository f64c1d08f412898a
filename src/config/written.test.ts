import assert from "node:assert/strict";
import { test } from "node:test";
import { isConfig, readConfig } from "./read.ts";
import type { Config } from "./schema.ts";
import { formatToml, writtenConfig } from "./written.ts";

function read(text: string | null): Config {
  const file = text === null ? null : { path: "/srv/mail/g.toml", text };
  const config = readConfig({ file, environment: {}, machineName: "mx.example.com", folder: "/srv/mail" });
  return isConfig(config) ? config : assert.fail(config.map(({ where, problem }) => `${where} ${problem}`).join("\n"));
}

const everything = `
hostname = "mx.example.net"
data = "/var/lib/gatepost"
own-addresses = ["192.0.2.1", "2001:db8::1"]
local-networks-dialled = ["10.0.0.0/8"]
translation-prefixes = ["2001:db8:64::/96"]
[queue]
retry = ["90 s", "1 h 30 min"]
[limits]
message-size = "10 MiB"
[tls]
certificate = "c.pem"
key = "k.pem"
[dns]
servers = ["192.0.2.53", "[2001:db8::53]:5353"]
[[ldap]]
name = "staff"
url = "ldaps://ldap.example.net"
ca = "ca.pem"
base = "dc=example,dc=net"
filter = "(uid=%{local-part})"
bind-dn = "cn=mail,dc=example,dc=net"
password-file = "/etc/gatepost/ldap"
timeout = "1 s"
[[listener]]
name = "inside"
kind = "relay"
address = "10.0.0.5"
auth = true
extensions-off = ["DSN"]
[[listener]]
name = "smtps"
kind = "submission"
tls = "implicit"
`;

test("what is shown reads back as the same configuration", () => {
  for (const text of [null, "", everything]) {
    const { file, ...config } = read(text);
    const { file: shownFile, ...shown } = read(formatToml(writtenConfig({ ...config, file })));
    assert.equal(shownFile, "/srv/mail/g.toml");
    assert.deepEqual(shown, config);
  }
});

test("values stand as people write them", () => {
  const written = writtenConfig(read(everything));
  assert.deepEqual(written["queue"], {
    retry: ["1 min 30 s", "1 h 30 min"],
    lifetime: "5 days",
    "delay-report-after": "4 h",
  });
  assert.deepEqual(written["local-networks-dialled"], ["10.0.0.0/8"]);
});
