import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { Ip } from "../../src/address/address.ts";
import { parseIp } from "../../src/address/ip.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";

/**
 * Field cases O-01 to O-08, O-22 to O-24: who may write to whom, asked of all of reception over sockets. Every address of
 * 127.0.0.0/8 is a client of its own: 127.0.113.50 is the stranger, 127.0.2.0/24 holds a grant, 127.0.2.66 never relays.
 */
const policyOf = ({
  sentTo = "#example.com",
  match = '"127.0.2.0, MASK=255.255.255.0"',
  never = "127.0.2.66",
} = {}) => `
routing:
  - { sent-to: "${sentTo}", route: inbound }
  - { sent-to: "#second.example", route: inbound }
relay:
  authenticated: true
  addresses: [ { id: lan, match: ${match} } ]
  never: [ { id: guest, match: "${never}" } ]
`;
const ip = (text: string): Ip => parseIp(text) ?? assert.fail(`no address: ${text}`);
const stranger = "127.0.113.50";
const granted = "127.0.2.9";
const guest = "127.0.2.66";

const openScene = (t: TestContext, policy = policyOf()) =>
  openReceptionScene(t, {
    listeners: [
      { name: "relay", kind: "relay", auth: true, allowClearAuth: true },
      { name: "submission", kind: "submission", allowClearAuth: true },
    ],
    policy,
    ownAddresses: [ip("198.51.100.10"), ip("2001:db8::10")],
    accounts: [
      { address: "info@example.com" },
      { address: "anna@example.com", password: { password: "pa55" } },
      { address: "poor@example.com", password: { password: "pa55" }, mayRelay: false },
      { address: "gone@example.com", password: { password: "pa55" }, isEnabled: false },
      { address: "boss@example.com", password: { password: "pa55" }, senders: "any" },
      { address: "postbox@example.com" },
    ],
  });

const plain = (name: string, password = "pa55") =>
  `AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString("base64")}`;
/** "550 5.7.1" of "550 5.7.1 Relaying is prohibited (REF)". */
const statusOf = (reply: string) => /^\d{3} \d\.\d{1,3}\.\d{1,3}/.exec(reply)?.[0] ?? reply;

async function ready(scene: ReceptionScene, from: string, login: string | null = null): Promise<LineClient> {
  const client = await LineClient.dial(scene.portOf("relay"), { from });
  assert.match(await client.say("EHLO tester.example.org"), /^250-/);
  if (login !== null) assert.match(await client.say(plain(login)), /^235 /);
  return client;
}

/** Asks for each recipient in one transaction; the last one of the table is to be taken, whatever came before it. */
async function ask(client: LineClient, mail: string, wanted: Readonly<Record<string, string>>): Promise<void> {
  assert.match(await client.say(mail), /^250 /);
  const heard: Record<string, string> = {};
  for (const path of Object.keys(wanted)) heard[path] = statusOf(await client.say(`RCPT TO:${path}`));
  assert.deepEqual(heard, wanted);
}

async function sendContent(client: LineClient, content = "Subject: t\r\n\r\nx\r\n"): Promise<string> {
  assert.match(await client.say("DATA"), /^354 /);
  return client.say(`${content}.`);
}

/** Names of accounts here whose mailbox got something, and addresses that wait to be sent on. */
async function reached({ store }: ReceptionScene): Promise<{ here: unknown[]; away: unknown[] }> {
  const here = await store.read({
    sql: "SELECT account.name FROM message JOIN mailbox ON mailbox.id = message.mailbox_id JOIN account ON account.id = mailbox.account_id ORDER BY account.name",
    parameters: [],
  });
  const away = await store.read({ sql: "SELECT forward_path FROM recipient ORDER BY forward_path", parameters: [] });
  return { here: here.map(({ name }) => name), away: away.map(({ forward_path: path }) => path) };
}

const relayDenied = "550 5.7.1";
const taken = "250 2.1.5";

test("O-01: a recipient without a domain is refused, not completed, and the transaction goes on", async (t) => {
  const scene = await openScene(t);
  for (const from of [stranger, granted]) {
    const client = await ready(scene, from);
    await ask(client, "MAIL FROM:<probe@example.org>", {
      '<"probe%victim.test">': "501 5.1.3",
      "<probe@victim.test@>": "501 5.1.3",
      "<probe@>": "501 5.1.3",
      "<probe>": "501 5.1.3",
      "<@victim.test>": "501 5.1.3",
      "<info@example.com>": taken,
    });
    assert.match(await sendContent(client), /^250 /);
  }
  assert.deepEqual(await reached(scene), { here: ["info", "info"], away: [] });
});

test("O-02: the domain behind the quotes decides and routes, whatever stands in them", async (t) => {
  const scene = await openScene(t);
  const client = await ready(scene, stranger);
  await ask(client, "MAIL FROM:<probe@example.org>", {
    '<"bob@victim.test x"@example.com>': "550 5.1.3",
    '<"bob@victim.test x"@example.org>': relayDenied,
  });
  const anna = await ready(scene, stranger, "anna@example.com");
  await ask(anna, "MAIL FROM:<anna@example.com>", {
    '<"bob@victim.test x"@example.com>': "550 5.1.3",
    '<"bob@victim.test x"@example.org>': taken,
  });
  assert.match(await sendContent(anna), /^250 /);
  // As it came, and nothing of the other domain is a recipient.
  assert.deepEqual(await reached(scene), { here: [], away: ['"bob@victim.test x"@example.org'] });
});

test("O-03: postmaster is always there, for a client on the never list too, and never sent away", async (t) => {
  const scene = await openScene(t);
  const alias = { kind: "alias", address: "postmaster@example.com", targets: ["postbox@example.com"] } as const;
  assert.ok(!("refused" in (await scene.aliases.save(alias))));
  const client = await ready(scene, guest);
  await ask(client, "MAIL FROM:<>", { "<bob@victim.test>": relayDenied, "<Postmaster>": taken });
  await client.say("RSET");
  await ask(client, "MAIL FROM:<>", { "<POSTMASTER@EXAMPLE.COM>": taken });
  assert.match(await sendContent(client), /^250 /);
  assert.deepEqual(await reached(scene), { here: ["postbox"], away: [] });
});

test("O-03: postmaster is there although nobody made it", async (t) => {
  const scene = await openScene(t);
  const client = await ready(scene, guest);
  await ask(client, "MAIL FROM:<>", { "<Postmaster>": taken, "<POSTMASTER@EXAMPLE.COM>": taken });
  assert.match(await sendContent(client), /^250 /);
  const { here, away } = await reached(scene);
  assert.ok(here.length > 0, "somebody reads it");
  assert.deepEqual(away, []);
});

test("O-04: a catch-all covers its own domain only", async (t) => {
  const scene = await openScene(t);
  const saved = await scene.aliases.save({
    kind: "catch-all",
    address: "*@example.com",
    targets: ["info@example.com"],
  });
  assert.ok(!("refused" in saved));
  await ask(await ready(scene, stranger), "MAIL FROM:<probe@example.org>", {
    "<x@victim.test>": relayDenied,
    "<x@notexample.com>": relayDenied,
    "<x@sub.example.com>": relayDenied,
    "<x@example.com.victim.test>": relayDenied,
    "<x@example.comm>": relayDenied,
    // Ours too, without a catch-all.
    "<x@second.example>": "550 5.1.1",
    "<x@example.com>": taken,
  });
});

for (const sentTo of ["#example.com", "#Example.Com"]) {
  test(`O-05: domains are compared without case, configured as ${sentTo}`, async (t) => {
    const scene = await openScene(t, policyOf({ sentTo }));
    for (const path of ["<Info@EXAMPLE.COM>", "<info@eXample.com>", "<info@example.com.>"]) {
      const client = await ready(scene, stranger);
      await ask(client, "MAIL FROM:<probe@example.org>", { [path]: taken });
      assert.match(await sendContent(client), /^250 /);
    }
    const client = await ready(scene, granted);
    await ask(client, "MAIL FROM:<probe@example.org>", { "<BoB@Victim.test>": taken });
    assert.match(await sendContent(client), /^250 /);
    // The local part goes out as it came.
    assert.deepEqual(await reached(scene), { here: ["info", "info", "info"], away: ["BoB@victim.test"] });
  });
}

test("O-06: ours is the list of inbound domains and nothing the machine calls itself", async (t) => {
  const scene = await openScene(t);
  const saved = await scene.aliases.save({
    kind: "catch-all",
    address: "*@example.com",
    targets: ["info@example.com"],
  });
  assert.ok(!("refused" in saved));
  await ask(await ready(scene, stranger), "MAIL FROM:<probe@example.org>", {
    "<root@localhost>": relayDenied,
    "<root@localhost.localdomain>": relayDenied,
    // Our own host name, which the scene's boot file gives.
    "<root@mx.example.test>": relayDenied,
    "<postmaster@mx.example.test>": relayDenied,
    "<root@[127.0.0.1]>": "550 5.1.1",
    "<root@[198.51.100.10]>": "550 5.1.1",
    "<root@[IPv6:::1]>": "550 5.1.1",
    "<info@[198.51.100.10]>": "550 5.1.1",
    "<root%localhost@[198.51.100.10]>": "550 5.1.1",
    // An address of somebody else.
    "<root@[198.51.100.11]>": relayDenied,
    "<postmaster@[198.51.100.10]>": taken,
    "<Postmaster@[IPv6:2001:db8::10]>": taken,
  });
});

describe("O-07: a right to relay is no right to any identity", () => {
  const headers: readonly (readonly [what: string, header: string, reply: string])[] = [
    ["as oneself", "From: Anna <anna@example.com>", "250 2.0.0"],
    ["another's From", 'From: "Director" <director@example.com>\r\nSender: anna@example.com', "550 5.7.1"],
    ["another's Sender", "From: anna@example.com\r\nSender: director@example.com", "550 5.7.1"],
    ["a second address", "From: anna@example.com, director@example.com", "550 5.7.1"],
    ["in a group", "From: Us: anna@example.com, director@example.com;", "550 5.7.1"],
    ["a second field", "From: anna@example.com\r\nSubject: t\r\nFrom: director@example.com", "550 5.7.1"],
    ["in other letters, folded", "fROM :\r\n <director@example.com>", "550 5.7.1"],
    ["a name like an address", 'From: "anna@example.com" <director@example.com>', "550 5.7.1"],
    ["behind a line that is no field", "Subject: t\r\nno field\r\nFrom: director@example.com", "550 5.6.0"],
    ["in the body", "From: anna@example.com\r\n\r\nFrom: director@example.com", "250 2.0.0"],
    ["what cannot be read", "From: anna@example.com <director@example.com", "550 5.6.0"],
    // O-53: the address counts, not what an encoded word says.
    ["a comma in an encoded name", "From: =?ISO-8859-1?Q?Vogel=2C_J=FCrgen?= <anna@example.com>", "250 2.0.0"],
    ["an encoded address in a name", "From: =?UTF-8?Q?anna=40example=2Ecom?= <director@example.com>", "550 5.7.1"],
    ["an encoded address alone", "From: =?UTF-8?Q?anna=40example=2Ecom?=", "550 5.6.0"],
  ];
  test("each field, each address", async (t) => {
    const scene = await openScene(t);
    const client = await ready(scene, stranger, "anna@example.com");
    const heard: string[][] = [];
    for (const [what, header] of headers) {
      await ask(client, "MAIL FROM:<anna@example.com>", { "<bob@example.org>": taken });
      heard.push([what, statusOf(await sendContent(client, `${header}\r\nSubject: t\r\n\r\nx\r\n`))]);
    }
    assert.deepEqual(
      heard,
      headers.map(([what, , reply]) => [what, reply]),
    );
    assert.equal(statusOf(await client.say("MAIL FROM:<director@example.com>")), "550 5.7.1");
    // The null reverse-path is allowed, From is still checked.
    await ask(client, "MAIL FROM:<>", { "<bob@example.org>": taken });
    assert.equal(statusOf(await sendContent(client, "From: director@example.com\r\n\r\nx\r\n")), "550 5.7.1");
  });

  test("where an account may write as anybody, queue entry and Received still name the login", async (t) => {
    const scene = await openScene(t);
    const client = await ready(scene, stranger, "boss@example.com");
    await ask(client, "MAIL FROM:<director@example.com>", { "<bob@example.org>": taken });
    assert.match(await sendContent(client, "From: director@example.com\r\n\r\nx\r\n"), /^250 /);
    const [entry] = await scene.store.read({ sql: "SELECT account FROM entry", parameters: [] });
    assert.equal(entry?.["account"], "boss@example.com");
    const content = await scene.lastKept();
    assert.match(content.toString(), /^Received: from .*\(login boss@example\.com\)/);
  });

  test("the login of an account that writes as itself is not told", async (t) => {
    const scene = await openScene(t);
    const client = await ready(scene, stranger, "anna@example.com");
    await ask(client, "MAIL FROM:<anna@example.com>", { "<bob@example.org>": taken });
    assert.match(await sendContent(client), /^250 /);
    const content = await scene.lastKept();
    assert.doesNotMatch(content.toString(), /login/);
  });
});

test("O-08: empty credentials, disabled accounts and accounts without the right do not open the relay", async (t) => {
  const scene = await openScene(t);
  const client = await ready(scene, stranger);
  assert.match(statusOf(await client.say("AUTH PLAIN AAA=")), /^5(?:35 5\.7\.8|01 5\.5\.2)$/);
  assert.deepEqual((await client.sayAll(["AUTH LOGIN", "", ""])).map(statusOf), [
    "334 VXNlcm5hbWU6",
    "334 UGFzc3dvcmQ6",
    "535 5.7.8",
  ]);
  assert.equal(statusOf(await client.say(plain("gone@example.com"))), "535 5.7.8");
  await ask(client, "MAIL FROM:<probe@example.org>", { "<bob@victim.test>": relayDenied });
  const poor = await ready(scene, stranger, "poor@example.com");
  await ask(poor, "MAIL FROM:<poor@example.com>", { "<bob@victim.test>": relayDenied });
  assert.deepEqual(
    scene.eventsCalled("recipient-refused").map(({ rule }) => rule),
    ["relay-denied", "account-may-not-relay"],
  );
});

describe("O-22, O-23: an entry that can be read in no or in two ways never opens anything", () => {
  const unreadable = [
    ...["198.51.100.7/", "198.51.100.7/abc", "198.51.100.7/33", "198.51.100.7;", "/24", "", " "],
    ...["010.0.0.0/8", "192.0.2.010", "0x7f.0.0.1", "192.0.2", "3221225985", "::ffff:010.0.0.1", "192.0.2.1/024"],
    "192.0.2.1/+24",
  ];
  test("each is refused with its line, and the last good policy stays", async (t) => {
    const scene = await openScene(t, policyOf({ match: "198.51.100.7" }));
    for (const match of unreadable) {
      const document = `routing:\n  - { sent-to: "#example.com", route: inbound }\nrelay:\n  addresses:\n    - { id: a, match: "${match}" }\n`;
      const problems = await scene.policy.apply({ document, who: "test", why: "test" });
      assert.deepEqual([match, problems.map(({ line }) => line)], [match, [5]]);
    }
    assert.equal(scene.policy.current().version, 1);
    await ask(await ready(scene, stranger), "MAIL FROM:<probe@example.org>", { "<bob@victim.test>": relayDenied });
  });

  test("without a mask an entry is that one host", async (t) => {
    const scene = await openScene(t, policyOf({ match: "127.0.2.7" }));
    await ask(await ready(scene, "127.0.2.7"), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": taken });
    for (const other of ["127.0.2.6", "127.0.2.8", stranger]) {
      await ask(await ready(scene, other), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": relayDenied });
    }
    for (const match of ["0.0.0.0", "192.0.2.0"]) {
      const policy = policyOf({ match });
      assert.deepEqual(await scene.policy.apply({ document: policy, who: "test", why: "test" }), []);
    }
  });
});

for (const never of ["127.0.2.66", "::ffff:127.0.2.66", "::ffff:7f00:242"]) {
  test(`O-24: on a dual-stack listener an IPv4 client is that IPv4 client; never ${never}`, async (t) => {
    const policy = `${policyOf({ never })}  local-addresses: [ { id: inside, match: 127.0.0.1, clients: [ 127.0.3.0/24 ] } ]\n`;
    const scene = await openReceptionScene(t, {
      listeners: [{ name: "relay", kind: "relay", address: { family: 6, value: 0n } }],
      policy,
      accounts: [{ address: "info@example.com" }],
    });
    const client = await ready(scene, granted);
    await ask(client, "MAIL FROM:<p@example.org>", { "<bob@victim.test>": taken });
    assert.match(await sendContent(client), /^250 /);
    const content = await scene.lastKept();
    assert.match(content.toString(), /^Received: from tester\.example\.org \(\[127\.0\.2\.9\]\)/);
    await ask(await ready(scene, guest), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": relayDenied });
    await ask(await ready(scene, "127.0.3.1"), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": taken });
    await ask(await ready(scene, stranger), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": relayDenied });
  });
}

test("O-24: an IPv6 grant for everyone covers no IPv4 client", async (t) => {
  const policy = `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { addresses: [ { id: six, match: "::/0" } ], open-relay: true }\n`;
  const scene = await openReceptionScene(t, {
    listeners: [{ name: "relay", kind: "relay", address: { family: 6, value: 0n } }],
    policy,
    accounts: [{ address: "info@example.com" }],
  });
  await ask(await ready(scene, stranger), "MAIL FROM:<p@example.org>", { "<bob@victim.test>": relayDenied });
});
