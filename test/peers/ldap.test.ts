import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freeEndpoint, peerTest, runPeer, startPeer } from "../../testing/peers.ts";
import { LineClient } from "../../testing/line-client.ts";
import { startedServer } from "../../testing/world.ts";
import { openLdap, type LdapServer } from "../../src/ldap/connection.ts";
import { LdapDirectory } from "../../src/ldap/directory.ts";
import type { Event } from "../../src/events/catalogue.ts";
import { parseAddress } from "../../src/address/path.ts";
import { selfSigned } from "../../src/tls/self-signed.ts";

const suffix = "dc=b,dc=example";
const secret = "correct horse";

/** Nobody but the one that logs in may read: an anonymous question finds nothing. */
const configOf = (folder: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile ${folder}/data/pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile /etc/ldap/tls.pem
TLSCertificateKeyFile /etc/ldap/tls.key
database mdb
suffix "${suffix}"
rootdn "cn=admin,${suffix}"
rootpw "${secret}"
directory ${folder}/data
access to * by dn.base="cn=admin,${suffix}" read by anonymous auth by * none
`;

const person = (uid: string, mail: string) =>
  `dn: uid=${uid},${suffix}\nobjectClass: inetOrgPerson\ncn: ${uid}\nsn: ${uid}\nuid: ${uid}\nmail: ${mail}\n`;
const entries = [
  `dn: ${suffix}\nobjectClass: dcObject\nobjectClass: organization\no: B\ndc: b\n`,
  person("anna", "Anna@b.example"),
  person("star", "s*r@b.example"),
  person("twice1", "twice@b.example"),
  person("twice2", "twice@b.example"),
].join("\n");

/** A real directory with StartTLS and ldaps on two ports of its own. */
async function startSlapd(t: TestContext) {
  const clear = await freeEndpoint();
  // Its certificate names a host, which has to lead there.
  const starttls = { host: "localhost", port: await freePort() };
  const tls = { host: "localhost", port: await freePort() };
  const { certificate, key } = await selfSigned("localhost", Date.now());
  const server = await startPeer(t, {
    family: "slapd",
    listens: clear,
    folders: { data: 0 },
    etc: (folder) => ({
      "ldap/slapd.conf": configOf(folder),
      "ldap/tls.pem": certificate,
      "ldap/tls.key": key,
    }),
    command: () => [
      "/usr/sbin/slapd",
      "-d",
      "0",
      "-f",
      "/etc/ldap/slapd.conf",
      "-h",
      `ldap://${clear.host}:${clear.port}/ ldap://127.0.0.1:${starttls.port}/ ldaps://127.0.0.1:${tls.port}/ ldaps://${clear.host}:${tls.port}/`,
    ],
  });
  const added = await runPeer(
    "slapd",
    ["ldapadd", "-x", "-H", `ldap://${clear.host}:${clear.port}`, "-D", `cn=admin,${suffix}`, "-w", secret],
    entries,
  );
  assert.equal(added.code, 0, added.err);
  const [ca, passwordFile] = [join(server.folder, "ca.pem"), join(server.folder, "password")];
  await writeFile(ca, certificate);
  await writeFile(passwordFile, `${secret}\n`);
  return { clear, starttls, tls, ca, passwordFile, server };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const address = (text: string) => {
  const read = parseAddress(text, { kind: "forward", allowsUtf8: true });
  return "refused" in read ? assert.fail(text) : read;
};

peerTest("a directory is asked over verified TLS, whatever a stranger writes", ["slapd"], async (t) => {
  const { clear, starttls, tls, ca, passwordFile } = await startSlapd(t);
  const usual: LdapServer = {
    url: `ldap://${clear.host}:${clear.port}`,
    tls: "none",
    base: suffix,
    bindDn: `cn=admin,${suffix}`,
    passwordFile,
    timeout: 5_000,
  };
  const events: Event[] = [];
  const directory = (server: Partial<LdapServer>, filter = "(|(mail=%{address})(uid=%{local-part}))") => {
    const one = new LdapDirectory({
      name: "staff",
      filter,
      open: () => openLdap({ ...usual, ...server }),
      now: () => performance.now(),
      emit: (event) => void events.push(event),
    });
    t.after(() => one.close());
    return one;
  };
  const asked = directory({});
  for (const [to, existence] of [
    ["anna@b.example", "covered"],
    ["ANNA@b.example", "covered"],
    ["anna@c.example", "covered"],
    ["ben@b.example", "none"],
    ["twice@b.example", "covered"],
    ["star@b.example", "covered"],
    ["*@b.example", "none"],
    ["s*@b.example", "none"],
    ["s*r@b.example", "covered"],
    ['"*)(uid=*"@b.example', "none"],
    ['"x)(|(uid=anna"@b.example', "none"],
    ['"x\\\\2a"@b.example', "none"],
    ["bücher@b.example", "none"],
  ] as const) {
    assert.equal(await asked.existence(address(to)), existence, `${to}: ${JSON.stringify(events)}`);
  }
  assert.equal(events.length, 0);
  const knows = (server: Partial<LdapServer>) => directory(server).existence(address("anna@b.example"));
  await t.test("with StartTLS and with ldaps, when the certificate is trusted and named so", async () => {
    const begun = { tls: "starttls", url: `ldap://localhost:${starttls.port}` } as const;
    const within = { url: `ldaps://localhost:${tls.port}` };
    assert.equal(await knows({ ...begun, ca }), "covered", JSON.stringify(events));
    assert.equal(await knows({ ...within, ca }), "covered", JSON.stringify(events));
    assert.equal(events.length, 0);
    for (const doubtful of [
      begun,
      within,
      { ...begun, ca, url: `ldap://${clear.host}:${clear.port}` },
      { ...within, ca, url: `ldaps://${clear.host}:${tls.port}` },
    ]) {
      assert.equal(await knows(doubtful), "unknowable", JSON.stringify(doubtful));
      assert.match(JSON.stringify(events.pop()), /self-signed|does not match/);
    }
  });
  await t.test("a connection that was lost is never opened again by itself, in clear and as nobody", async () => {
    const connection = await openLdap({ ...usual, tls: "starttls", ca, url: `ldap://localhost:${starttls.port}` });
    assert.deepEqual(await connection.search("(mail=anna@b.example)"), { entries: 1, referrals: 0 });
    connection.close();
    while (connection.isOpen) await new Promise(setImmediate);
    await assert.rejects(connection.search("(mail=anna@b.example)"), /the connection was lost/);
  });
  await t.test(
    "a wrong password, an empty one, nobody's login, a base that is not there: nothing is found out",
    async () => {
      const wrong = `${passwordFile}.wrong`;
      await writeFile(wrong, "wrong");
      const empty = `${passwordFile}.empty`;
      await writeFile(empty, "\n");
      assert.equal(await knows({ passwordFile: wrong }), "unknowable");
      assert.equal(await knows({ passwordFile: empty }), "unknowable");
      assert.equal(await knows({ base: "dc=c,dc=example" }), "unknowable");
      assert.equal(await knows({ bindDn: undefined }), "unknowable");
    },
  );
});

peerTest("recipients of a gateway are those of its directory; without it they are put off", ["slapd"], async (t) => {
  const { clear, passwordFile } = await startSlapd(t);
  const directory = (name: string, port: number) => `
[[ldap]]
name = "${name}"
url = "ldap://${clear.host}:${port}"
tls = "none"
base = "${suffix}"
bind-dn = "cn=admin,${suffix}"
password-file = "${passwordFile}"
`;
  const bootFile = `
hostname = "mx.example.test"
data = "data"
[[listener]]
name = "relay"
kind = "relay"
address = "127.0.0.1"
port = 0
${directory("staff", clear.port)}${directory("dead", 1)}`;
  const gateway = (domain: string, name: string) =>
    `  - { sent-to: "#${domain}", route: gateway, host: h.example, recipients: { ldap: ${name} } }`;
  const policy = `routing:\n${gateway("b.example", "staff")}\n${gateway("c.example", "dead")}`;
  const { portOf, seen } = await startedServer(t, policy, { boot: bootFile });
  const client = await LineClient.dial(portOf("relay"));
  await client.say("EHLO client.test");
  await client.say("MAIL FROM:<a@far.test>");
  for (const [to, reply] of [
    ["anna@b.example", /^250 2\.1\.5/],
    ["ben@b.example", /^550 5\.1\.1/],
    ["*@b.example", /^550 5\.1\.1/],
    ["anna%c.example@b.example", /^550 5\.1\.3/],
    ["anna@c.example", /^451 4\.4\.3/],
  ] as const) {
    assert.match(await client.say(`RCPT TO:<${to}>`), reply, to);
  }
  client.end();
  await seen((event) => event.name === "trouble" && event.doing === "asking the directory dead for a recipient");
});
