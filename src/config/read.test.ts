import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { isConfig, readConfig } from "./read.ts";
import { configurationPage } from "./reference.ts";
import type { Config } from "./schema.ts";

const sources = { environment: {}, machineName: "mx.example.com", folder: "/srv/mail", file: null };

function config(text: string, environment: Record<string, string> = {}): Config {
  const read = readConfig({ ...sources, environment, file: { path: "g.toml", text } });
  if (!isConfig(read)) assert.fail(JSON.stringify(read));
  return read;
}

/** Each problem as "place: words". */
function problems(text: string, environment: Record<string, string> = {}): string[] {
  const read = readConfig({ ...sources, environment, file: { path: "g.toml", text } });
  assert.ok(!isConfig(read), "it was taken");
  return read.map(({ where, problem }) => `${where}: ${problem}`);
}

test("without a boot file: the trial set-up on loopback", () => {
  const read = readConfig(sources);
  assert.ok(isConfig(read));
  assert.equal(read.hostname, "mx.example.com");
  assert.equal(read.data, "/srv/mail/data");
  assert.deepEqual(
    read.listeners.map(({ name, kind, port, tls, auth }) => [name, kind, port, tls, auth]),
    [
      ["relay", "relay", 2525, "starttls", false],
      ["submission", "submission", 2587, "starttls", true],
      ["submissions", "submission", 2465, "implicit", true],
      ["imap", "imap", 2143, "starttls", true],
      ["imaps", "imap", 2993, "implicit", true],
      ["pop3", "pop3", 2110, "starttls", true],
      ["pop3s", "pop3", 2995, "implicit", true],
    ],
  );
  assert.ok(read.listeners.every(({ address }) => address.family === 4 && address.value === 0x7f000001));
});

test("the machine's name counts only when it is a full one", () => {
  for (const machineName of ["box", "", "localhost.localdomain", "a b.example", "x".repeat(300)]) {
    const read = readConfig({ ...sources, machineName });
    assert.ok(isConfig(read));
    assert.equal(read.hostname, "localhost", machineName);
  }
});

test("values in their units, names in camelCase, paths from the file's folder", () => {
  const read = config(
    [
      'hostname = "MX.Example.net"',
      'data = "../store"',
      'translation-prefixes = ["2001:db8:64::/96"]',
      "[limits]",
      'message-size = "10 MiB"',
      "[queue]",
      'retry = ["1 min", "1 h"]',
      "[tls]",
      'certificate = "cert.pem"',
      'key = "/etc/key.pem"',
    ].join("\n"),
  );
  assert.equal(read.hostname, "mx.example.net");
  assert.equal(read.data, "/srv/store");
  assert.equal(read.limits.messageSize, 10_485_760);
  assert.deepEqual(read.queue.retry, [60_000, 3_600_000]);
  assert.equal(read.translationPrefixes[0]?.text, "2001:db8:64::/96");
  assert.deepEqual(read.tls, { certificate: "/srv/mail/cert.pem", key: "/etc/key.pem" });
  assert.equal(read.file, "/srv/mail/g.toml");
});

test("the usual ports by kind and TLS", () => {
  const read = config(
    ["relay", "submission"].map((kind) => `[[listener]]\nname = "${kind}"\nkind = "${kind}"\n`).join("") +
      '[[listener]]\nname = "smtps"\nkind = "submission"\ntls = "implicit"\n',
  );
  assert.deepEqual(
    read.listeners.map(({ port }) => port),
    [25, 587, 465],
  );
});

const wrong: readonly (readonly [string, string])[] = [
  ['hostnme = "a"', 'g.toml:1:1: hostnme is not a key (did you mean "hostname"?)'],
  [
    '[[ldap]]\nname = "a"\nurl = "ldap://h/x"\nbase = "dc=a"',
    "g.toml:3:7: ldap 1: url: is not the address of a directory: write ldap://host, ldap://host:port or ldaps://host",
  ],
  [
    '[[ldap]]\nname = "a"\nurl = "ldap://h"\nbase = "dc=a"\nfilter = "(mail=x)"',
    "g.toml:5:10: ldap 1: filter: names no recipient: %{address}, %{local-part}, %{domain} is wanted in it",
  ],
  [
    '[[ldap]]\nname = "a"\nurl = "ldap://h"\nbase = "dc=a"\nbind-dn = "cn=x"',
    'g.toml:5:11: directory "a": bind-dn and password-file come together or not at all',
  ],
  [
    '[[ldap]]\nname = "a"\nurl = "ldap://h"\nbase = "dc=a"\nbind-dn = "cn=x"\npassword-file = "p"\ntls = "none"',
    'g.toml:7:7: directory "a": a password with tls none needs a loopback address: it would cross the network unprotected',
  ],
  [
    '[[ldap]]\nname = "a"\nurl = "ldap://h"\nbase = "dc=a"\n[[ldap]]\nname = "a"\nurl = "ldap://h"\nbase = "dc=a"',
    'g.toml:6:8: directory "a": comes twice',
  ],
  ["[limits]\nrecipient = 5", 'g.toml:2:1: limits.recipient is not a key (did you mean "recipients"?)'],
  ["[[listener]]\nname='a'\nkind='relay'\nprt=1", 'g.toml:4:1: listener 1: prt is not a key (did you mean "port"?)'],
  [
    "[[listener]]\nname='a'\nkind='relai'",
    'g.toml:3:6: listener 1: kind must be "relay" or "submission" or "lmtp" or "pop3" or "imap"',
  ],
  [
    "[[listener]]\nname='a'",
    'g.toml:1:1: listener 1: kind must be "relay" or "submission" or "lmtp" or "pop3" or "imap"',
  ],
  ["[limits]\nerrors = 0", "g.toml:2:10: limits.errors must be at least 1"],
  ["[limits]\nerrors = '20'", "g.toml:2:10: limits.errors: expected number, received string"],
  ["[limits]\nmessage-size = 5", "g.toml:2:16: limits.message-size: expected string, received number"],
  ["own-addresses = ['192.0.2.1', '010.0.0.1']", 'g.toml:1:31: own-addresses 2: "010.0.0.1" is not an IP address'],
  [
    "local-networks-dialled = ['10.0.0.1/8']",
    'g.toml:1:27: local-networks-dialled 1: "10.0.0.1/8" has bits outside of the first 8: is a host meant, or a block?',
  ],
  ["translation-prefixes = ['2001:db8::/64']", "g.toml:1:25: translation-prefixes 1: is not a /96 block of IPv6"],
  ["[tls]\nkey = 'k'", "g.toml:1:1: tls: certificate and key come together or not at all"],
  ["a = 1\na = 2", "g.toml:2:1: Defining a key multiple times is invalid"],
  ["[queue]\nretry = ['1 ms']", "g.toml:2:9: queue.retry: less than a second between attempts helps nobody"],
];

test("every problem has its line, its column and a sentence", () => {
  for (const [text, problem] of wrong) assert.deepEqual(problems(text), [problem]);
});

test("all problems are told at once", () => {
  assert.equal(problems("[limits]\nerrors = 0\nrecipients = 1\ncommands = 1").length, 3);
});

test("listeners that would expose passwords, or contradict themselves", () => {
  const listener = (rest: string) => `[[listener]]\nname = "a"\n${rest}`;
  const one = (rest: string) => problems(listener(rest)).join();
  assert.match(one('kind = "relay"\nallow-clear-auth = true'), /:4:20: .* needs a loopback address/);
  assert.match(one('kind = "submission"\ntls = "none"'), /must be "starttls" or "implicit"/);
  assert.match(one('kind = "lmtp"\naddress = "192.0.2.1"'), /lmtp needs a loopback address/);
  assert.match(one('kind = "lmtp"\naddress = "127.0.0.1"\nauth = true'), /nobody logs in by lmtp/);
  assert.match(one('kind = "submission"\nauth = false'), /always lets accounts log in/);
  assert.match(one('kind = "relay"\n[[listener]]\nname = "a"\nkind = "relay"\nport = 26'), /comes twice/);
  assert.match(one('kind = "relay"\n[[listener]]\nname = "b"\nkind = "relay"'), /two listeners at :: port 25/);
  assert.ok(config(listener('kind = "submission"\ntls = "none"\naddress = "127.0.0.1"\nallow-clear-auth = true')));
});

test("environment variables beat the file and know the listeners' names", () => {
  const read = config('[limits]\nmessage-size = "1 MB"', {
    GATEPOST_LIMITS_MESSAGE_SIZE: "2 MB",
    GATEPOST_LIMITS_ERRORS: "7",
    GATEPOST_OWN_NAMES: "a.example, b.example",
    GATEPOST_LOGIN_THROTTLE: "false",
    GATEPOST_LISTENER_RELAY_PORT: "3535",
    GATEPOST_LISTENER_INSIDE_LAN_KIND: "relay",
    GATEPOST_LDAP_STAFF_URL: "ldap://ldap.example",
    GATEPOST_LDAP_STAFF_BASE: "dc=example",
    GATEPOST_LDAP_STAFF_TLS: "none",
    GATEPOST_SERVICE_HOST: "10.0.0.1",
    GATEPOST_PORT: "tcp://10.0.0.1:25",
    GATEPOST_PORT_25_TCP_ADDR: "10.0.0.1",
    HOME: "/root",
  });
  assert.equal(read.limits.messageSize, 2_000_000);
  assert.equal(read.limits.errors, 7);
  assert.deepEqual(read.ownNames, ["a.example", "b.example"]);
  assert.equal(read.login.throttle, false);
  assert.equal(read.listeners.find(({ name }) => name === "relay")?.port, 3535);
  assert.equal(read.listeners.find(({ name }) => name === "inside-lan")?.port, 25);
  assert.deepEqual(
    read.ldap.map(({ name, url, base, tls, filter }) => [name, url, base, tls, filter]),
    [["staff", "ldap://ldap.example", "dc=example", "none", "(mail=%{address})"]],
  );
});

test("a wrong variable is named", () => {
  assert.deepEqual(problems("", { GATEPOST_LIMITS_MESSAGE_SIZ: "1" }), [
    'GATEPOST_LIMITS_MESSAGE_SIZ: names no key of the boot file (did you mean "GATEPOST_LIMITS_MESSAGE_SIZE"?)',
  ]);
  assert.deepEqual(problems("", { GATEPOST_LIMITS_ERRORS: "many" }), [
    "GATEPOST_LIMITS_ERRORS: limits.errors: expected number, received string",
  ]);
  assert.deepEqual(problems("", { GATEPOST_LISTENER_RELAY_PORT: "99999" }), [
    "GATEPOST_LISTENER_RELAY_PORT: listener 1: port must be at most 65535",
  ]);
});

test("names that JavaScript knows are only unknown keys", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    assert.match(problems(`["${name}"]\nx = 1`).join(), /is not a key/);
  }
});

test("no text makes the reader throw", () => {
  const lines = fc.array(
    fc.oneof(
      fc.constantFrom(
        "[limits]",
        "[[listener]]",
        "[listener]",
        "errors = ",
        "=",
        '"',
        "'''",
        "\n",
        "\n",
        "a.b.c = 1",
        "{",
        "[1,",
      ),
      fc.constantFrom(
        "tls = { key = 1 }",
        "1979-05-27",
        "listener = 3",
        "limits = []",
        "name = 'a'",
        "__proto__.x = 1",
      ),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(lines, (parts) => {
      const read = readConfig({ ...sources, file: { path: "g.toml", text: parts.join("") } });
      assert.ok(isConfig(read) || read.every(({ problem }) => problem.length > 0));
    }),
    { numRuns: 500 },
  );
});

test("the reference page is the schema's: `npm run docs` makes it anew", () => {
  const page = readFileSync(new URL("../../docs/reference/configuration.md", import.meta.url), "utf8");
  assert.equal(page, configurationPage());
});

test("a table called __proto__ does not reach other objects", () => {
  problems('["__proto__"]\npolluted = 1\n[a."__proto__"]\npolluted = 1');
  assert.equal("polluted" in {}, false);
});
