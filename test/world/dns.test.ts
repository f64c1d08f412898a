import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test, type TestContext } from "node:test";
import type { Answer } from "dns-packet";
import { createTransport } from "nodemailer";
import {
  DnsServer,
  framed,
  honestly,
  replyOctets,
  type Behaviour,
  type Query,
  type ServedName,
} from "../../testing/dns-server.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { openSink, type Sink } from "../../testing/smtp-sink.ts";
import { startedServer } from "../../testing/world.ts";

/**
 * From packets of the DNS to a host that is dialled or not, and to what the sender hears (field cases O-26 to O-31). All
 * hosts are addresses of this machine; 127.0.0.0/24 stands for the Internet, the rest of 127.0.0.0/8 for what is inside.
 */
const bootFile = (dns: DnsServer) => `
hostname = "mail.example.com"
data = "data"
own-addresses = ["127.0.0.10"]
local-networks-dialled = ["127.0.0.0/24"]
[[listener]]
name = "relay"
kind = "relay"
address = "127.0.0.1"
port = 0
[dns]
servers = ["${dns.place}"]
`;

const policy = `
routing: [ { sent-to: "#example.com", route: inbound } ]
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;

const places = {
  live: { address: "127.0.0.2" },
  second: { address: "127.0.0.3" },
  busy: { address: "127.0.0.4", greeting: "421 4.3.2 too busy" },
  refuses: { address: "127.0.0.5", greeting: "554 5.3.2 no service here" },
  web: { address: "127.0.0.80", greeting: "554 5.3.2 no mail here" },
  reports: { address: "127.0.0.9" },
  ours: { address: "127.0.0.10" },
  inside: { address: "127.1.0.1" },
  evil: { address: "127.0.0.66" },
} as const;
type Host = keyof typeof places;
const dead = "127.0.0.7";

/** Every host listens on the same port, which was free on the first address: another test may hold it on a later one. */
async function openSinks(t: TestContext): Promise<Readonly<Record<Host, Sink>>> {
  for (let look = 0; ; look++) {
    const live = await openSink(t, places.live);
    const open = (host: Host) => openSink(t, { ...places[host], port: live.port });
    try {
      return {
        live,
        second: await open("second"),
        busy: await open("busy"),
        refuses: await open("refuses"),
        web: await open("web"),
        reports: await open("reports"),
        ours: await open("ours"),
        inside: await open("inside"),
        evil: await open("evil"),
      };
    } catch (error) {
      if (look === 5) throw error;
    }
  }
}

async function openWorld(t: TestContext) {
  const dns = await DnsServer.during(t, {
    "sender.test": { mx: [[1, "mx.sender.test"]] },
    "mx.sender.test": at("reports"),
  });
  const sinks = await openSinks(t);
  const clock = new FakeClock();
  // Time goes on by itself as well, for what the server does a moment later; the tests leap over the long waits.
  const beat = setInterval(() => clock.advance(20), 20);
  t.after(() => clearInterval(beat));
  const { portOf, seen, events } = await startedServer(t, policy, {
    boot: bootFile(dns),
    clock,
    exchangePort: sinks.live.port,
  });
  const client = createTransport({ host: "127.0.0.1", port: portOf("relay"), ignoreTLS: true });
  t.after(() => client.close());
  const sentTo = (to: string, host: Host) =>
    sinks[host].arrived.filter(({ recipients }) => recipients.includes(to)).length;
  return {
    dns,
    sinks,
    clock,
    send: (to: string) =>
      client.sendMail({
        envelope: { from: `of-${to.replace("@", "-")}@sender.test`, to: [to] },
        subject: to,
        text: "x",
      }),
    /** Waits until the recipient was delivered, to this host if one is named. */
    isDelivered: async (to: string, host?: Host): Promise<void> => {
      await seen((event) => event.name === "recipient-finished" && event.forwardPath === to);
      const end = events.find((event) => event.name === "recipient-finished" && event.forwardPath === to);
      assert.equal(end?.name === "recipient-finished" && end.outcome, "delivered");
      if (host !== undefined) assert.equal(sentTo(to, host), 1);
    },
    /** Waits until the sender heard that it failed, and with which status. */
    isReturned: async (to: string): Promise<string> => {
      const sender = `of-${to.replace("@", "-")}@sender.test`;
      await seen((event) => event.name === "recipient-finished" && event.forwardPath === sender);
      const report = sinks.reports.arrived.find(({ recipients }) => recipients.includes(sender));
      return (
        /^Final-Recipient: rfc822; \S+\r\nAction: failed\r\nStatus: (\S+)/m.exec(report?.content ?? "")?.[1] ?? "none"
      );
    },
    /** Waits until it was put off for the given time, and why. */
    isDeferred: async (to: string, times = 1): Promise<string> => {
      const deferrals = () => events.filter((event) => event.name === "recipient-deferred" && event.forwardPath === to);
      await seen(
        (event) => event.name === "recipient-deferred" && event.forwardPath === to && deferrals().length >= times,
      );
      const last = deferrals().at(-1);
      return last?.name === "recipient-deferred" ? last.said : "";
    },
  };
}

const at = (host: Host): ServedName => ({ a: [places[host].address] });

/** A packet that claims to be from the server that was asked, with an answer that leads to the evil host. */
const forged = (name: string): Answer[] => [
  { type: "MX", name, ttl: 300, data: { preference: 0, exchange: "mx.evil.test" } },
  { type: "A", name, ttl: 300, data: places.evil.address },
];

test("mail goes where the DNS says, and nowhere else", { timeout: 60_000 }, async (t) => {
  const { dns, sinks, clock, send, isDelivered, isReturned, isDeferred } = await openWorld(t);
  const scene = (title: string, names: Record<string, ServedName>, act: () => Promise<void>) =>
    t.test(title, async () => {
      for (const [name, said] of Object.entries(names)) dns.names.set(name, said);
      dns.behave = honestly;
      await act();
    });
  const dialledBy = async (act: () => Promise<unknown>, ...hosts: Host[]): Promise<number[]> => {
    const before = hosts.map((host) => sinks[host].dialled);
    await act();
    return hosts.map((host, index) => sinks[host].dialled - (before[index] ?? 0));
  };

  await scene(
    "O-26 null MX: back at once, nobody dialled",
    { "nomail.test": { mx: [[0, "."]], ...at("web") } },
    async () => {
      const dialled = await dialledBy(async () => {
        await send("a@nomail.test");
        assert.equal(await isReturned("a@nomail.test"), "5.1.10");
      }, "web");
      assert.deepEqual(dialled, [0]);
    },
  );

  await scene(
    "O-26 a root beside another exchange is no null MX",
    {
      "mixed.test": {
        mx: [
          [0, "."],
          [10, "mx.mixed.test"],
        ],
      },
      "mx.mixed.test": at("live"),
    },
    async () => {
      await send("b@mixed.test");
      await isDelivered("b@mixed.test", "live");
    },
  );

  for (const [what, silence] of [
    ["silence", () => {}],
    ["SERVFAIL", ({ honest, send: reply }) => reply({ ...honest, answers: [], rcode: 2 })],
    ["REFUSED", ({ honest, send: reply }) => reply({ ...honest, answers: [], rcode: 5 })],
  ] as const satisfies readonly (readonly [string, Behaviour])[]) {
    const domain = `${what.toLowerCase()}.shop.test`;
    const names = { [domain]: { mx: [[10, `mx.${domain}`]], ...at("web") }, [`mx.${domain}`]: at("live") } as const;
    await scene(`O-27 ${what} for the MX: put off, the web server is not dialled`, names, async () => {
      const to = `c@${domain}`;
      const dialled = await dialledBy(async () => {
        dns.behave = (query) => (query.type === "MX" && query.name === domain ? silence(query) : honestly(query));
        const before = dns.asked.length;
        await send(to);
        await dns.hasHeard(before + 1);
        if (what === "silence") {
          clock.advance(2_000);
          await dns.hasHeard(before + 2);
          clock.advance(4_000);
        }
        assert.match(await isDeferred(to), /the MX of \S+ cannot be looked up/);
        dns.behave = honestly;
        clock.advance(6 * 60_000);
        await isDelivered(to, "live");
      }, "web");
      assert.deepEqual(dialled, [0]);
    });
  }

  await scene("no MX: the domain itself", { "plain.test": at("live") }, async () => {
    await send("d@plain.test");
    await isDelivered("d@plain.test", "live");
  });

  await scene(
    "O-27 MX that lead nowhere: the web server is not dialled",
    { "lost.test": { mx: [[10, "gone.lost.test"]], ...at("web") } },
    async () => {
      const dialled = await dialledBy(async () => {
        await send("d@lost.test");
        assert.equal(await isReturned("d@lost.test"), "5.4.4");
      }, "web");
      assert.deepEqual(dialled, [0]);
    },
  );

  await scene(
    "O-28 a hiccup at the address of one exchange, none of the other: put off, then delivered",
    {
      "part.test": {
        mx: [
          [10, "mx1.part.test"],
          [20, "mx2.part.test"],
        ],
      },
      "mx1.part.test": { a: "servfail", aaaa: "servfail" },
    },
    async () => {
      await send("e@part.test");
      assert.match(await isDeferred("e@part.test"), /cannot be looked up: mx1\.part\.test/);
      dns.names.set("mx1.part.test", { a: "nodata", aaaa: "servfail" });
      clock.advance(6 * 60_000);
      await isDeferred("e@part.test", 2);
      dns.names.set("mx1.part.test", at("live"));
      clock.advance(20 * 60_000);
      await isDelivered("e@part.test", "live");
    },
  );

  await scene(
    "O-28 no exchange exists; the domain does not exist",
    { "empty.test": { mx: [[10, "mx.empty.test"]] } },
    async () => {
      await send("f@empty.test");
      assert.equal(await isReturned("f@empty.test"), "5.4.4");
      await send("f@no-such.test");
      assert.equal(await isReturned("f@no-such.test"), "5.1.2");
    },
  );

  await scene(
    "O-29 the lower preference first, whatever the order of the answer",
    {
      "order.test": {
        mx: [
          [10, "mx2.order.test"],
          [1, "mx1.order.test"],
        ],
      },
      "mx1.order.test": at("live"),
      "mx2.order.test": at("second"),
    },
    async () => {
      const dialled = await dialledBy(async () => {
        await send("g@order.test");
        await isDelivered("g@order.test", "live");
      }, "second");
      assert.deepEqual(dialled, [0]);
    },
  );

  for (const [what, first] of [
    ["that is dead", { a: [dead] }],
    ["that is busy (421)", at("busy")],
    ["that gives no service (554)", at("refuses")],
  ] as const satisfies readonly (readonly [string, ServedName])[]) {
    const domain = `${what.replaceAll(/\W+/g, "-").replace(/-$/, "")}.two.test`;
    const names: Record<string, ServedName> = {
      [domain]: {
        mx: [
          [10, `good.${domain}`],
          [1, `first.${domain}`],
        ],
      },
      [`first.${domain}`]: first,
      [`good.${domain}`]: at("second"),
    };
    await scene(`O-29 after a host ${what} comes the next one, in the same attempt`, names, async () => {
      await send(`h@${domain}`);
      await isDelivered(`h@${domain}`, "second");
    });
  }

  await scene(
    "O-29 every address of a host is tried",
    { "both.test": { a: [dead, "127.0.0.8", places.live.address] } },
    async () => {
      for (const to of ["i1@both.test", "i2@both.test", "i3@both.test"]) {
        await send(to);
        await isDelivered(to, "live");
      }
    },
  );

  await scene(
    "O-29 equal preferences share the mail",
    {
      "equal.test": {
        mx: [
          [10, "mx1.equal.test"],
          [10, "mx2.equal.test"],
        ],
      },
      "mx1.equal.test": at("live"),
      "mx2.equal.test": at("second"),
    },
    async () => {
      const both = await dialledBy(
        async () => {
          for (let n = 0; n < 16; n++) {
            // An idle connection would be used again: it is forgotten by then.
            clock.advance(10_000);
            await send(`j${n}@equal.test`);
            await isDelivered(`j${n}@equal.test`);
          }
        },
        "live",
        "second",
      );
      assert.ok(
        both.every((count) => count >= 1),
        String(both),
      );
    },
  );
  for (const [what, names, status] of [
    ["localhost", { "a.loop.test": { mx: [[10, "localhost"]] } }, "5.4.6"],
    ["our name, in other letters", { "b.loop.test": { mx: [[10, "MAIL.Example.COM"]] } }, "5.4.6"],
    [
      "our address by another name",
      { "d.loop.test": { mx: [[10, "x.d.loop.test"]] }, "x.d.loop.test": at("ours") },
      "5.4.6",
    ],
    ["a loopback address", { "e.loop.test": { mx: [[10, "x.e.loop.test"]] }, "x.e.loop.test": at("inside") }, "5.4.4"],
    ["a loopback address, mapped", { "f.loop.test": { aaaa: ["::ffff:127.1.0.1"] } }, "5.4.4"],
    ["nobody at all", { "g.loop.test": { a: ["0.0.0.0"], aaaa: ["::"] } }, "5.4.4"],
    [
      "private addresses",
      { "h.loop.test": { a: ["10.0.0.1", "192.168.0.1", "169.254.169.254"], aaaa: ["fd00::1"] } },
      "5.4.4",
    ],
  ] as const satisfies readonly (readonly [string, Record<string, ServedName>, string])[]) {
    await scene(`O-31 an MX that leads to ${what}: back, nobody dialled`, names, async () => {
      const dialled = await dialledBy(
        async () => {
          const to = `k@${Object.keys(names)[0]}`;
          await send(to);
          assert.equal(await isReturned(to), status);
        },
        "ours",
        "inside",
      );
      assert.deepEqual(dialled, [0, 0]);
    });
  }

  await scene(
    "O-31 of several, ours and the worse ones are left out",
    {
      "c.loop.test": {
        mx: [
          [30, "late.c.loop.test"],
          [20, "mail.example.com"],
          [10, "mx.c.loop.test"],
        ],
      },
      "mx.c.loop.test": { a: [dead] },
      "late.c.loop.test": at("second"),
    },
    async () => {
      const dialled = await dialledBy(async () => {
        await send("l@c.loop.test");
        assert.match(await isDeferred("l@c.loop.test"), /ECONNREFUSED/);
      }, "second");
      assert.deepEqual(dialled, [0]);
    },
  );

  for (const [what, lie] of [
    ["another number", ({ honest, id, name, send: reply }) => reply({ ...honest, id: id ^ 1, answers: forged(name) })],
    [
      "another question",
      ({ honest, name, send: reply }) =>
        reply({ ...honest, questions: [{ type: "A", name: "x.test" }], answers: forged(name) }),
    ],
    [
      "another port",
      async ({ honest, name, port }) => {
        const somebody = createSocket("udp4");
        const packet = replyOctets({ ...honest, answers: forged(name) });
        await new Promise((resolve) => somebody.send(packet, port, "127.0.0.1", resolve));
        somebody.close();
      },
    ],
  ] as const satisfies readonly (readonly [string, (query: Query) => void | Promise<void>])[]) {
    const domain = `${what.replaceAll(" ", "-")}.lie.test`;
    const names = { [domain]: { mx: [[1, `mx.${domain}`]] }, [`mx.${domain}`]: at("live") } as const;
    await scene(`a forged answer from ${what} leads nowhere`, names, async () => {
      const dialled = await dialledBy(async () => {
        dns.behave = (query) => {
          // The forged packet is in the queue of the socket before the true one.
          void Promise.resolve(lie(query)).then(() => honestly(query));
        };
        await send(`m@${domain}`);
        await isDelivered(`m@${domain}`, "live");
      }, "evil");
      assert.deepEqual(dialled, [0]);
    });
  }

  await scene(
    "what an answer says of other domains is not believed, then or later",
    { "evil.test": at("second"), "victim.test": { mx: [[1, "mx.victim.test"]] }, "mx.victim.test": at("live") },
    async () => {
      const dialled = await dialledBy(async () => {
        const poison = [...forged("victim.test"), ...forged("mx.victim.test")];
        dns.behave = ({ name, honest, send: reply }) =>
          reply(
            name.endsWith("evil.test")
              ? { ...honest, answers: [...poison, ...(honest?.answers ?? [])], additionals: poison }
              : { ...honest },
          );
        await send("n@evil.test");
        await isDelivered("n@evil.test", "second");
        await send("n@victim.test");
        await isDelivered("n@victim.test", "live");
      }, "evil");
      assert.deepEqual(dialled, [0]);
    },
  );

  for (const [what, lie] of [
    [
      "aliases in a circle",
      ({ honest, name, send: reply }) => reply({ ...honest, answers: [{ type: "CNAME", name, data: name }] }),
    ],
    [
      "a referral",
      ({ honest, send: reply }) =>
        reply({ ...honest, answers: [], authorities: [{ type: "NS", name: "test", data: "ns.test" }] }),
    ],
    ["half an answer", ({ honest, send: reply }) => reply(replyOctets(honest ?? {}).subarray(0, -3))],
    [
      "a connection that ends midway",
      ({ by, honest, hangUp, send: reply }) =>
        by === "udp"
          ? reply({ ...honest, answers: [], flags: 1 << 9 })
          : hangUp(framed(replyOctets(honest ?? {})).subarray(0, 30)),
    ],
  ] as const satisfies readonly (readonly [string, Behaviour])[]) {
    const domain = `${what.replaceAll(" ", "-")}.broken.test`;
    const names = { [domain]: { mx: [[1, `mx.${domain}`]], ...at("web") }, [`mx.${domain}`]: at("live") } as const;
    await scene(`${what}: put off, then delivered`, names, async () => {
      const dialled = await dialledBy(async () => {
        dns.behave = (query) => (query.name === domain ? lie(query) : honestly(query));
        await send(`o@${domain}`);
        assert.match(await isDeferred(`o@${domain}`), /cannot be looked up/);
        dns.behave = honestly;
        clock.advance(6 * 60_000);
        await isDelivered(`o@${domain}`, "live");
      }, "web");
      assert.deepEqual(dialled, [0]);
    });
  }

  await scene(
    "an answer too large for UDP, behind an alias",
    {
      "alias.test": { alias: "huge.test" },
      "huge.test": { mx: Array.from({ length: 300 }, (_, n) => [n + 1, `mx${n}.huge.test`] as const) },
      "mx0.huge.test": at("live"),
    },
    async () => {
      dns.behave = (query) => {
        if (query.by === "udp" && query.type === "MX") query.send({ ...query.honest, answers: [], flags: 1 << 9 });
        else honestly(query);
      };
      await send("p@alias.test");
      await isDelivered("p@alias.test", "live");
      assert.ok(dns.heard.includes("MX alias.test tcp"));
    },
  );
});
