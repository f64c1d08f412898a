import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import type { Clock } from "../time/clock.ts";
import type { Event } from "./catalogue.ts";
import { openLog } from "./log.ts";
import type { LogOptions } from "./log.ts";
import { printable, printableJson, shortened } from "./escape.ts";

const at = Date.UTC(2026, 10, 25, 5, 12, 9, 7);

/** A clock turned by hand, and an output whose reader takes a write only when it is told to. */
function desk(options: Partial<LogOptions> = {}) {
  const timers: (() => void)[] = [];
  const clock: Clock = { now: () => at, after: (_, act) => (timers.push(act), { cancel: () => {} }) };
  const writes: string[] = [];
  const takes: (() => void)[] = [];
  const output = {
    write: (text: string, done: () => void) => void (writes.push(text), takes.push(done)),
    writeNow: (text: string) => void writes.push(text),
  };
  const log = openLog({ output, clock, level: "info", format: "json", ...options });
  const tick = () => timers.splice(0).forEach((act) => act());
  const take = () => takes.splice(0).forEach((done) => done());
  return { log, writes, tick, take };
}

const refused: Event = {
  name: "recipient-refused",
  session: "s1",
  listener: "relay",
  client: "203.0.113.9",
  reversePath: "alice@other.test",
  forwardPath: "bob@third.test",
  rule: "relay-denied",
  ref: "4000001",
};

const finished: Event = {
  name: "recipient-finished",
  message: "m1",
  forwardPath: "bob@third.test",
  outcome: "delivered",
  host: null,
  said: "2.0.0 ok\r\nforged: line \u202e",
};

test("JSON: one object a line, the event's fields behind time, level and name", () => {
  const { log, writes, tick } = desk();
  log.emit(refused);
  log.emit(finished);
  tick();
  const lines = writes.join("").split("\n");
  assert.equal(lines.length, 3);
  const { name, ...fields } = refused;
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    time: "2026-11-25T05:12:09.007Z",
    level: "info",
    event: name,
    ...fields,
  });
  assert.equal((JSON.parse(lines[1] ?? "") as { said: string }).said, finished.said);
  assert.doesNotMatch(lines[1] ?? "", /\u202e/);
});

test("JSON: the event is behind its level wherever its emitter wrote the name", () => {
  const { log, writes, tick } = desk();
  const { name, ...fields } = refused;
  log.emit({ ...fields, name });
  log.emit(refused);
  tick();
  const [one, other] = writes.join("").split("\n");
  assert.equal(one, other);
});

test("for people: a sentence, with a stranger's text made harmless", () => {
  const { log, writes, tick } = desk({ format: "pretty" });
  log.emit(refused);
  log.emit({ ...refused, reversePath: "\u001b[2Jx\n05:12:09 accepted" });
  tick();
  const [first, second, ...rest] = stripVTControlCharacters(writes.join("")).split("\n");
  assert.match(
    first ?? "",
    /refused {2}<alice@other\.test> → <bob@third\.test> \(relay-denied, REF 4000001\) from 203\.0\.113\.9/,
  );
  assert.match(second ?? "", /<\\u\{1b\}\[2Jx\\u\{a\}05:12:09 accepted>/);
  assert.deepEqual(rest, [""]);
});

test("the level decides", () => {
  const opened: Event = { name: "session-opened", session: "s1", listener: "relay", client: "203.0.113.9" };
  const trouble: Event = { name: "trouble", doing: "this", problem: "that" };
  const written = (level: LogOptions["level"]) => {
    const { log, writes, tick } = desk({ level });
    for (const event of [opened, refused, trouble]) log.emit(event);
    tick();
    return writes.join("").split("\n").length - 1;
  };
  assert.deepEqual([written("debug"), written("info"), written("warn"), written("error")], [3, 2, 1, 1]);
});

test("lines are gathered into one write, and while that is under way into the next", () => {
  const { log, writes, tick, take } = desk();
  for (let i = 0; i < 10; i++) log.emit(refused);
  assert.equal(writes.length, 0);
  tick();
  assert.equal(writes.length, 1);
  for (let i = 0; i < 10; i++) log.emit(refused);
  tick();
  assert.equal(writes.length, 1);
  take();
  assert.equal(writes.length, 2);
  assert.equal(writes.join("").split("\n").length, 21);
});

test("a reader that does not read costs lines, not memory; it is told how many", () => {
  const { log, writes, tick, take } = desk({ waitingLimit: 10_000 });
  for (let i = 0; i < 1_000; i++) log.emit(refused);
  tick();
  for (let i = 0; i < 1_000; i++) log.emit(refused);
  assert.ok(writes.join("").length <= 10_000);
  assert.ok(log.dropped > 1_900);
  const { dropped } = log;
  take();
  assert.match(writes.at(-1) ?? "", new RegExp(`"problem":"${dropped} lines were dropped`));
  assert.equal(writes.join("").split("\n").length - 1, 2_000 - dropped + 1);
});

test("flush waits for what is under way; flushNow does not wait", async () => {
  const { log, writes, tick, take } = desk();
  await log.flush();
  log.emit(refused);
  const flushed = log.flush();
  assert.equal(writes.length, 1);
  log.emit(finished);
  log.flushNow();
  assert.equal(writes.length, 2);
  take();
  await flushed;
  tick();
  assert.equal(writes.length, 2);
});

test("no text of a stranger puts a control character or a mark of direction on the terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 300 }), (text) => {
      assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.doesNotMatch(shortened(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.doesNotMatch(printableJson(JSON.stringify(text)), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.equal(JSON.parse(printableJson(JSON.stringify(text))), text);
    }),
    { numRuns: 500 },
  );
});
