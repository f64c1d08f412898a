import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import type { Address } from "../address/address.ts";
import type { Event } from "../events/catalogue.ts";
import { LdapDirectory, type LdapConnection } from "./directory.ts";
import { filterFor, filterProblem } from "./filter.ts";

const anna: Address = { localPart: "anna", domain: "b.example" };

/** A directory of fakes: each opened connection answers what `answers` says next. */
function scene(...answers: readonly (number | "referral" | "refused" | "lost" | "down")[]) {
  const state = { now: 0, opened: 0, filters: [] as string[], isOpen: true };
  const events: Event[] = [];
  const left = [...answers];
  const directory = new LdapDirectory({
    name: "staff",
    filter: "(mail=%{address})",
    now: () => state.now,
    emit: (event) => void events.push(event),
    open() {
      state.opened++;
      if (left[0] === "down") return (left.shift(), Promise.reject(new Error("connect ECONNREFUSED")));
      state.isOpen = true;
      const connection: LdapConnection = {
        get isOpen() {
          return state.isOpen;
        },
        search(filter) {
          state.filters.push(filter);
          const answer = left.shift() ?? 0;
          if (answer === "lost") state.isOpen = false;
          if (typeof answer === "number") return Promise.resolve({ entries: answer, referrals: 0 });
          if (answer === "referral") return Promise.resolve({ entries: 0, referrals: 1 });
          return Promise.reject(new Error(answer));
        },
        close() {
          state.isOpen = false;
        },
      };
      return Promise.resolve(connection);
    },
  });
  return { state, events, ask: () => directory.existence(anna), directory };
}

test("one connection for all questions; found is covered, not found is none, a referral is no answer", async () => {
  const { state, ask } = scene(1, 0, "referral");
  assert.deepEqual([await ask(), await ask(), await ask()], ["covered", "none", "unknowable"]);
  assert.equal(state.opened, 1);
  assert.deepEqual(new Set(state.filters), new Set(["(mail=anna@b.example)"]));
});

test("questions at the same time share the connection that is being opened", async () => {
  const { state, ask } = scene(1, 1, 0);
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), ["covered", "covered", "none"]);
  assert.equal(state.opened, 1);
});

test("a kept connection that was lost is opened once more for the question; a fresh one is not", async () => {
  const { state, ask, events } = scene(1, "lost", 1, "lost", "lost");
  assert.deepEqual([await ask(), await ask()], ["covered", "covered"]);
  assert.equal(state.opened, 2);
  assert.equal(events.length, 0);
  assert.equal(await ask(), "unknowable");
  assert.equal(state.opened, 3);
});

test("what it refuses to say is unknowable, over the same connection, and told once for as long as it lasts", async () => {
  const { state, ask, events } = scene("refused", "refused", 1, "refused");
  assert.deepEqual(
    [await ask(), await ask(), await ask(), await ask()],
    ["unknowable", "unknowable", "covered", "unknowable"],
  );
  assert.equal(state.opened, 1);
  assert.equal(events.length, 2);
});

test("a directory that is down is not dialled for each question, and is found again", async () => {
  const { state, ask } = scene("down", 1);
  assert.deepEqual([await ask(), await ask(), await ask()], ["unknowable", "unknowable", "unknowable"]);
  assert.equal(state.opened, 1);
  state.now = 5_000;
  assert.equal(await ask(), "covered");
});

const hostile: readonly (readonly [localPart: string, filter: string])[] = [
  ["*)(uid=*", String.raw`(mail="\2a\29\28uid=\2a"@b.example)`],
  ["*", String.raw`(mail=\2a@b.example)`],
  ["a\\b", String.raw`(mail="a\5c\5cb"@b.example)`],
  ["%{domain}", String.raw`(mail=%{domain}@b.example)`],
  ["büro", "(mail=büro@b.example)"],
];

describe("a recipient stays inside its value (RFC 4515 §3)", () => {
  for (const [localPart, filter] of hostile)
    it(localPart, () => assert.equal(filterFor("(mail=%{address})", { localPart, domain: "b.example" }), filter));
  it("whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (localPart) => {
        const filter = filterFor("(|(uid=%{local-part})(mail=*@%{domain}))", { localPart, domain: "b.example" });
        const value = filter.slice("(|(uid=".length, -")(mail=*@b.example))".length);
        assert.doesNotMatch(value.replaceAll(/\\(?:2a|28|29|5c|00)/g, ""), /[*()\\\0]/);
      }),
    );
  });
});

describe("filters of the boot file", () => {
  for (const [template, says] of [
    ["(mail=%{address})", null],
    ["(&(objectClass=person)(|(mail=%{address})(uid=%{local-part})))", null],
    ["mail=%{address}", /brackets/],
    ["(mail=%{address}", /brackets/],
    ["(mail=%{address}))", /brackets/],
    ["(a=%{address})(b=c)", /brackets/],
    ["(mail=anna)", /names no recipient/],
    ["(mail=%{adress})", /%\{address\}, %\{local-part\}, %\{domain\} can stand there/],
    ["(mail=%{address)", /can stand there/],
  ] as const) {
    it(template, () => {
      const problem = filterProblem(template);
      if (says === null) assert.equal(problem, null);
      else assert.match(problem ?? "", says);
    });
  }
});
