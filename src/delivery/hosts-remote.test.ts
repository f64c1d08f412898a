import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { quiet } from "../../testing/fake-clock.ts";
import { type HopEnd, NextHop, outgoing, target } from "../../testing/next-hop.ts";
import { isConfig, readConfig } from "../config/read.ts";

const minuteMs = 60_000;
const transaction = "MAIL FROM:<a@example.com>\r\nRCPT TO:<ok@r.test>\r\nDATA\r\n";
const content = "Subject: t\r\n\r\nx\r\n.\r\n";

async function greet(hop: NextHop): Promise<HopEnd> {
  const end = await hop.accept();
  end.say("220 mx.r.test\r\n");
  await end.hear("EHLO mail.example.com\r\n");
  end.say("250-mx.r.test\r\n250 PIPELINING\r\n");
  return end;
}

async function takeOne(end: HopEnd): Promise<void> {
  await end.hear(transaction);
  end.say("250 ok\r\n250 ok\r\n354 go on\r\n");
  await end.hear(content);
  end.say("250 taken\r\n");
}

describe("O-37: the answer to the dot", () => {
  it("(b) is waited for ten minutes", async () => {
    const hop = new NextHop();
    const sent = hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await end.hear(transaction);
    end.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    await end.hear(content);
    await hop.clock.pass(9 * minuteMs + 59_000);
    assert.equal(end.isClosed, false);
    end.say("250 taken at last\r\n");
    assert.deepEqual(
      (await sent).outcomes.map(({ result }) => result),
      ["accepted"],
    );
  });

  it("(b) also where the boot file says nothing of it", () => {
    const config = readConfig({ file: null, environment: {}, machineName: "mx.example.test", folder: "/nowhere" });
    assert.ok(isConfig(config));
    assert.equal(config.delivery.endOfContent, 10 * minuteMs);
  });

  it("(c) is not waited for for ever; then it is in doubt", async () => {
    const hop = new NextHop();
    const sent = hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await end.hear(transaction);
    end.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    await end.hear(content);
    await hop.clock.pass(10 * minuteMs);
    const [outcome] = (await sent).outcomes;
    assert.equal(outcome?.result, "transient");
    assert.match(outcome?.said ?? "", /a duplicate is possible/);
    assert.ok(end.isClosed);
  });
});

describe("kept connections", () => {
  it("carry the next message", async () => {
    const hop = new NextHop();
    const first = hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await takeOne(end);
    await first;
    const second = hop.remote.send(target, outgoing());
    await takeOne(end);
    assert.equal((await second).outcomes[0]?.result, "accepted");
    assert.equal(hop.dials, 1);
  });

  const ends: Record<string, (end: HopEnd) => void> = {
    "that the host closed": (end) => end.close(),
    "on which the host said good-bye": (end) => end.say("421 4.4.2 idle for too long\r\n"),
    "on which the host said something that nobody asked for": (end) => end.say("250 hello?\r\n"),
  };
  for (const [name, happens] of Object.entries(ends)) {
    it(`${name} say nothing about the next message`, async () => {
      const hop = new NextHop();
      const first = hop.remote.send(target, outgoing());
      const end = await greet(hop);
      await takeOne(end);
      await first;
      happens(end);
      await quiet();
      const second = hop.remote.send(target, outgoing());
      await takeOne(await greet(hop));
      assert.equal((await second).outcomes[0]?.result, "accepted");
    });
  }

  it("… also when that comes together with MAIL", async () => {
    for (const farewell of ["421 4.4.2 idle for too long\r\n", ""]) {
      const hop = new NextHop();
      const first = hop.remote.send(target, outgoing());
      const end = await greet(hop);
      await takeOne(end);
      await first;
      const second = hop.remote.send(target, outgoing());
      await end.hear(transaction);
      end.say(farewell);
      end.close();
      await takeOne(await greet(hop));
      assert.equal((await second).outcomes[0]?.result, "accepted");
    }
  });

  it("what was said about a message on one is not asked again on another", async () => {
    const hop = new NextHop();
    const first = hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await takeOne(end);
    await first;
    const second = hop.remote.send(target, outgoing());
    await end.hear(transaction);
    end.say("250 ok\r\n");
    end.close();
    assert.equal((await second).outcomes[0]?.status, "4.4.2");
    assert.equal(hop.dials, 1);
  });

  it("end after a while, and at the end", async () => {
    const hop = new NextHop();
    const first = hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await takeOne(end);
    await first;
    await hop.clock.pass(6_000);
    await end.hear("QUIT\r\n");
    assert.equal(hop.clock.timers, 0);
    await hop.remote.close(1_000);
  });
});

describe("closing", () => {
  it("waits for what is under way, and not longer than it may", async () => {
    const hop = new NextHop();
    void hop.remote.send(target, outgoing());
    const end = await greet(hop);
    await end.hear(transaction);
    let isClosed = false;
    const closing = hop.remote.close(20_000).then(() => (isClosed = true));
    await hop.clock.pass(19_000);
    assert.equal(isClosed, false);
    await hop.clock.pass(1_000);
    await closing;
  });
});

describe("a content that cannot be read to its end", () => {
  it("is not ended with a dot", async () => {
    const hop = new NextHop();
    const broken = {
      size: 100,
      bytes: null,
      flaw: () => Promise.resolve(null),
      async *stream() {
        yield Buffer.from("Subject: t\r\n");
        throw new Error("the disk is gone");
      },
    };
    const sent = hop.remote.send(target, { ...outgoing(), content: broken });
    const end = await greet(hop);
    await end.hear(transaction);
    end.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    await end.closed();
    await end.hear("Subject: t\r\n");
    const [outcome] = (await sent).outcomes;
    assert.equal(outcome?.result, "transient");
    assert.match(outcome?.said ?? "", /the disk is gone/);
  });

  it("a host that has had enough before the dot is heard", async () => {
    const hop = new NextHop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = {
      size: 100,
      bytes: null,
      flaw: () => Promise.resolve(null),
      async *stream() {
        yield Buffer.from("Subject: t\r\n");
        await promise;
        yield Buffer.from("\r\nx\r\n");
      },
    };
    const sent = hop.remote.send(target, { ...outgoing(), content: slow });
    const end = await greet(hop);
    await end.hear(transaction);
    end.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    await end.hear("Subject: t\r\n");
    end.say("552 5.3.4 too much\r\n");
    end.close();
    await quiet();
    resolve();
    const [outcome] = (await sent).outcomes;
    assert.deepEqual([outcome?.result, outcome?.status], ["permanent", "5.3.4"]);
  });
});
