import assert from "node:assert/strict";
import { askServer } from "../../src/admin/socket-client.ts";
import type { Event } from "../../src/events/catalogue.ts";
import { type Mood, type MoodAt, startMoodyHop } from "../../testing/moody-hop.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { startedServer, usualBootFile } from "../../testing/world.ts";

const messages = 3_000;

/** Chances in a hundred; the same moods in the same order in every run (mulberry32). */
function seededMoods(seed: number, odds: Readonly<Partial<Record<Mood, number>>>): MoodAt {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (moment, line) => {
    if (moment === "RCPT" && isNeverTaken(line)) return "defer";
    // A hop that cannot be greeted counts as down, and makes all wait that are bound for it: seldom, or the scene takes long.
    const isGreeting = moment === "greeting" || moment === "EHLO";
    let rest = random() * (isGreeting ? 1_000 : 100);
    const mood = (Object.entries(odds) as [Mood, number][]).find(([, percent]) => (rest -= percent) < 0)?.[0] ?? "good";
    // What comes before RCPT is about all messages alike.
    return mood === "fail" && (isGreeting || moment === "MAIL") ? "defer" : mood;
  };
}

/** Thirty of them wait to the end. */
const isNeverTaken = (text: string) => /\b\d*99to@r\.test/.test(text);
const numberOf = (text: string) => Number(/\b(\d+)to@r\.test/.exec(text)?.[1] ?? NaN);

const shortSchedule = '\n[queue]\nretry = ["1 s"]\nlifetime = "1 h"\n';

peerTest(
  "thousands of messages to a hop that fails, defers and drops are all accounted for",
  ["postfix"],
  async (t) => {
    const hop = await startMoodyHop(t, seededMoods(20_261_125, { defer: 3, fail: 1, drop: 1.5, lose: 1 }));
    const policy = `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${hop.host}, port: ${hop.port}, tls: "off" }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;
    const world = await startedServer(t, policy, { boot: usualBootFile + shortSchedule });
    let waiting = messages * 0.99;
    const over = world.seen(
      (event) => event.name === "recipient-finished" && !Number.isNaN(numberOf(event.forwardPath)) && --waiting === 0,
    );
    const sent = await runPeer("postfix", [
      ...["smtp-source", "-d", "-N", "-s", "20", "-m", String(messages), "-l", "640"],
      ...["-f", "admin@mx.example.test", "-t", "to@r.test", `127.0.0.1:${world.portOf("relay")}`],
    ]);
    assert.equal(sent.code, 0, sent.err);
    await over;

    const finished = new Map<number, Event & { name: "recipient-finished" }>();
    for (const event of world.events) {
      if (event.name !== "recipient-finished" || Number.isNaN(numberOf(event.forwardPath))) continue;
      assert.equal(finished.has(numberOf(event.forwardPath)), false, `${event.forwardPath} finished twice`);
      finished.set(numberOf(event.forwardPath), event);
    }
    const listed = await askServer(world.data, { operation: "queue list", input: { limit: 10_000 } });
    assert.ok(listed !== null && "done" in listed, JSON.stringify(listed));
    const queued = (listed.done as readonly { to: string; waits: string }[]).map(({ to }) => numberOf(to));
    const numbers = [...finished.keys(), ...queued].toSorted((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: messages }, (_, index) => index + (numbers[0] ?? 0)),
    );
    assert.equal(queued.length, messages * 0.01);

    const taken = Map.groupBy(hop.taken, ({ rcpts }) => numberOf(rcpts[0] ?? ""));
    const reported = world.events.flatMap((event) => (event.name === "report-composed" ? event.about : []));
    for (const [number, { outcome, message }] of finished) {
      const copies = taken.get(number) ?? [];
      // What was taken and answered is never sent again; what was taken without an answer may be.
      assert.equal(copies.filter(({ isAnswered }) => isAnswered).length, outcome === "delivered" ? 1 : 0, `${number}`);
      assert.equal(reported.includes(message), outcome === "failed", `${number}: ${outcome}`);
    }
    // smtp-source gives all the same body.
    const bodies = new Set(hop.taken.map(({ content }) => content.split("\r\n\r\n")[1] ?? ""));
    assert.deepEqual(
      [...bodies].map((body) => [body.slice(0, 3), body.length]),
      [["1XX", 642]],
    );
    const count = (wanted: string) => [...finished.values()].filter(({ outcome }) => outcome === wanted).length;
    assert.ok(count("failed") > 10 && count("delivered") > messages / 2, "the hop was not moody");
    const unanswered = hop.taken.filter(({ isAnswered }) => !isAnswered).length;
    assert.ok(unanswered > 10, "the hop never lost a connection after the content");
    t.diagnostic(
      `${count("delivered")} delivered, ${count("failed")} failed, ${queued.length} wait, ${unanswered} lost`,
    );
  },
);
