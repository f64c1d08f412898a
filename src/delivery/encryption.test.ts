import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { HopEnd, limits, outgoing } from "../../testing/next-hop.ts";
import type { Event } from "../events/catalogue.ts";
import { dial } from "../net/dial.ts";
import { selfSigned } from "../tls/self-signed.ts";
import { Connector } from "./connector.ts";
import { HostsRemote } from "./hosts-remote.ts";
import type { Target } from "./target.ts";

/** What an MX that offers STARTTLS does after the command. `raw`: the bytes below TLS. */
type Failing = (end: HopEnd, raw: Socket) => void;

const failings: Record<string, Failing> = {
  "(a) an alert": (end) => end.say("220 go on\r\n", Buffer.from("15030300020228", "hex")),
  "(b) the connection is closed": (end, raw) => {
    end.say("220 go on\r\n");
    raw.end();
  },
  "(b) … or torn down": (end, raw) => {
    end.say("220 go on\r\n");
    raw.resetAndDestroy();
  },
  "(c) silence": (end) => end.say("220 go on\r\n"),
  "(d) 454": (end) => end.say("454 4.7.0 not now\r\n"),
  "(e) plain text goes on": (end) => end.say("220 go on\r\n", "250 what you like\r\n"),
};

describe("O-30: STARTTLS is offered and fails", { timeout: 20_000 }, () => {
  let identity: Awaited<ReturnType<typeof selfSigned>>;
  before(async () => {
    // For another name than the host's: case (f).
    identity = await selfSigned("elsewhere.test", Date.now());
  });

  async function scene(t: TestContext, tls: Target["tls"], failing: Failing | "works") {
    const clock = new FakeClock();
    const events: Event[] = [];
    const ends: ("clear" | "TLS" | "failed")[] = [];
    const sockets = new Set<Socket>();
    const host = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      void serve(new HopEnd(socket, Infinity), socket).catch(() => socket.destroy());
    });

    async function serve(end: HopEnd, socket: Socket): Promise<void> {
      end.say("220 mx.r.test\r\n");
      await end.hearLine();
      end.say("250-mx.r.test\r\n250 STARTTLS\r\n");
      let line = await end.hearLine();
      let how: "clear" | "TLS" = "clear";
      if (line === "STARTTLS" && failing !== "works") {
        ends.push("failed");
        failing(end, socket);
        // Silence ends when the clock passes the time for a handshake, and not before.
        if (failing === failings["(c) silence"]) {
          await end.hearSomething();
          clock.advance(limits.connect - 1);
          assert.equal(socket.destroyed, false);
          clock.advance(1);
        }
        return;
      }
      if (line === "STARTTLS") {
        end.say("220 go on\r\n");
        await end.startTls(identity);
        await end.hearLine();
        end.say("250 mx.r.test\r\n");
        line = await end.hearLine();
        how = "TLS";
      }
      ends.push(how);
      for (; !line.startsWith("DATA"); line = await end.hearLine()) end.say("250 ok\r\n");
      end.say("354 go on\r\n");
      while (line !== ".") line = await end.hearLine();
      end.say("250 taken\r\n");
    }

    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    const { port } = host.address() as AddressInfo;
    const connector = new Connector({ hello: "us.test", clock, dial, emit: (event) => void events.push(event) });
    const remote = new HostsRemote({ connector, limits, messagesPerConnection: 1, idleMs: 5_000, clock });
    t.after(() => {
      host.close();
      for (const socket of sockets) socket.destroy();
    });
    const target = {
      key: "r.test",
      hosts: [{ name: "mx.r.test", ip: { family: 4, value: 0x7f000001 } as const, port }],
      tls,
    };
    return { send: () => remote.send(target, outgoing()), ends, events, clock };
  }

  for (const [name, failing] of Object.entries(failings)) {
    it(`${name}: opportunistic goes on in clear, remembers it, and says so`, async (t) => {
      const { send, ends, events, clock } = await scene(t, "opportunistic", failing);
      assert.equal((await send()).outcomes[0]?.result, "accepted");
      assert.equal((await send()).outcomes[0]?.result, "accepted");
      assert.deepEqual(ends, ["failed", "clear", "clear"]);
      assert.deepEqual(
        events.map((event) => event.name),
        ["spoken-to-in-clear"],
      );
      clock.advance(10 * 60_000);
      assert.equal((await send()).outcomes[0]?.result, "accepted");
      assert.deepEqual(ends.slice(3), ["failed", "clear"], "after a while encryption is tried again");
    });

    for (const tls of ["require", "verify"] as const) {
      it(`${name}: ${tls} waits, and nothing is said in clear`, async (t) => {
        const { send, ends, events } = await scene(t, tls, failing);
        const { outcomes, isDown } = await send();
        assert.deepEqual([outcomes[0]?.result, outcomes[0]?.status, isDown], ["transient", "4.7.5", true]);
        assert.deepEqual(ends, ["failed"]);
        assert.deepEqual(events, []);
      });
    }
  }

  it("(f) a certificate for another name: taken, unless the route wants it verified", async (t) => {
    for (const tls of ["opportunistic", "require"] as const) {
      const { send, ends } = await scene(t, tls, "works");
      assert.equal((await send()).outcomes[0]?.result, "accepted");
      assert.deepEqual(ends, ["TLS"]);
    }
    const { send, ends } = await scene(t, "verify", "works");
    const [outcome] = (await send()).outcomes;
    assert.deepEqual([outcome?.result, outcome?.status], ["transient", "4.7.5"]);
    assert.deepEqual(ends, []);
  });
});
