import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { formatIp } from "../../src/address/ip.ts";
import { parseNameServer } from "../../src/dns/name-server.ts";
import { loopbackSet, StubResolver } from "../../src/dns/stub-resolver.ts";
import { systemClock } from "../../src/time/system-clock.ts";
import { freeEndpoint, peerTest, runPeer, startPeer } from "../../testing/peers.ts";

const soa = (zone: string) =>
  `${zone}. 300 IN SOA ns.${zone}. root.${zone}. 1 3600 600 86400 60\n${zone}. 300 IN NS ns.${zone}.\n`;
const signedZone = (zone: string) => `${soa(zone)}ns.${zone}. 300 IN A 127.0.0.1
${zone}. 300 IN MX 10 MX.${zone}.
mx.${zone}. 300 IN A 192.0.2.1
mx.${zone}. 300 IN AAAA 2001:db8::1
`;
const addresses = Array.from({ length: 150 }, (_, n) => `192.0.2.${n}`);
const plainZone = `${soa("plain.test")}plain.test. 300 IN MX 10 mx.signed.test.
plain.test. 300 IN MX 20 alias.plain.test.
alias.plain.test. 300 IN CNAME huge.plain.test.
out.plain.test. 300 IN CNAME mx.signed.test.
null.plain.test. 300 IN MX 0 .
${addresses.map((address) => `huge.plain.test. 300 IN A ${address}\n`).join("")}`;

/** Signs a zone with a key of its own. Gives the signed zone and the key to trust. */
async function sign(t: TestContext, zone: string): Promise<{ readonly zone: string; readonly key: string }> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-zone-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "zone"), signedZone(zone));
  const script = `cd "$1" && key=$(ldns-keygen -a ECDSAP256SHA256 -k "$2") && ldns-signzone -f signed zone "$key" && cat signed && echo ";;;" && cat "$key.key"`;
  const { code, out, err } = await runPeer("unbound", ["sh", "-c", script, "sh", folder, zone]);
  assert.equal(code, 0, err);
  const [text = "", key = ""] = out.split(";;;\n");
  return { zone: text, key };
}

peerTest("what Unbound says, and whether it verified it, is understood", ["unbound"], async (t) => {
  const good = await sign(t, "signed.test");
  const bad = await sign(t, "bogus.test");
  const listens = await freeEndpoint();
  const zone = (name: string, folder: string) => `
auth-zone:
  name: "${name}"
  zonefile: "${folder}/etc/unbound/${name}"
  for-downstream: no
  for-upstream: yes
  fallback-enabled: no`;
  await startPeer(t, {
    family: "unbound",
    command: () => ["unbound", "-d", "-p", "-c", "/etc/unbound/test.conf"],
    listens,
    etc: (folder) => ({
      "unbound/signed.test": good.zone,
      "unbound/bogus.test": bad.zone.replaceAll("192.0.2.1", "192.0.2.66").replaceAll("2001:db8::1", "2001:db8::66"),
      "unbound/plain.test": plainZone,
      "unbound/keys": good.key + bad.key,
      "unbound/test.conf": `
server:
  interface: ${listens.host}
  port: ${listens.port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "${folder}"
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  rrset-roundrobin: no
  # Nothing leaves this machine.
  outgoing-interface: 127.0.0.1
  local-zone: "test." nodefault
  local-zone: "refused.test." always_refuse
  trust-anchor-file: "${folder}/etc/unbound/keys"
${["signed.test", "bogus.test", "plain.test"].map((name) => zone(name, folder)).join("")}
`,
    }),
  });

  const server = parseNameServer(`${listens.host}:${listens.port}`) ?? assert.fail();
  const resolverTrusting = (trusted: typeof loopbackSet) =>
    new StubResolver({
      servers: () => [server],
      trusted,
      timeoutMs: 10_000,
      hosts: () => new Map(),
      clock: systemClock,
    });
  const resolver = resolverTrusting(loopbackSet);
  const found = async (host: string) => {
    const lookup = await resolver.resolveAddresses(host);
    if (typeof lookup !== "object" || !("records" in lookup)) return lookup;
    return { ...lookup, records: lookup.records.map((ip) => formatIp(ip)) };
  };

  const mx = [{ preference: 10, exchange: "mx.signed.test" }];
  assert.deepEqual(await resolver.resolveMx("signed.test"), { records: mx, isAuthentic: true });
  const wary = resolverTrusting({ ipv4: [], ipv6: [] });
  assert.deepEqual(await wary.resolveMx("signed.test"), { records: mx, isAuthentic: false });
  assert.deepEqual(await found("mx.signed.test"), { records: ["2001:db8::1", "192.0.2.1"], isAuthentic: true });
  assert.equal(await resolver.resolveMx("mx.signed.test"), "nodata");
  assert.equal(await resolver.resolveMx("gone.signed.test"), "nxdomain");

  // What was changed after it was signed is no answer, whatever it says.
  assert.deepEqual(await resolver.resolveAddresses("mx.bogus.test"), { failed: "servfail" });

  assert.deepEqual(await resolver.resolveMx("plain.test"), {
    records: [...mx, { preference: 20, exchange: "alias.plain.test" }],
    isAuthentic: false,
  });
  assert.deepEqual(await resolver.resolveMx("null.plain.test"), {
    records: [{ preference: 0, exchange: "" }],
    isAuthentic: false,
  });
  const huge = await found("alias.plain.test");
  assert.ok(typeof huge === "object" && "records" in huge);
  assert.deepEqual(new Set(huge.records), new Set(addresses));
  // An alias in a zone that is not signed proves nothing.
  assert.deepEqual(await found("out.plain.test"), { records: ["2001:db8::1", "192.0.2.1"], isAuthentic: false });
  assert.equal(await found("mx.plain.test"), "nxdomain");
  assert.equal(await resolver.resolveMx("huge.plain.test"), "nodata");

  assert.deepEqual(await resolver.resolveMx("refused.test"), { failed: "servfail" });
});
