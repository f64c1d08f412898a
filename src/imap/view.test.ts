import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Enabled } from "./enabled.ts";
import type { MailboxChanges } from "./mail.ts";
import { each, numbersOf, type NumberSet } from "./number-set.ts";
import { View } from "./view.ts";

const rev1: Enabled = { condstore: false, qresync: false, utf8: false, rev2: false };
const rev2: Enabled = { ...rev1, rev2: true };
const qresync: Enabled = { ...rev1, condstore: true, qresync: true };

const viewOf = (uids: readonly number[], recentFrom = 1_000) =>
  new View({ uids: numbersOf(uids), highestModseq: 10, recentFrom });

const changes = (some: Partial<MailboxChanges> = {}): MailboxChanges => ({
  isGone: false,
  highestModseq: 20,
  uidNext: 100,
  added: [],
  changed: [],
  vanished: [],
  ...some,
});
const seen = (uid: number, modseq = 15) => ({ uid, flags: { system: 1, keywords: [] }, modseq });
const told = (view: View, some: Partial<MailboxChanges>, options: { mayExpunge?: boolean; enabled?: Enabled } = {}) =>
  view
    .news(changes(some), { mayExpunge: true, enabled: rev1, ...options })
    .lines.split("\r\n")
    .slice(0, -1);
const uidsOf = (view: View) => [...each(view.uids)];

describe("the view of a session", () => {
  it("knows the number of a UID and the UID of a number", () => {
    const view = viewOf([3, 4, 5, 9, 20, 21]);
    assert.equal(view.count, 6);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 0, 7].map((number) => view.uidAt(number)),
      [3, 4, 5, 9, 20, 21, 0, 0],
    );
    assert.deepEqual(
      [3, 5, 9, 21, 1, 6, 22].map((uid) => view.numberOf(uid)),
      [1, 3, 4, 6, 0, 0, 0],
    );
  });

  it("resolves sets as the client means them (field case O-40)", () => {
    const view = viewOf([10, 20, 28]);
    const uids = (set: NumberSet, byUid = true) => {
      const found = view.resolve(set, { byUid });
      return found === null ? null : [...each(found)];
    };
    const range = (from: number | "*", to: number | "*" = from) => [{ from, to }];
    assert.deepEqual(uids(range(29, "*")), [28]);
    assert.deepEqual(uids(range("*", 1_000)), [28]);
    assert.deepEqual(uids(range(11, 19)), []);
    assert.deepEqual(uids([...range(28, 20), ...range(20)]), [20, 28]);
    assert.equal(uids(range(4), false), null);
    assert.equal(uids(range(1, 4), false), null);
    assert.deepEqual(uids(range(2, "*"), false), [20, 28]);
    assert.deepEqual(uids(range(9, "*"), false), [28]);
    const empty = viewOf([]);
    assert.deepEqual(empty.resolve(range(1, "*"), { byUid: true }), []);
    assert.deepEqual(empty.resolve(range(1, "*"), { byUid: false }), []);
    assert.equal(empty.resolve(range(1), { byUid: false }), null);
  });

  it("tells EXPUNGE by the numbers that are left, then EXISTS, RECENT and flags", () => {
    const view = viewOf([1, 2, 3, 5, 8], 8);
    const lines = told(view, {
      vanished: numbersOf([2, 3, 8]),
      added: numbersOf([11, 12]),
      changed: [seen(5), seen(11), seen(2)],
    });
    assert.deepEqual(lines, [
      "* 2 EXPUNGE",
      "* 2 EXPUNGE",
      "* 3 EXPUNGE",
      "* 4 EXISTS",
      "* 2 RECENT",
      "* 2 FETCH (FLAGS (\\Seen))",
    ]);
    assert.deepEqual(uidsOf(view), [1, 5, 11, 12]);
  });

  it("keeps the number of what is gone until it may tell", () => {
    const view = viewOf([1, 2, 3]);
    assert.deepEqual(told(view, { vanished: numbersOf([2]), added: numbersOf([4]) }, { mayExpunge: false }), [
      "* 4 EXISTS",
      "* 0 RECENT",
    ]);
    assert.ok(view.hasGone);
    assert.equal(view.uidAt(3), 3);
    assert.deepEqual(view.leaving(changes(), true), numbersOf([2]));
    assert.deepEqual(view.leaving(changes(), false), []);
    assert.deepEqual(told(view, {}), ["* 2 EXPUNGE"]);
    assert.ok(!view.hasGone);
    assert.deepEqual(told(view, { vanished: numbersOf([2]) }), []);
  });

  it("speaks as the client has enabled", () => {
    const some = { vanished: numbersOf([1, 2, 5]), changed: [seen(4, 17)] };
    assert.deepEqual(told(viewOf([1, 2, 4, 5]), some, { enabled: qresync }), [
      "* VANISHED 1:2,5",
      "* 1 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (17))",
    ]);
    assert.deepEqual(told(viewOf([4], 4), { changed: [seen(4)], added: numbersOf([6]) }, { enabled: rev2 }), [
      "* 2 EXISTS",
      "* 1 FETCH (UID 4 FLAGS (\\Seen))",
    ]);
  });

  it("does not repeat flags that the client was told, but those that changed again", () => {
    const view = viewOf([1, 2, 3]);
    view.toldFlags(1, 15);
    view.toldFlags(2, 14);
    const news = view.news(changes({ changed: [seen(1), seen(2)] }), { mayExpunge: true, enabled: rev1 });
    assert.equal(news.lines, "* 2 FETCH (FLAGS (\\Seen))\r\n");
    assert.deepEqual(news.came, numbersOf([1, 2]));
  });

  it("forgets of the saved result what is gone", () => {
    const view = viewOf([1, 2, 3]);
    view.saved = numbersOf([2, 3]);
    told(view, { vanished: numbersOf([2]) });
    assert.deepEqual(view.resolve("$", { byUid: false }), numbersOf([3]));
  });

  // A client that does nothing but follow the lines has at every moment what the mailbox had, in the order of UIDs.
  it("lets a client that follows the lines know which message has which number", () => {
    const step = fc.record({
      add: fc.nat(3),
      remove: fc.array(fc.nat(30), { maxLength: 4 }),
      mayExpunge: fc.boolean(),
      vanished: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        (start, steps) => {
          const first = [...new Set(start.map((uid) => uid + 1))].sort((a, b) => a - b);
          const mailbox = new Set(first);
          const client = [...first];
          const view = new View({ uids: numbersOf(first), highestModseq: 1, recentFrom: 1 });
          let [uidNext, modseq] = [100, 1];
          for (const { add, remove, mayExpunge, vanished } of steps) {
            const added = Array.from({ length: add }, () => uidNext++);
            for (const uid of added) mailbox.add(uid);
            const all = [...mailbox];
            const gone = new Set(remove.flatMap((at) => all[at] ?? []));
            for (const uid of gone) mailbox.delete(uid);
            const lines = told(
              view,
              {
                highestModseq: ++modseq,
                added: numbersOf(added.filter((uid) => !gone.has(uid))),
                vanished: numbersOf([...gone].sort((a, b) => a - b)),
              },
              { mayExpunge, enabled: vanished ? qresync : rev1 },
            );
            follow(
              client,
              lines,
              added.filter((uid) => !gone.has(uid)),
            );
            assert.deepEqual(uidsOf(view), client);
            assert.deepEqual(
              client.map((_, at) => view.uidAt(at + 1)),
              client,
            );
            assert.deepEqual(
              client.map((uid) => view.numberOf(uid)),
              client.map((_, at) => at + 1),
            );
            if (mayExpunge) assert.deepEqual(client, [...mailbox]);
            else
              assert.deepEqual(
                client.filter((uid) => mailbox.has(uid)),
                [...mailbox],
              );
          }
        },
      ),
    );
  });
});

/** What a client does with what it is told; of new messages it learns the UIDs by asking. */
function follow(client: number[], lines: readonly string[], added: readonly number[]): void {
  const come = [...added];
  for (const line of lines) {
    const expunge = /^\* (\d+) EXPUNGE$/.exec(line);
    const vanished = /^\* VANISHED (.*)$/.exec(line);
    const exists = /^\* (\d+) EXISTS$/.exec(line);
    if (expunge !== null) {
      const number = Number(expunge[1]);
      assert.ok(number >= 1 && number <= client.length, line);
      client.splice(number - 1, 1);
    } else if (vanished !== null) {
      for (const range of (vanished[1] ?? "").split(",")) {
        const [from = 0, to = from] = range.split(":").map(Number);
        for (let uid = from; uid <= to; uid++) client.splice(client.indexOf(uid), 1);
      }
    } else if (exists !== null) {
      while (client.length < Number(exists[1]))
        client.push(come.shift() ?? assert.fail("more messages than there are"));
    }
  }
}
