import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../../testing/fake-clock.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import type { Event } from "../events/catalogue.ts";
import type { Clock } from "../time/clock.ts";
import { openJournal } from "./journal.ts";
import type { JournalOptions } from "./journal.ts";
import { countDecisions, decisionById, recentDecisions } from "./journal-desk.ts";
import { forgetDecisions, forgetHourly } from "./journal-forgetting.ts";
import { rowsAtOnce } from "./journal-rows.ts";
import type { JournalledDecision } from "./journal-rows.ts";
import { idOfRef } from "./ref.ts";
import type { Store } from "./store.ts";

const start = Date.UTC(2026, 10, 25, 5, 0, 0);

function decision(change: Partial<JournalledDecision> = {}): JournalledDecision {
  return {
    at: start,
    verdict: "refuse",
    rule: "relay-denied",
    policy_version: 1,
    listener: "relay",
    client: "203.0.113.9",
    account: null,
    reverse_path: "alice@other.test",
    forward_path: "bob@third.test",
    facts: () => "{}",
    entry_id: null,
    ...change,
  };
}

/** A journal over a store in memory, a clock turned by hand, and a store that fails on demand. */
async function desk(options: Partial<JournalOptions> = {}) {
  const memory = await openMemoryStore();
  const state = { fails: false, units: 0 };
  const store: Store = {
    commit: (unit) => {
      state.units++;
      return state.fails ? Promise.reject(new Error("the disk is full")) : memory.commit(unit);
    },
    read: (statement) => memory.read(statement),
    nextId: () => memory.nextId(),
    close: () => memory.close(),
  };
  const timers: (() => void)[] = [];
  const clock: Clock = { now: () => start, after: (_, act) => (timers.push(act), { cancel: () => {} }) };
  const events: Event[] = [];
  const journal = openJournal({ store, clock, emit: (event) => void events.push(event), ...options });
  return { journal, store, state, timers, events };
}

test("a refusal is kept by the timer and found by its REF", async () => {
  const { journal, store, timers } = await desk();
  const ref = journal.refused(decision({ facts: () => '{"tls":true}' }));
  assert.equal(timers.length, 1);
  assert.deepEqual(await countDecisions(store), { rows: 0, decisions: 0 });
  timers[0]?.();
  await journal.flush();
  const { facts, ...rest } = decision();
  assert.equal(typeof facts, "function");
  const id = idOfRef(ref) ?? -1;
  assert.deepEqual(await decisionById(store, id), { ...rest, id, count: 1, facts: '{"tls":true}' });
});

test("an acceptance is a statement for the message's own unit", async () => {
  const { journal, store, state } = await desk();
  const { statement, ref } = journal.accepted(decision({ verdict: "deliver", rule: "inbound", entry_id: 7 }));
  assert.equal(state.units, 0);
  await store.commit([statement]);
  assert.equal((await decisionById(store, idOfRef(ref) ?? -1))?.entry_id, 7);
});

test("equal refusals share a row, a count and a REF, before and after it is kept; facts are made once", async () => {
  const { journal, store } = await desk();
  let made = 0;
  const facts = () => String(++made);
  const refs = new Set<string>();
  for (let i = 0; i < 3; i++) refs.add(journal.refused(decision({ facts, forward_path: `bob${i}@third.test` })));
  await journal.flush();
  for (let i = 0; i < 4; i++) refs.add(journal.refused(decision({ facts, at: start + 59_999 })));
  await journal.flush();
  assert.deepEqual([refs.size, made], [1, 1]);
  assert.deepEqual(await countDecisions(store), { rows: 1, decisions: 7 });
});

const different: readonly (readonly [string, Partial<JournalledDecision>])[] = [
  ["client", { client: "203.0.113.10" }],
  ["listener", { listener: "submission" }],
  ["rule", { rule: "never" }],
  ["destination domain", { forward_path: "bob@fourth.test" }],
  ["minute", { at: start + 60_000 }],
];

test("what differs in client, listener, rule, destination domain or minute has a row of its own", async () => {
  const { journal } = await desk();
  for (const [what, change] of different) {
    assert.notEqual(journal.refused(decision()), journal.refused(decision(change)), what);
  }
});

test("an IPv6 client is its /64", async () => {
  const { journal } = await desk();
  const of = (client: string) => journal.refused(decision({ client }));
  assert.equal(of("2001:db8::1"), of("2001:db8::ffff:1"));
  assert.notEqual(of("2001:db8::1"), of("2001:db8:0:1::1"));
});

test("the last @ separates the domain, so a quoted one does not fold destinations together", async () => {
  const { journal } = await desk();
  const to = (forward_path: string) => journal.refused(decision({ forward_path }));
  assert.notEqual(to('"x@a.test"@third.test'), to('"x@a.test"@fourth.test'));
});

test("counts equal the replies, in whatever order refusals, flushes and minutes come", async () => {
  const step = fc.oneof(
    fc.record({
      client: fc.integer({ min: 0, max: 3 }),
      domain: fc.integer({ min: 0, max: 2 }),
      later: fc.nat(40_000),
    }),
    fc.constant("flush" as const),
    fc.constant("timer" as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { journal, store, timers } = await desk({ foldsRemembered: 3 });
      const repliesOf = new Map<string, number>();
      let now = start;
      for (const one of steps) {
        if (one === "flush") void journal.flush();
        else if (one === "timer") timers.splice(0).forEach((act) => act());
        else {
          now += one.later;
          const change = { at: now, client: `203.0.113.${one.client}`, forward_path: `x@${one.domain}.test` };
          const ref = journal.refused(decision(change));
          repliesOf.set(ref, (repliesOf.get(ref) ?? 0) + 1);
        }
      }
      await journal.close();
      const kept = await recentDecisions(store, {}, 1_000);
      assert.deepEqual(
        new Map(kept.map(({ id, count }) => [id, count])),
        new Map(
          [...repliesOf].map(([ref, count]) => [idOfRef(ref) ?? -1, count] as const).toSorted(([a], [b]) => b - a),
        ),
      );
      await store.close();
    }),
    { numRuns: 60 },
  );
});

test("many different refusals go in full units, without waiting for the timer", async () => {
  const { journal, store, state } = await desk();
  for (let i = 0; i < 1_100; i++) journal.refused(decision({ client: `10.0.${i >> 8}.${i & 255}` }));
  assert.equal(state.units, 2);
  await journal.flush();
  assert.deepEqual(await countDecisions(store), { rows: 1_100, decisions: 1_100 });
  assert.ok(1_100 % rowsAtOnce !== 0, "both kinds of statements were used");
});

test("a store that fails costs rows, says so once a unit, and the journal goes on", async () => {
  const { journal, store, state, events } = await desk();
  state.fails = true;
  for (let i = 0; i < 3; i++) journal.refused(decision());
  await journal.flush();
  assert.equal(journal.lost, 3);
  assert.deepEqual(events, [
    {
      name: "trouble",
      doing: "keeping refusals in the decision journal",
      problem: "3 are lost: the disk is full",
    },
  ]);
  state.fails = false;
  const ref = journal.refused(decision());
  await journal.flush();
  assert.equal((await decisionById(store, idOfRef(ref) ?? -1))?.count, 1);
});

test("rows that wait for a stuck store are bounded", async () => {
  const memory = await openMemoryStore();
  const stuck: Store = { ...storeOf(memory), commit: () => new Promise(() => {}) };
  const clock: Clock = { now: () => start, after: () => ({ cancel: () => {} }) };
  const journal = openJournal({ store: stuck, clock, emit: () => {}, rowsWaiting: 1_000 });
  for (let i = 0; i < 5_000; i++) journal.refused(decision({ client: `10.0.${i >> 8}.${i & 255}` }));
  assert.equal(journal.lost, 4_000);
});

function storeOf(store: Store): Store {
  return {
    commit: (unit) => store.commit(unit),
    read: (statement) => store.read(statement),
    nextId: () => store.nextId(),
    close: () => store.close(),
  };
}

test("recent decisions, newest first, by what one looks for", async () => {
  const { journal, store } = await desk();
  journal.refused(decision({ rule: "never", client: "192.0.2.66" }));
  journal.refused(decision({ rule: "relay-denied", at: start + 1 }));
  journal.refused(decision({ rule: "unknown-mailbox", at: start + 2, listener: "submission", account: "anna" }));
  await journal.flush();
  const rules = async (filter: Parameters<typeof recentDecisions>[1], limit = 10) =>
    (await recentDecisions(store, filter, limit)).map(({ rule }) => rule);
  assert.deepEqual(await rules({}), ["unknown-mailbox", "relay-denied", "never"]);
  assert.deepEqual(await rules({}, 1), ["unknown-mailbox"]);
  assert.deepEqual(await rules({ client: "192.0.2.66" }), ["never"]);
  assert.deepEqual(await rules({ account: "anna", listener: "submission", verdict: "refuse" }), ["unknown-mailbox"]);
  assert.deepEqual(await rules({ since: start + 1, rule: "relay-denied" }), ["relay-denied"]);
  const [newest] = await recentDecisions(store, {}, 1);
  assert.deepEqual(await rules({ before: newest?.id ?? 0 }), ["relay-denied", "never"]);
});

test("what is too old goes, and the oldest beyond the number of rows", async () => {
  const { journal, store, state } = await desk();
  const day = 86_400_000;
  for (let i = 0; i < 1_200; i++) journal.refused(decision({ at: start + i, client: `10.0.${i >> 8}.${i & 255}` }));
  journal.refused(decision({ at: start + 40 * day }));
  journal.refused(decision({ at: start + 40 * day + 1, rule: "never" }));
  await journal.flush();
  const before = state.units;
  assert.equal(await forgetDecisions(store, { now: start + 40 * day, days: 30, maxRows: 1_000_000 }), 1_200);
  assert.equal(state.units - before, 3);
  assert.equal(await forgetDecisions(store, { now: start + 40 * day, days: 30, maxRows: 1 }), 1);
  assert.deepEqual(
    (await recentDecisions(store, {}, 10)).map(({ rule }) => rule),
    ["never"],
  );
});

test("forgetting goes on every hour, also after a failure, until it is stopped", async () => {
  const { journal, store, state, events } = await desk();
  const clock = new FakeClock(start);
  const kept = () => countDecisions(store).then(({ rows }) => rows);
  const forgetting = forgetHourly({
    store,
    clock,
    emit: (event) => void events.push(event),
    days: 1,
    maxRows: 1_000,
  });
  journal.refused(decision({ at: start - 2 * 86_400_000 }));
  await journal.flush();
  state.fails = true;
  await clock.pass(60_000);
  assert.deepEqual(events, [
    { name: "trouble", doing: "forgetting old decisions", problem: "Error: the disk is full" },
  ]);
  state.fails = false;
  assert.equal(await kept(), 1);
  await clock.pass(3_600_000);
  assert.equal(await kept(), 0);
  await forgetting.stop();
  journal.refused(decision({ at: start - 3 * 86_400_000 }));
  await journal.flush();
  await clock.pass(7_200_000);
  assert.equal(await kept(), 1);
});
