import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test, type TestContext } from "node:test";
import { type Answer, encode } from "dns-packet";
import {
  authoritative,
  type Behaviour,
  DnsServer,
  framed,
  honestly,
  type Query,
  replyOctets,
  soaOf,
  type ServedName,
} from "../../testing/dns-server.ts";
import { FakeClock, quiet } from "../../testing/fake-clock.ts";
import { FakeResolver } from "../../testing/fake-resolver.ts";
import type { Ip } from "../address/address.ts";
import { formatIp } from "../address/ip.ts";
import { systemClock } from "../time/system-clock.ts";
import { readHostsFile } from "./hosts-file.ts";
import { resolverContract } from "../../testing/resolver-contract.ts";
import { parseNameServer } from "./name-server.ts";
import type { Lookup } from "./resolver.ts";
import { loopbackSet, StubResolver, type StubOptions } from "./stub-resolver.ts";

const given = (...servers: readonly (DnsServer | string)[]) =>
  servers.map((server) => parseNameServer(typeof server === "string" ? server : server.place) ?? assert.fail());

function stub(servers: readonly (DnsServer | string)[], more: Partial<StubOptions> = {}): StubResolver {
  const named = given(...servers);
  return new StubResolver({
    servers: () => named,
    trusted: loopbackSet,
    timeoutMs: 2_000,
    hosts: () => new Map(),
    clock: systemClock,
    ...more,
  });
}

async function scene(t: TestContext, names: Record<string, ServedName> = {}) {
  const server = await DnsServer.during(t, names);
  const clock = new FakeClock();
  const resolver = stub([server], { clock });
  return { server, clock, resolver };
}

const evil = (name: string): Answer => ({ type: "MX", name, ttl: 300, data: { preference: 0, exchange: "evil.test" } });

function texts(lookup: Lookup<Ip>): unknown {
  return typeof lookup === "object" && "records" in lookup ? lookup.records.map((ip) => formatIp(ip)) : lookup;
}

resolverContract("the fake", (names) =>
  Promise.resolve({ resolver: new FakeResolver(names), close: () => Promise.resolve() }),
);
resolverContract("the stub resolver", async (names) => {
  const server = await DnsServer.start(names);
  const clock = new FakeClock();
  server.behave = (query) => {
    if (query.honest === null) setImmediate(() => clock.advance(60_000));
    else query.send(query.honest);
  };
  return { resolver: stub([server], { clock }), close: () => server.close() };
});

test("an answer lives as long as its TTL, and a hit asks nobody", async (t) => {
  const { server, clock, resolver } = await scene(t, { "a.test": { mx: [[1, "mx.a.test"]], ttl: 60 } });
  await resolver.resolveMx("a.test");
  clock.advance(59_999);
  await resolver.resolveMx("a.test");
  assert.equal(server.asked.length, 1);
  clock.advance(1);
  await resolver.resolveMx("a.test");
  assert.equal(server.asked.length, 2);
});

test("TTL 0 is not kept, and a TTL of years is cut", async (t) => {
  const { server, clock, resolver } = await scene(t, {
    "now.test": { mx: [[1, "mx.test"]], ttl: 0 },
    "old.test": { mx: [[1, "mx.test"]], ttl: 100_000_000 },
    "odd.test": { mx: [[1, "mx.test"]], ttl: 0x8000_0000 },
  });
  for (const name of ["now.test", "now.test", "odd.test", "odd.test", "old.test", "old.test"])
    await resolver.resolveMx(name);
  assert.equal(server.asked.length, 5);
  clock.advance(3_600_000);
  await resolver.resolveMx("old.test");
  assert.equal(server.asked.length, 6);
});

test("none lives as long as the SOA says, at most 15 minutes, and without SOA not at all (RFC 2308 §5)", async (t) => {
  const { server, clock, resolver } = await scene(t);
  const soas = new Map([
    ["minimum.test", [soaOf(86_400, 100)]],
    ["ttl.test", [soaOf(100, 86_400)]],
    ["long.test", [soaOf(86_400)]],
    ["without.test", []],
  ]);
  server.behave = ({ name, honest, send }) => send({ ...honest, authorities: soas.get(name) ?? [] });
  const asksAgain = async () => {
    const before = server.asked.length;
    for (const name of soas.keys()) assert.equal(await resolver.resolveMx(name), "nxdomain");
    return server.asked.slice(before).map(({ name }) => name);
  };
  assert.equal((await asksAgain()).length, 4);
  clock.advance(99_999);
  assert.deepEqual(await asksAgain(), ["without.test"]);
  clock.advance(1);
  assert.deepEqual(await asksAgain(), ["minimum.test", "ttl.test", "without.test"]);
  clock.advance(799_999);
  assert.deepEqual(await asksAgain(), ["minimum.test", "ttl.test", "without.test"]);
  clock.advance(1);
  assert.deepEqual(await asksAgain(), ["long.test", "without.test"]);
});

test("a clock that is set back makes nothing live longer", async (t) => {
  const { server, clock, resolver } = await scene(t, { "a.test": { mx: [[1, "mx.test"]], ttl: 60 } });
  await resolver.resolveMx("a.test");
  clock.set(clock.now() - 86_400_000);
  await resolver.resolveMx("a.test");
  assert.equal(server.asked.length, 2);
});

test("those who ask the same at the same time share one question; each question has a port and a number of its own", async (t) => {
  const { server, resolver } = await scene(t, { "a.test": { mx: [[1, "mx.test"]] } });
  await Promise.all(Array.from({ length: 50 }, () => resolver.resolveMx("a.test")));
  assert.equal(server.asked.length, 1);
  await Promise.all(Array.from({ length: 40 }, (_, n) => resolver.resolveMx(`n${n}.test`)));
  assert.ok(new Set(server.asked.map(({ id }) => id)).size > 35);
  assert.ok(new Set(server.asked.map(({ port }) => port)).size > 35);
});

test("no more questions than 100 at the same time, in turn, and none is lost", async (t) => {
  const { server, resolver } = await scene(t);
  const held: (() => void)[] = [];
  server.behave = ({ honest, send }) => void held.push(() => honest !== null && send(honest));
  const all = Promise.all(Array.from({ length: 250 }, (_, n) => resolver.resolveMx(`n${n}.test`)));
  await server.hasHeard(100);
  await quiet();
  assert.equal(held.length, 100);
  server.behave = honestly;
  for (const answer of held) answer();
  assert.ok((await all).every((lookup) => lookup === "nxdomain"));
});

const lies: readonly (readonly [string, (query: Query) => void | Promise<void>])[] = [
  ["another number", ({ honest, send, id }) => send({ ...honest, id: id ^ 1 })],
  ["another question", ({ honest, send }) => send({ ...honest, questions: [{ type: "MX", name: "evil.test" }] })],
  ["another type", ({ honest, send, name }) => send({ ...honest, questions: [{ type: "TXT", name }] })],
  ["no question", ({ honest, send }) => send({ ...honest, questions: [] })],
  ["a question, not an answer", ({ packet, send }) => send(encode({ ...packet, type: "query" }))],
  ["four octets", ({ send }) => send(Buffer.from("lies"))],
  ["nothing", ({ send }) => send(Buffer.alloc(0))],
  [
    "the answer of somebody else",
    async ({ honest, port }) => {
      const somebody = createSocket("udp4");
      await new Promise((resolve) => somebody.send(replyOctets(honest ?? {}), port, "127.0.0.1", resolve));
      somebody.close();
    },
  ],
];
for (const [what, lie] of lies) {
  test(`${what} is not taken for the answer, and the true one still counts`, async (t) => {
    const { server, resolver } = await scene(t, { "a.test": { mx: [[1, "mx.a.test"]] } });
    server.behave = (query) => {
      const forged = { ...query.honest, answers: [evil(query.name)] };
      void Promise.resolve(lie({ ...query, honest: forged })).then(() => honestly(query));
    };
    assert.deepEqual(await resolver.resolveMx("a.test"), {
      records: [{ preference: 1, exchange: "mx.a.test" }],
      isAuthentic: false,
    });
    assert.equal(server.asked.length, 1);
  });
}

test("somebody who guesses makes us ask by TCP (RFC 5452 §9.3)", async (t) => {
  const { server, resolver } = await scene(t, { "a.test": { mx: [[1, "mx.a.test"]] } });
  server.behave = (query) => {
    if (query.by === "tcp") return honestly(query);
    for (let guess = 0; guess < 20; guess++) query.send({ ...query.honest, id: query.id ^ (guess + 1) });
  };
  await resolver.resolveMx("a.test");
  assert.deepEqual(server.heard, ["MX a.test udp", "MX a.test tcp"]);
});

test("the letters of the question may come back in another case", async (t) => {
  const { server, resolver } = await scene(t, { "a.test": { mx: [[1, "MX.A.test"]] } });
  server.behave = ({ honest, send }) =>
    send({
      ...honest,
      questions: [{ type: "MX", name: "A.TEST" }],
      answers: (honest?.answers ?? []).map((answer) => ({ ...answer, name: "a.TesT" })),
    });
  assert.deepEqual(await resolver.resolveMx("a.test"), {
    records: [{ preference: 1, exchange: "mx.a.test" }],
    isAuthentic: false,
  });
});

const mx1 = { records: [{ preference: 1, exchange: "mx.a.test" }], isAuthentic: false };
const onlyMx: Record<string, ServedName> = { "a.test": { mx: [[1, "mx.a.test"]] } };
const truncated = 1 << 9;

test("what does not fit is asked for by TCP, in pieces too", async (t) => {
  const { server, resolver } = await scene(t, {
    "huge.test": { a: Array.from({ length: 450 }, (_, n) => `203.0.${n >> 8}.${n & 255}`) },
  });
  server.behave = ({ by, honest, send, hangUp }) => {
    if (by === "udp" && honest !== null)
      return send({ ...honest, answers: [], flags: (honest.flags ?? 0) | truncated });
    hangUp(framed(replyOctets(honest ?? {})));
  };
  const found = await resolver.resolveAddresses("huge.test");
  assert.equal(typeof found === "object" && "records" in found && found.records.length, 450);
  assert.deepEqual(server.heard.toSorted(), [
    "A huge.test tcp",
    "A huge.test udp",
    "AAAA huge.test tcp",
    "AAAA huge.test udp",
  ]);
});

for (const [what, tcp] of [
  ["closes midway", ({ honest, hangUp }) => hangUp(framed(replyOctets(honest ?? {})).subarray(0, 20))],
  ["closes after the length", ({ hangUp }) => hangUp(Buffer.from([1, 0]))],
  ["closes at once", ({ hangUp }) => hangUp(Buffer.alloc(0))],
  ["says that it does not fit either", ({ honest, send }) => send({ ...honest, flags: truncated })],
  ["answers another question", ({ honest, send, id }) => send({ ...honest, id: id ^ 1 })],
  ["sends garbage", ({ hangUp }) => hangUp(Buffer.alloc(3_000, 7))],
] as const satisfies readonly (readonly [string, Behaviour])[]) {
  test(`a server that by TCP ${what} is a failure, and the next is asked`, async (t) => {
    const server = await DnsServer.during(t, onlyMx);
    const next = await DnsServer.during(t, onlyMx);
    server.behave = (query) => {
      if (query.by === "udp") query.send({ ...query.honest, answers: [], flags: truncated });
      else tcp(query);
    };
    const failed = await stub([server]).resolveMx("a.test");
    assert.ok(typeof failed === "object" && "failed" in failed, JSON.stringify(failed));
    assert.deepEqual(await stub([server, next]).resolveMx("a.test"), mx1);
  });
}

for (const [what, lie, failed] of [
  ["SERVFAIL", ({ honest, send }) => send({ ...honest, answers: [], rcode: 2 }), "servfail"],
  ["REFUSED", ({ honest, send }) => send({ ...honest, answers: [], rcode: 5 }), "servfail"],
  ["REFUSED without a question", ({ id, send }) => send({ id, rcode: 5 }), "servfail"],
  ["NOTIMP again and again", ({ id, send }) => send({ id, rcode: 4 }), "malformed"],
  ["an error of EDNS", ({ honest, send }) => send({ ...honest, additionals: [badVersion] }), "servfail"],
  [
    "a referral",
    ({ honest, send }) =>
      send({ ...honest, answers: [], authorities: [{ type: "NS", name: "test", data: "ns.test" }] }),
    "lame",
  ],
  ["nothing, without authority", ({ id, packet, send }) => send({ ...packet, id, flags: 0 }), "lame"],
  [
    "an alias out of its zone",
    ({ honest, send, name }) =>
      send({ ...honest, answers: [{ type: "CNAME", name, data: "b.other" }], flags: authoritative, authorities: [] }),
    "lame",
  ],
  [
    "an alias of itself",
    ({ honest, send, name }) => send({ ...honest, answers: [{ type: "CNAME", name, data: name }] }),
    "malformed",
  ],
  [
    "aliases in a circle",
    ({ honest, send, name }) =>
      send({
        ...honest,
        answers: [
          { type: "CNAME", name, data: "b.test" },
          { type: "CNAME", name: "b.test", data: name },
        ],
      }),
    "malformed",
  ],
  ["half a record", ({ honest, send }) => send(replyOctets(honest ?? {}).subarray(0, -2)), "malformed"],
  [
    "more than there is",
    ({ honest, send }) => send(Buffer.concat([replyOctets(honest ?? {}), Buffer.alloc(5)])),
    "malformed",
  ],
  [
    "a count of 65,535 records",
    ({ honest, send }) => {
      const octets = replyOctets(honest ?? {});
      octets.writeUInt16BE(0xffff, 6);
      send(octets);
    },
    "malformed",
  ],
] as const satisfies readonly (readonly [string, Behaviour, string])[]) {
  test(`${what}: a failure that says nothing about the name, and the next server is asked`, async (t) => {
    const server = await DnsServer.during(t, onlyMx);
    const next = await DnsServer.during(t, onlyMx);
    server.behave = lie;
    assert.deepEqual(await stub([server]).resolveMx("a.test"), { failed });
    assert.deepEqual(await stub([server, next]).resolveMx("a.test"), mx1);
  });
}
const badVersion: Answer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 1232,
  extendedRcode: 1,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

test("a server without EDNS is asked without, once and for all", async (t) => {
  const { server, resolver } = await scene(t, onlyMx);
  server.behave = (query) =>
    query.packet.additionals?.length === 0 ? honestly(query) : query.send({ id: query.id, rcode: 1 });
  assert.deepEqual(await resolver.resolveMx("a.test"), mx1);
  await resolver.resolveMx("b.test");
  assert.equal(server.asked.length, 3);
});

test("nodata behind an alias, from a forwarder that leaves out the SOA", async (t) => {
  const { server, resolver } = await scene(t);
  server.behave = ({ honest, send, name }) =>
    send({ ...honest, rcode: 0, answers: [{ type: "CNAME", name, data: "b.test" }], authorities: [] });
  assert.equal(await resolver.resolveMx("a.test"), "nodata");
});

test("aliases are followed, ten at most, and the shortest TTL counts", async (t) => {
  const names: Record<string, ServedName> = {
    "a.test": { alias: "b.test" },
    "b.test": { alias: "c.test", ttl: 10 },
    "c.test": { a: ["203.0.113.1"] },
    "n10.test": { a: ["203.0.113.2"] },
  };
  for (let n = 0; n < 10; n++) names[`n${n}.test`] = { alias: `n${n + 1}.test` };
  names["long.test"] = { alias: "n0.test" };
  const { server, clock, resolver } = await scene(t, names);
  assert.deepEqual(texts(await resolver.resolveAddresses("a.test")), ["203.0.113.1"]);
  assert.deepEqual(texts(await resolver.resolveAddresses("n0.test")), ["203.0.113.2"]);
  assert.deepEqual(await resolver.resolveAddresses("long.test"), { failed: "malformed" });
  const before = server.asked.length;
  clock.advance(10_000);
  await resolver.resolveAddresses("a.test");
  assert.equal(server.asked.length, before + 2);
});

test("records of names that nobody asked for are ignored wherever they stand", async (t) => {
  const { server, resolver } = await scene(t, {
    "a.test": { a: ["203.0.113.1"] },
    "b.test": { a: ["203.0.113.9"] },
    "mx.b.test": { a: ["203.0.113.9"] },
  });
  server.behave = ({ honest, send }) => {
    const poison: Answer[] = ["b.test", "xa.test", "test", "\u212aa.test"].flatMap((name): Answer[] => [
      { type: "A", name, ttl: 300, data: "192.0.2.66" },
      { type: "AAAA", name, ttl: 300, data: "2001:db8::66" },
    ]);
    send({
      ...honest,
      answers: [...poison, ...(honest?.answers ?? [])],
      authorities: [...(honest?.authorities ?? []), ...poison],
      additionals: poison,
    });
  };
  assert.deepEqual(texts(await resolver.resolveAddresses("a.test")), ["203.0.113.1"]);
  server.behave = honestly;
  assert.deepEqual(texts(await resolver.resolveAddresses("b.test")), ["203.0.113.9"]);
});

test("names are compared in ASCII: the Kelvin sign is no k", async (t) => {
  const { server, resolver } = await scene(t, { "k.test": {} });
  server.behave = ({ honest, send }) =>
    send({ ...honest, answers: [{ type: "A", name: "\u212a.test", ttl: 300, data: "192.0.2.66" }] });
  assert.equal(await resolver.resolveAddresses("k.test"), "nodata");
});

test("another class is not the Internet", async (t) => {
  const { server, resolver } = await scene(t, { "a.test": {} });
  server.behave = ({ honest, send, name }) =>
    send({ ...honest, answers: [{ type: "A", name, class: "CH", data: "192.0.2.66" }] });
  assert.equal(await resolver.resolveAddresses("a.test"), "nodata");
});

test("the AD bit counts only from a server that is trusted, and is asked for", async (t) => {
  const { server } = await scene(t, { "a.test": { mx: [[1, "mx.a.test"]], isAuthentic: true } });
  assert.deepEqual(await stub([server]).resolveMx("a.test"), { ...mx1, isAuthentic: true });
  const nobody = { ipv4: [], ipv6: [] };
  assert.deepEqual(await stub([server], { trusted: nobody }).resolveMx("a.test"), mx1);
  assert.ok(server.asked.every(({ packet }) => "flag_ad" in packet && packet.flag_ad === true));
});

test("both families must be proved for addresses to be", async (t) => {
  const { server, resolver } = await scene(t, {
    "a.test": { a: ["192.0.2.1"], aaaa: ["2001:db8::1"], isAuthentic: true },
  });
  server.behave = ({ type, honest, send }) => send({ ...honest, ...(type === "A" ? { flags: 1 << 7 } : {}) });
  const found = await resolver.resolveAddresses("a.test");
  assert.ok(typeof found === "object" && "records" in found && found.records.length === 2 && !found.isAuthentic);
});

test("a silent server is asked twice, 2 s and 4 s, and the failure is kept for a moment", async (t) => {
  const { server, clock, resolver } = await scene(t, onlyMx);
  server.behave = () => {};
  const began = clock.now();
  const asking = resolver.resolveMx("a.test");
  await server.hasHeard(1);
  await clock.pass(1_999);
  assert.equal(server.asked.length, 1);
  clock.advance(1);
  await server.hasHeard(2);
  clock.advance(4_000);
  assert.deepEqual(await asking, { failed: "timeout" });
  assert.equal(clock.now() - began, 6_000);
  assert.equal(clock.timers, 0);
  server.behave = honestly;
  assert.deepEqual(await resolver.resolveMx("a.test"), { failed: "timeout" });
  clock.advance(5_000);
  assert.deepEqual(await resolver.resolveMx("a.test"), mx1);
});

test("an answer that comes too late is heard by nobody", async (t) => {
  const { server, clock, resolver } = await scene(t, onlyMx);
  let late = () => {};
  server.behave = ({ honest, send }) => (late = () => send({ ...honest, answers: [evil("a.test")] }));
  const asking = resolver.resolveMx("a.test");
  await server.hasHeard(1);
  clock.advance(2_000);
  server.behave = (query) => {
    late();
    honestly(query);
  };
  assert.deepEqual(await asking, mx1);
});

test("a dead server is asked last until its rest is over; an answer ends it", async (t) => {
  const [first, second] = [await DnsServer.during(t), await DnsServer.during(t)];
  const clock = new FakeClock();
  const resolver = stub([first, second], { clock });
  first.behave = () => {};
  const asking = resolver.resolveMx("a.test");
  await first.hasHeard(1);
  clock.advance(2_000);
  assert.equal(await asking, "nxdomain");
  for (const name of ["b.test", "c.test"]) assert.equal(await resolver.resolveMx(name), "nxdomain");
  assert.deepEqual([first.asked.length, second.asked.length], [1, 3]);
  first.behave = honestly;
  clock.advance(5_000);
  for (const name of ["d.test", "e.test"]) assert.equal(await resolver.resolveMx(name), "nxdomain");
  assert.deepEqual([first.asked.length, second.asked.length], [3, 3]);
});

test("a server that is not there is found out at once", async (t) => {
  const server = await DnsServer.during(t, onlyMx);
  const place = await DnsServer.deadPlace();
  assert.deepEqual(await stub([place]).resolveMx("a.test"), { failed: "unreachable" });
  assert.deepEqual(await stub([place, server]).resolveMx("a.test"), mx1);
});

test("localhost is this machine and invalid is nothing, whoever says otherwise (RFC 6761)", async (t) => {
  const { server, resolver } = await scene(t, { localhost: { a: ["192.0.2.66"] }, "x.invalid": { a: ["192.0.2.66"] } });
  for (const name of ["localhost", "mail.localhost"]) {
    assert.deepEqual(texts(await resolver.resolveAddresses(name)), ["127.0.0.1", "::1"]);
    assert.equal(await resolver.resolveMx(name), "nodata");
  }
  assert.equal(await resolver.resolveAddresses("x.invalid"), "nxdomain");
  assert.equal(server.asked.length, 0);
});

test("what cannot be a name is not asked for", async (t) => {
  const { server, resolver } = await scene(t);
  for (const name of [
    "",
    "a..test",
    `${"a".repeat(64)}.test`,
    `${"a.".repeat(127)}test`,
    "gr\u00fc\u00df.test",
    "a b.test",
  ])
    assert.equal(await resolver.resolveAddresses(name), "nxdomain");
  assert.equal(server.asked.length, 0);
});

test("/etc/hosts is for hosts that the administrator names, not for names of strangers", async (t) => {
  const { server, clock } = await scene(t, { "mail.test": { a: ["203.0.113.1"] } });
  const hosts = readHostsFile("# ours\n10.0.0.7\tMail.test  box # the box\n::1 six mail.test\nnonsense\n");
  const resolver = stub([server], { clock, hosts: () => hosts });
  assert.deepEqual(texts(await resolver.resolveHost("mail.test")), ["10.0.0.7", "::1"]);
  assert.deepEqual(texts(await resolver.resolveAddresses("mail.test")), ["203.0.113.1"]);
  assert.equal(await resolver.resolveHost("other.test"), "nxdomain");
});

test("what is under way at the end fails at once and leaves nothing open", async (t) => {
  const { server, clock, resolver } = await scene(t, onlyMx);
  server.behave = () => {};
  const asking = resolver.resolveMx("a.test");
  await server.hasHeard(1);
  resolver.close();
  assert.deepEqual(await asking, { failed: "unreachable" });
  assert.equal(clock.timers, 0);
});
