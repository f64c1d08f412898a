import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import type { Address } from "../address/address.ts";
import { parseAddress } from "../address/path.ts";
import { insertAccount } from "../store/accounts.ts";
import { StoreUnavailable } from "../store/store.ts";
import type { Account } from "./account.ts";
import { createAdministration, type NewAccount } from "./administer.ts";
import { createAliasAdministration } from "./administer-aliases.ts";
import { loadDirectory } from "./directory.ts";
import type { DomainKind } from "./expansion.ts";

function address(text: string): Address {
  const parsed = parseAddress(text, { kind: "forward", allowsUtf8: true });
  assert.ok(!("refused" in parsed), text);
  return parsed;
}

function plainAccount(id: number): Account {
  const rights = {
    isEnabled: true,
    mayRelay: true,
    senders: "own",
    maySendAs: [],
    plusAddressing: true,
    plusMailbox: "none",
    quota: null,
    forwardTo: [],
    keepsForwarded: true,
  } as const;
  return { ...rights, id, name: `n${id}`, domain: "example.com", passwordVersion: 1, mailboxId: id };
}

async function setUp(kinds: Record<string, DomainKind> = {}, postmaster?: string) {
  const store = await openMemoryStore();
  const clock = new FakeClock();
  const domains = { kindOf: (domain: string) => kinds[domain] ?? (domain.startsWith("example.") ? "here" : "away") };
  const load = () => loadDirectory({ store, domains, ...(postmaster ? { postmaster: address(postmaster) } : {}) });
  const directory = await load();
  const people = createAdministration({ store, directory, clock });
  const aliases = createAliasAdministration({ store, directory, domains, clock });
  const make = async (name: string, settings: Partial<NewAccount> = {}) => {
    const made = await people.create({ address: name, ...settings });
    assert.ok(!("refused" in made), JSON.stringify(made));
    return made;
  };
  const alias = async (name: string, ...targets: string[]) => {
    const kind = name.startsWith("*@") ? "catch-all" : name.startsWith("all@") ? "group" : "alias";
    const made = await aliases.save({ kind, address: name, targets });
    assert.ok(!("refused" in made), JSON.stringify(made));
    return made;
  };
  return { store, clock, directory, load, people, aliases, make, alias };
}

describe("who may write as an address", () => {
  test("O-07: the account's own, in any case and with a tag, and nobody else's", async () => {
    const { directory, make } = await setUp();
    const anna = await make("anna@example.com");
    const bob = await make("bob@example.com", { plusAddressing: false });
    await make("anna+work@example.com");
    const owns = (who: typeof anna, text: string) => directory.ownsSender(who, address(text));
    for (const own of ["anna@example.com", "Anna@EXAMPLE.com", "anna+shop@example.com"])
      assert.ok(owns(anna, own), own);
    for (const other of [
      "director@example.com",
      "bob@example.com",
      "anna@example.org",
      "anna@example.net",
      "anna+work@example.com",
      "anna+x%y@example.com",
      "annax@example.com",
      "postmaster@example.com",
    ]) {
      assert.ok(!owns(anna, other), other);
    }
    assert.ok(!owns(bob, "bob+shop@example.com"), "without plus-addressing a tag is another name");
  });

  test("O-07: an alias that leads to it alone; no group, no list, no catch-all", async () => {
    const { directory, make, alias } = await setUp();
    const anna = await make("anna@example.com");
    await make("bob@example.com");
    await alias("sales@example.com", "anna@example.com");
    await alias("info@example.com", "sales@example.com");
    await alias("desk@example.com", "anna@example.com", "bob@example.com");
    await alias("copy@example.com", "anna@example.com", "c@foreign.test");
    await alias("all@example.com", "anna@example.com");
    await alias("*@example.com", "anna@example.com");
    const owned = ["sales", "INFO", "desk", "copy", "all", "anything"].filter((name) =>
      directory.ownsSender(anna, address(`${name}@example.com`)),
    );
    assert.deepEqual(owned, ["sales", "INFO"]);
  });

  test("O-07: who gets another account's mail forwarded may not write as that account", async () => {
    const { directory, make, alias } = await setUp();
    const anna = await make("anna@example.com");
    const bob = await make("bob@example.com");
    await alias("bob@example.com", "anna@example.com");
    assert.ok(!directory.ownsSender(anna, address("bob@example.com")));
    assert.ok(directory.ownsSender(bob, address("bob@example.com")));
  });

  test("may-send-as, by address and by domain; any", async () => {
    const { directory, make, people } = await setUp();
    const robot = await make("robot@example.com", { maySendAs: ["News@Example.org", "@shop.example"] });
    const owns = (text: string) => directory.ownsSender(robot, address(text));
    assert.deepEqual(robot.maySendAs, ["news@example.org", "@shop.example"]);
    assert.ok(owns("news@example.org") && owns("anything@shop.example"));
    assert.ok(!owns("other@example.org") && !owns("anything@sub.shop.example"));
    const any = await people.change(robot, { senders: "any" });
    assert.ok(!("refused" in any) && directory.ownsSender(any, address("whoever@foreign.test")));
  });
});

describe("the directory", () => {
  test("answers for accounts, aliases and catch-alls, and for nobody", async () => {
    const { directory, make, alias } = await setUp();
    const anna = await make("anna@example.com");
    await alias("sales@example.com", "anna@example.com", "c@foreign.test");
    await alias("*@example.net", "anna@example.com");
    const existence = ["anna@example.com", "sales@example.com", "x@example.net", "x@example.com", "Postmaster"].map(
      (text) => directory.existence(address(text)),
    );
    assert.deepEqual(existence, ["exact", "exact", "covered", "none", "exact"]);
    assert.deepEqual(directory.expand(address("sales@example.com")), {
      mailboxes: [anna],
      away: [address("c@foreign.test")],
    });
    assert.equal(directory.expand(address("x@example.com")), "none");
    assert.equal(directory.account(anna.id), directory.byLogin("anna"));
    assert.equal(directory.account(-1), null);
  });

  test("O-03: the configured reader gets what comes for postmasters; a postmaster of one's own goes before", async () => {
    const { directory, make, alias } = await setUp({}, "bob@example.com");
    const anna = await make("anna@example.com");
    const reader = (text: string) => {
      const found = directory.expand(address(text));
      return typeof found === "string" ? found : found.mailboxes[0]?.name;
    };
    assert.equal(reader("postmaster@example.net"), "anna");
    await make("bob@example.com");
    for (const text of ["Postmaster", "postmaster@example.net", "POSTMASTER@[192.0.2.1]"])
      assert.equal(reader(text), "bob");
    await alias("postmaster@example.net", "anna@example.com");
    assert.equal(reader("postmaster@example.net"), "anna");
    assert.equal(anna.name, "anna");
  });

  test("a change of the policy's domains counts at once", async () => {
    const kinds: Record<string, DomainKind> = {};
    const { directory, make, alias } = await setUp(kinds);
    await make("anna@example.com");
    await alias("sales@example.net", "anna@example.com");
    const away = () => {
      const found = directory.expand(address("sales@example.net"));
      return typeof found === "string" ? found : found.away.length;
    };
    assert.equal(away(), 0);
    kinds["example.com"] = "away";
    directory.domainsChanged();
    assert.equal(away(), 1);
  });

  test("names that strangers make up take no memory, names that exist are found once", async () => {
    const { directory, make, alias } = await setUp();
    await make("anna@example.com");
    await alias("*@example.com", "anna@example.com");
    const anna = () => directory.expand(address("anna@example.com"));
    const madeUp = () => directory.expand(address("madeup@example.com"));
    assert.equal(anna(), anna());
    assert.notEqual(madeUp(), madeUp());
  });

  test("it is read in portions, and a target that nobody can read is left out", async () => {
    const { store, load } = await setUp();
    for (let id = 1; id <= 4_500; id++) {
      await store.commit(insertAccount(plainAccount(id), 1_000));
    }
    const damaged = JSON.stringify(["n1@example.com", "no address", 7]);
    await store.commit([
      {
        sql: "INSERT INTO alias (id, kind, local_part, domain, targets, created_at) VALUES (1, 'alias', 'a', 'example.com', ?, 0)",
        parameters: [damaged],
      },
    ]);
    const directory = await load();
    assert.equal(directory.accounts().length, 4_500);
    assert.equal(directory.byLogin("n4500")?.id, 4_500);
    const found = directory.expand(address("a@example.com"));
    assert.deepEqual(typeof found === "string" ? found : found.mailboxes.map(({ name }) => name), ["n1"]);
  });

  test("a reload shows all that was committed before it was asked for, also while another one is under way", async () => {
    const { store, directory } = await setUp();
    const read = store.read.bind(store);
    let reads = 0;
    store.read = async (statement) => {
      reads++;
      const rows = await read(statement);
      await new Promise(setImmediate);
      return rows;
    };
    await store.commit(insertAccount(plainAccount(1), 0));
    const first = directory.reload();
    await new Promise(setImmediate);
    await store.commit(insertAccount(plainAccount(2), 0));
    const [second, third] = [directory.reload(), directory.reload()];
    await Promise.all([first, second, third]);
    assert.deepEqual([directory.account(1)?.name, directory.account(2)?.name], ["n1", "n2"]);
    assert.equal(reads, 2 * 3, "those who wait share one reading");
  });

  test("when the store does not answer, the old state stays and the next reload works", async () => {
    const { store, directory, make } = await setUp();
    await make("anna@example.com");
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new StoreUnavailable("gone", { isFatal: false, isFull: false }));
    await assert.rejects(directory.reload(), StoreUnavailable);
    assert.equal(directory.byLogin("anna")?.name, "anna");
    store.read = read;
    await make("bob@example.com");
    assert.equal(directory.byLogin("bob")?.name, "bob");
  });
});
