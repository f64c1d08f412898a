import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { HopEnd, limits } from "../../testing/next-hop.ts";
import { formatIp, parseIp } from "../address/ip.ts";
import type { Dial } from "../net/dial.ts";
import { Connector } from "./connector.ts";
import type { Target } from "./target.ts";

/** Two hosts of one target, of which those named in `dead` cannot be connected to and those in `unwilling` say 421. */
function scene() {
  const clock = new FakeClock();
  const dialled: string[] = [];
  const dead = new Set<string>();
  const unwilling = new Set<string>();
  const dial: Dial = ({ ip }) => {
    const address = formatIp(ip);
    dialled.push(address);
    if (dead.has(address)) return Promise.reject(new Error("connection timed out"));
    const [ours, theirs] = duplexPair();
    void greet(new HopEnd(theirs), unwilling.has(address));
    return Promise.resolve(ours);
  };
  const connector = new Connector({ hello: "mail.example.com", clock, dial, emit: () => {} });
  const target: Target = {
    key: "r.test",
    tls: "off",
    hosts: [first, second].map((text) => ({ name: "mx.r.test", ip: parseIp(text) ?? assert.fail(), port: 25 })),
  };
  /** The addresses that were dialled for one connection, in their order. */
  async function dials(): Promise<readonly string[]> {
    dialled.length = 0;
    const opened = await connector.openAny(target, limits);
    if ("peer" in opened) opened.peer.close();
    return [...dialled];
  }
  return { clock, dead, unwilling, dials };
}

const first = "192.0.2.1";
const second = "2001:db8::2";

async function greet(end: HopEnd, isUnwilling: boolean): Promise<void> {
  end.say(isUnwilling ? "421 too busy\r\n" : "220 mx.r.test\r\n");
  if (isUnwilling) return;
  await end.hearLine();
  end.say("250 mx.r.test\r\n");
}

test("O-29: an address that did not answer comes last for ten minutes, then in its turn again", async () => {
  const { clock, dead, dials } = scene();
  dead.add(first);
  assert.deepEqual(await dials(), [first, second]);
  assert.deepEqual(await dials(), [second]);
  clock.advance(10 * 60_000);
  assert.deepEqual(await dials(), [first, second]);
});

test("an address that did not answer is tried when no other does, and comes in its turn once it answered", async () => {
  const { dead, unwilling, dials } = scene();
  dead.add(first);
  await dials();
  dead.delete(first);
  unwilling.add(second);
  assert.deepEqual(await dials(), [second, first]);
  unwilling.clear();
  assert.deepEqual(await dials(), [first]);
});

test("an address that answers 421 keeps its turn: only silence costs time", async () => {
  const { unwilling, dials } = scene();
  unwilling.add(first);
  assert.deepEqual(await dials(), [first, second]);
  assert.deepEqual(await dials(), [first, second]);
});
