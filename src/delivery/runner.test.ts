import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, quiet } from "../../testing/fake-clock.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import type { Event } from "../events/catalogue.ts";
import type { QueuedRecipient, QueueEntry, RecipientOutcome } from "../queue/entry.ts";
import { defaultSchedule } from "../queue/schedule.ts";
import { openContents } from "../store/content.ts";
import { StoreUnavailable } from "../store/store.ts";
import { countQueue } from "../store/queue-desk.ts";
import { insertEntry, insertRecipient } from "../store/queue.ts";
import { Memory } from "../store/memory.ts";
import type { ReportRequest } from "../store/reporting.ts";
import { Runner, type RunnerOptions } from "./runner.ts";
import type { Outgoing } from "./target.ts";

const hourMs = 3_600_000;
const accepted: RecipientOutcome = { result: "accepted", code: 250, status: "2.0.0", said: "250 ok", host: "mx" };
const deferred: RecipientOutcome = { result: "transient", code: 451, status: "4.2.1", said: "451 later", host: "mx" };
const down: RecipientOutcome = { result: "transient", code: null, status: "4.4.1", said: "no route", host: null };

type Answer = { outcome: RecipientOutcome; isDown?: boolean };

type Found = Awaited<ReturnType<RunnerOptions["targetFor"]>>;
const found: Found = { key: "mx", hosts: [], tls: "off" };

/** A runner over a store in memory, a clock turned by hand, and a next hop that answers as told. */
async function scene(
  answer: (message: Outgoing) => Answer | Promise<Answer>,
  { lookUp = () => found, mostOctets = 64e6 }: { lookUp?: () => Found; mostOctets?: number } = {},
) {
  const clock = new FakeClock();
  const store = await openMemoryStore();
  const memory = new Memory(mostOctets);
  const events: Event[] = [];
  const sent: { readonly at: number; readonly to: string }[] = [];
  const reports: ReportRequest[] = [];
  const runner = new Runner({
    store,
    contents: openContents({ folder: "/nowhere", store }),
    remote: {
      async send(_target, message) {
        for (const { forwardPath } of message.recipients) sent.push({ at: clock.now(), to: forwardPath });
        const { outcome, isDown = false } = await answer(message);
        return { outcomes: message.recipients.map(() => outcome), isDown };
      },
      close: () => Promise.resolve(),
    },
    reports: {
      reportOn(request) {
        reports.push(request);
        return Promise.resolve({ message: `report ${reports.length}`, unit: [] });
      },
    },
    schedule: defaultSchedule,
    clock,
    random: () => 0,
    emit: (event) => events.push(event),
    memory,
    destinationOf: (forwardPath) => {
      const [localPart = "", domain = ""] = forwardPath.split("@");
      // The domain became ours while the message waited.
      if (domain === "here.test") return { kind: "here", address: { localPart, domain } };
      return {
        kind: "away",
        address: { localPart, domain },
        nextHop: { via: "mx", domain, tls: "opportunistic" },
        isBackupMx: false,
      };
    },
    deliverHere: async (_entry, { forwardPath }) =>
      forwardPath.startsWith("nobody@") ? null : { statements: [], committed() {} },
    targetFor: () => Promise.resolve(lookUp()),
    most: { inAll: 100, perDestination: 5, recipients: 100 },
    leaseMs: hourMs,
    isAlone: true,
  });

  async function queue(to: string, { notify = null, size = 100 }: { notify?: string | null; size?: number } = {}) {
    const [contentId, id] = [store.nextId(), store.nextId()];
    const bytes = Buffer.alloc(size, "Subject: x\r\n\r\nx\r\n");
    const entry: QueueEntry = {
      id,
      contentId,
      size: bytes.length,
      reversePath: "a@b.test",
      bornAt: clock.now(),
      body: "7BIT",
      smtpUtf8: false,
      ret: null,
      envid: null,
      listener: "relay",
      client: "192.0.2.1",
      account: null,
    };
    const recipient: QueuedRecipient = {
      id: store.nextId(),
      entryId: id,
      forwardPath: to,
      originalPath: null,
      orcpt: null,
      notify,
      dueAt: clock.now(),
      attempts: 0,
      isDelayReported: false,
    };
    await store.commit([
      {
        sql: "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, NULL)",
        parameters: [contentId, bytes.length, bytes],
      },
      insertEntry(entry),
      insertRecipient(recipient, 0),
    ]);
  }
  const left = async () => Number((await store.read(countQueue))[0]?.["recipients"]);
  return { clock, runner, events, sent, reports, queue, left, store, memory };
}

test("before it is started nothing is claimed, reserved or sent", async () => {
  const { clock, runner, sent, queue } = await scene(() => ({ outcome: accepted }));
  await queue("c@d.test");
  assert.equal(runner.reserve({ recipients: 1, octets: 0 }), null);
  runner.wake();
  await clock.pass(hourMs);
  assert.equal(sent.length, 0);
  runner.start();
  await clock.pass(1_000);
  assert.equal(sent.length, 1);
});

test("what is delivered leaves the queue with its entry and content", async () => {
  const { clock, runner, queue, left, store } = await scene(() => ({ outcome: accepted }));
  await queue("c@d.test");
  runner.start();
  await clock.pass(1_000);
  assert.equal(await left(), 0);
  assert.deepEqual(await store.read({ sql: "SELECT id FROM content", parameters: [] }), []);
});

test("five days of retries in a moment: anchored at birth, a word after four hours, the end after five days", async () => {
  const { clock, runner, sent, reports, queue, left, events } = await scene(() => ({ outcome: deferred }));
  await queue("c@d.test");
  const bornAt = clock.now();
  runner.start();
  await clock.pass(6 * 24 * hourMs);
  const hours = sent.map(({ at }) => Math.round(((at - bornAt) / hourMs) * 10) / 10);
  assert.deepEqual(hours.slice(0, 6), [0, 0.1, 0.3, 0.8, 1.8, 4]);
  assert.equal(Math.max(...hours), 120);
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ["delay", "failure"],
  );
  assert.deepEqual(
    events.flatMap((event) => (event.name === "report-composed" ? [[event.message, event.kind]] : [])),
    [
      ["report 1", "delay"],
      ["report 2", "failure"],
    ],
  );
  assert.equal(reports[1]?.recipients[0]?.outcome.status, "4.4.7");
  assert.equal(await left(), 0);
  assert.ok(events.some((event) => event.name === "recipient-finished" && event.outcome === "expired"));
});

test("a destination that is down is probed by one message, not by all", async () => {
  const { clock, runner, sent, queue, left } = await scene(() => ({ outcome: down, isDown: true }));
  for (let n = 0; n < 50; n++) await queue(`c${n}@d.test`);
  runner.start();
  await clock.pass(1_000);
  // Five were under way together before the first came back; the others turned back without being dialled.
  assert.ok(sent.length <= 5, `${sent.length} were dialled`);
  assert.equal(await left(), 50);
  sent.length = 0;
  await clock.pass(320_000);
  // It is known now: at the second try one goes ahead.
  assert.equal(sent.length, 1);
});

test("a destination that was down and is there again gets all that waits", async () => {
  let isDown = true;
  const { clock, runner, queue, left } = await scene(() => ({ outcome: isDown ? down : accepted, isDown }));
  for (let n = 0; n < 50; n++) await queue(`c${n}@d.test`);
  runner.start();
  await clock.pass(1_000);
  isDown = false;
  await clock.pass(320_000);
  assert.equal(await left(), 0);
});

test("O-28: what waits for a domain that cannot be looked up is one probe, not a lookup each", async () => {
  let lookups = 0;
  const failed: Found = { ...down, status: "4.4.3", said: "an exchange of d.test cannot be looked up" };
  const { clock, runner, sent, queue, left, events } = await scene(() => ({ outcome: accepted }), {
    lookUp: () => (lookups++, failed),
  });
  for (let n = 0; n < 50; n++) await queue(`c${n}@d.test`);
  runner.start();
  await clock.pass(1_000);
  assert.ok(lookups <= 5, `${lookups} were looked up`);
  const told = events.flatMap((event) => (event.name === "recipient-deferred" ? [event.said] : []));
  assert.equal(told.length, 50);
  assert.ok(told.every((said) => said.includes(failed.said)));
  lookups = 0;
  await clock.pass(320_000);
  assert.deepEqual([lookups, sent.length, await left()], [1, 0, 50]);
});

test("a lease that was not recorded ends, and the next try comes: at most a duplicate, never a loss", async () => {
  let isFirst = true;
  const { clock, runner, sent, queue, left, store } = await scene(() => {
    if (isFirst) store.failNext(new Error("the process was killed here"));
    isFirst = false;
    return { outcome: accepted };
  });
  await queue("c@d.test");
  runner.start();
  await clock.pass(10_000);
  assert.deepEqual([sent.length, await left()], [1, 1]);
  await clock.pass(2 * hourMs);
  assert.deepEqual([sent.length, await left()], [2, 0]);
});

test("a stop records what is under way and gives back what is not, so that the next start sends it at once", async () => {
  const answers: ((answer: Answer) => void)[] = [];
  const { clock, runner, sent, queue, events, store } = await scene(
    () => new Promise<Answer>((resolve) => answers.push(resolve)),
  );
  for (let n = 0; n < 8; n++) await queue(`c${n}@d.test`);
  runner.start();
  await clock.pass(1_000);
  assert.equal(sent.length, 5);
  const stopped = runner.stop(10_000).then(() => "stopped");
  await quiet();
  for (const answer of answers) answer({ outcome: accepted });
  assert.equal(await stopped, "stopped");
  // Only what was done before the promise resolved counts: the store is closed then.
  store.failNext(new StoreUnavailable("closed", { isFatal: true, isFull: false }));
  await quiet();
  const waiting = await store.read({ sql: "SELECT attempts, lease_until, due_at FROM recipient", parameters: [] });
  const givenBack = { attempts: 0, lease_until: 0, due_at: clock.now() };
  assert.deepEqual(
    waiting.map((row) => ({ ...row })),
    [givenBack, givenBack, givenBack],
  );
  assert.deepEqual(
    events.filter(({ name }) => name === "trouble"),
    [],
  );
});

test("a stop waits for a claim under way, and gives back what it brings", async () => {
  const { clock, runner, sent, queue, store } = await scene(() => ({ outcome: accepted }));
  await queue("c@d.test");
  runner.start();
  // The claim has begun, and nothing has answered it.
  clock.advance(0);
  await runner.stop(10_000);
  assert.equal(sent.length, 0);
  const waiting = await store.read({ sql: "SELECT attempts, lease_until FROM recipient", parameters: [] });
  assert.deepEqual(
    waiting.map((row) => ({ ...row })),
    [{ attempts: 0, lease_until: 0 }],
  );
});

test("what is delivered here from the queue is told as delivered, not as passed on (RFC 3461 §5.2.4)", async () => {
  const { clock, runner, reports, queue, left, sent } = await scene(() => ({ outcome: accepted }));
  await queue("anna@here.test", { notify: "SUCCESS" });
  await queue("nobody@here.test");
  await queue("c@d.test", { notify: "SUCCESS" });
  runner.start();
  await clock.pass(1_000);
  const kinds = reports.map(({ kind, recipients: [about] }) => [about?.recipient.forwardPath, kind]);
  assert.deepEqual(Object.fromEntries(kinds), {
    "anna@here.test": "success",
    "c@d.test": "relayed",
    "nobody@here.test": "failure",
  });
  assert.deepEqual([sent.length, await left()], [1, 0]);
});

test("O-37 (c): no answer to the dot: tried again later, the log tells of the doubt, the sender hears nothing", async () => {
  const said = "the connection was closed; it may have been delivered: a duplicate is possible";
  const outcomes: RecipientOutcome[] = [
    { result: "transient", code: null, status: "4.4.2", said, host: "mx" },
    accepted,
  ];
  const { clock, runner, reports, queue, left, sent, events } = await scene(() => ({
    outcome: outcomes.shift() ?? accepted,
  }));
  await queue("c@d.test");
  runner.start();
  await clock.pass(1_000);
  assert.deepEqual([sent.length, await left()], [1, 1]);
  assert.ok(events.some((event) => event.name === "recipient-deferred" && /a duplicate is possible/.test(event.said)));
  await clock.pass(hourMs);
  assert.deepEqual([sent.length, await left(), reports.length], [2, 0, 0]);
});

test("what a killed start held is free again, and due when that start had set it", async () => {
  const { clock, runner, sent, queue, store } = await scene(() => ({ outcome: accepted }));
  await queue("c@d.test");
  await store.commit([
    {
      sql: "UPDATE recipient SET lease_until = ?, due_at = ?, attempts = 1",
      parameters: [clock.now() + hourMs, clock.now() + 300_000],
    },
  ]);
  runner.start();
  await clock.pass(299_000);
  assert.equal(sent.length, 0);
  await clock.pass(2_000);
  assert.equal(sent.length, 1);
});

test("contents on their way out are in the memory's budget, take a quarter of it, and are given back", async () => {
  const answers: (() => void)[] = [];
  const { clock, runner, sent, queue, left, memory } = await scene(
    () => new Promise<Answer>((resolve) => answers.push(() => resolve({ outcome: accepted }))),
    { mostOctets: 4 * 3 * 64 * 1024 },
  );
  const size = 60_000;
  for (let n = 0; n < 10; n++) await queue(`c@d${n}.test`, { size });
  runner.start();
  await clock.pass(10_000);
  // Three fit: one more could be as large as a content in the database can be.
  assert.deepEqual([sent.length, memory.held], [3, 3 * size]);
  assert.equal(runner.reserve({ recipients: 1, octets: size }), null);
  const claim = runner.reserve({ recipients: 1, octets: 10_000 });
  assert.ok(claim !== null);
  assert.equal(runner.reserve({ recipients: 1, octets: 10_000 }), null);
  runner.release(claim);
  while (sent.length < 10 || answers.length > 0) {
    answers.shift()?.();
    await clock.pass(1_000);
    assert.ok(memory.held <= 3 * size, `${memory.held} octets`);
  }
  assert.deepEqual([await left(), memory.held], [0, 0]);
});

test("what is larger than the share of the memory still leaves, one after the other", async () => {
  const { clock, runner, sent, queue, left } = await scene(() => ({ outcome: accepted }), { mostOctets: 64 * 1024 });
  for (let n = 0; n < 3; n++) await queue(`c@d${n}.test`, { size: 60_000 });
  runner.start();
  assert.equal(runner.reserve({ recipients: 1, octets: 60_000 }), null);
  await clock.pass(10_000);
  assert.deepEqual([sent.length, await left()], [3, 0]);
});
