import assert from "node:assert/strict";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { test } from "node:test";
import type { Statement, Unit } from "../store.ts";
import { Engine } from "./engine.ts";
import { openDatabase } from "./open-database.ts";
import type { Outcomes } from "./outcome.ts";
import { pack, TextRegistry } from "./packed.ts";
import type { Database } from "./statements.ts";

const put = (name: string): Statement => ({
  sql: "INSERT INTO setting (name, value) VALUES (?, '1')",
  parameters: [name],
});

/** Codes of SQLite: https://sqlite.org/rescode.html */
const codes = { full: 13, noMemory: 7, busy: 5, syncFailed: 10 | (4 << 8), writeFailed: 10 | (3 << 8), corrupt: 11 };

/**
 * An engine on a database that fails where `fails` says so: it is asked before each statement that begins with BEGIN, COMMIT or
 * INSERT, by that word, and gives the code to fail with. As the real one, it may have
 * rolled everything back by then.
 */
async function engineThat(fails: (word: string) => number | null, rollsBack = true) {
  const database = await openDatabase(":memory:");
  const ran: string[] = [];
  const failing: Database = {
    exec: (sql) => {
      ran.push(sql);
      database.exec(sql);
    },
    prepare: (sql) => {
      const word = sql.slice(0, sql.search(/ |$/));
      const statement = database.prepare(sql);
      if (!["BEGIN", "COMMIT", "INSERT"].includes(word)) return statement;
      const run = statement.run.bind(statement);
      return Object.assign(statement, {
        run: (...parameters: SQLInputValue[]) => {
          ran.push(word);
          const code = fails(word);
          if (code === null) return run(...parameters);
          if (rollsBack && database.isTransaction) database.exec("ROLLBACK");
          throw Object.assign(new Error(`failed with ${code}`), { errcode: code });
        },
      });
    },
    get isTransaction() {
      return database.isTransaction;
    },
    close: () => database.close(),
  };
  const engine = new Engine(failing);
  const texts = new TextRegistry();
  const commit = (...units: Unit[]): Outcomes => engine.commit(pack(units, texts));
  return { commit, ran, names: () => namesIn(database), close: () => engine.close() };
}

function namesIn(database: DatabaseSync): unknown[] {
  return database
    .prepare("SELECT name FROM setting WHERE name LIKE 'n%' ORDER BY name")
    .all()
    .map(({ name }) => name);
}

/** Fails the nth time that the word is met. */
function nth(word: string, n: number, code: number): (met: string) => number | null {
  let seen = 0;
  return (met) => (met === word && ++seen === n ? code : null);
}

function kinds(outcomes: Outcomes): string[] | null {
  return (
    outcomes?.map((outcome) => {
      if (outcome === null) return "kept";
      if ("tables" in outcome) return "returned";
      if ("failed" in outcome) return "failed";
      return outcome.isFatal ? "fatal" : outcome.isFull ? "full" : "unavailable";
    }) ?? null
  );
}

test("a batch that holds costs one transaction and no savepoint", async () => {
  const { commit, ran, names, close } = await engineThat(() => null);
  assert.equal(commit([put("n1")], [put("n2")], [put("n3")]), null);
  assert.deepEqual(ran, ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]);
  assert.deepEqual(names(), ["n1", "n2", "n3"]);
  close();
});

test("a unit that fails is taken back alone, with what it had changed", async () => {
  const { commit, ran, names, close } = await engineThat(() => null);
  assert.deepEqual(kinds(commit([put("n1")], [put("n2"), put("n1")], [put("n3")])), ["kept", "failed", "kept"]);
  assert.equal(ran.filter((one) => one === "COMMIT").length, 1);
  assert.deepEqual(names(), ["n1", "n3"]);
  close();
});

test("when the disk is full in the middle of a batch each unit gets its own outcome (O-32)", async () => {
  // First in the batch as a whole, then for the second unit alone.
  let inserts = 0;
  const { commit, names, close } = await engineThat((word) =>
    word === "INSERT" && [2, 4].includes(++inserts) ? codes.full : null,
  );
  assert.deepEqual(kinds(commit([put("n1")], [put("n2")], [put("n3")])), ["kept", "full", "kept"]);
  assert.deepEqual(names(), ["n1", "n3"]);
  assert.equal(commit([put("n4")]), null);
  close();
});

test("when the disk is full at the commit the units are tried one by one", async () => {
  const { commit, names, close } = await engineThat(nth("COMMIT", 1, codes.full));
  assert.equal(commit([put("n1")], [put("n2")]), null);
  assert.deepEqual(names(), ["n1", "n2"]);
  close();
});

for (const rollsBack of [true, false]) {
  test(`the disk is full while a unit that fails is sought; the engine ${rollsBack ? "gives all up" : "does not"}`, async () => {
    const { commit, names, close } = await engineThat(nth("INSERT", 5, codes.full), rollsBack);
    // Plainly: 1, 2 and 3, which fails. With savepoints: 4, and 5, where the disk is full. Then one by one, and there is room.
    assert.deepEqual(kinds(commit([put("n1")], [put("n2"), put("n1")])), ["kept", "failed"]);
    assert.deepEqual(names(), ["n1"]);
    close();
  });
}

test("no memory and a locked database are no reason to end", async () => {
  for (const [word, code] of [
    ["INSERT", codes.noMemory],
    ["BEGIN", codes.busy],
  ] as const) {
    const { commit, names, close } = await engineThat(nth(word, 1, code));
    assert.deepEqual(kinds(commit([put("n1")])), ["unavailable"]);
    assert.equal(commit([put("n2")]), null);
    assert.deepEqual(names(), ["n2"]);
    close();
  }
});

test("a sync that failed is not tried again: nobody is told that it was kept, and nothing more is taken", async () => {
  for (const units of [[[put("n1")]], [[put("n1")], [put("n2")], [put("n3")]]]) {
    const { commit, ran, close } = await engineThat(nth("COMMIT", 1, codes.syncFailed));
    assert.deepEqual(
      kinds(commit(...units)),
      units.map(() => "fatal"),
    );
    const before = ran.length;
    assert.deepEqual(kinds(commit([put("n4")], [put("n5")])), ["fatal", "fatal"]);
    assert.equal(ran.length, before);
    close();
  }
});

test("a page that could not be written in the middle of a batch is tried again alone, and is the end if it fails again", async () => {
  const once = await engineThat(nth("INSERT", 2, codes.writeFailed));
  assert.equal(once.commit([put("n1")], [put("n2")]), null);
  assert.deepEqual(once.names(), ["n1", "n2"]);
  once.close();

  let inserts = 0;
  const twice = await engineThat((word) =>
    word === "INSERT" && [2, 4].includes(++inserts) ? codes.writeFailed : null,
  );
  assert.deepEqual(kinds(twice.commit([put("n1")], [put("n2")], [put("n3")])), ["kept", "fatal", "fatal"]);
  assert.deepEqual(twice.names(), ["n1"]);
  twice.close();
});

test("damage that is met by a read concerns the reader only", async () => {
  const database = await openDatabase(":memory:");
  const engine = new Engine(database);
  const texts = new TextRegistry();
  database.function("broken", () => {
    throw Object.assign(new Error("the page is damaged"), { errcode: codes.corrupt });
  });
  const read = (sql: string): Unit => [{ sql, parameters: [], returns: true }];
  const outcomes = engine.read(
    pack([read("SELECT broken()"), read("SELECT 1 AS one"), read("SELECT * FROM nothing")], texts),
  );
  assert.deepEqual(kinds(outcomes), ["unavailable", "returned", "failed"]);
  engine.close();
});

test("damage that a unit comes by concerns that unit only", async () => {
  let inserts = 0;
  const isMet = (word: string) => (word === "INSERT" && [2, 4].includes(++inserts) ? codes.corrupt : null);
  const engine = await engineThat(isMet, false);
  assert.deepEqual(kinds(engine.commit([put("n1")], [put("n2")], [put("n3")])), ["kept", "unavailable", "kept"]);
  assert.deepEqual(engine.names(), ["n1", "n3"]);
  engine.close();
});

test("a read that failed does not make the next one by the same text fail", async () => {
  const database = await openDatabase(":memory:");
  const engine = new Engine(database);
  const texts = new TextRegistry();
  database.function("broken", (isBroken) => {
    if (isBroken === 1) throw Object.assign(new Error("the page is damaged"), { errcode: codes.corrupt });
    return 0;
  });
  const read = (isBroken: number): Unit => [{ sql: "SELECT broken(?)", parameters: [isBroken], returns: true }];
  assert.deepEqual(kinds(engine.read(pack([read(0), read(1), read(0)], texts))), [
    "returned",
    "unavailable",
    "returned",
  ]);
  engine.close();
});
