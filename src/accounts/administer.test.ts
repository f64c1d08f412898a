import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { StoreUnavailable, type Statement } from "../store/store.ts";
import type { Account } from "./account.ts";
import { createAdministration, type NewAccount } from "./administer.ts";
import { createAliasAdministration } from "./administer-aliases.ts";
import { loadDirectory } from "./directory.ts";
import type { Hasher } from "./hasher.ts";

const quickHasher: Hasher = {
  argon2id: async () => Buffer.alloc(32, 1),
  pbkdf2: async () => Buffer.alloc(32, 2),
  random: randomBytes,
};

async function setUp() {
  const store = await openMemoryStore();
  const clock = new FakeClock();
  const domains = { kindOf: (domain: string) => (domain === "example.com" ? "here" : "away") } as const;
  const directory = await loadDirectory({ store, domains });
  const discarded: string[] = [];
  const people = createAdministration({
    store,
    directory,
    clock,
    hasher: quickHasher,
    discardFile: (file) => void discarded.push(file),
  });
  const aliases = createAliasAdministration({ store, directory, domains, clock });
  const rows = (sql: string, ...parameters: Statement["parameters"]) => store.read({ sql, parameters });
  const make = async (address: string, settings: Partial<NewAccount> = {}): Promise<Account> => {
    const made = await people.create({ address, ...settings });
    assert.ok(!("refused" in made), JSON.stringify(made));
    return made;
  };
  const save = async (address: string, ...targets: string[]) =>
    refusal(await aliases.save({ kind: address.startsWith("*@") ? "catch-all" : "alias", address, targets }));
  return { store, clock, directory, people, aliases, rows, make, save, discarded };
}

/** Message `uid` of a mailbox, with the content of the same number. */
function deliver(uid: number, mailboxId: number): Statement {
  return {
    sql: "INSERT INTO message (mailbox_id, uid, content_id, prefix, size, text_extra, internal_date, saved_at, flags, keywords, modseq) VALUES (?, ?, ?, '', 1, 0, 0, 0, 0, ' ', 1)",
    parameters: [mailboxId, uid, uid],
  };
}

function refusal(answer: object | null): string | null {
  return answer !== null && "refused" in answer ? String(answer.refused) : null;
}

describe("accounts", () => {
  test("one is made with its INBOX, in lower case, and known at once", async () => {
    const { make, rows, clock, directory } = await setUp();
    const anna = await make(" Anna@Example.COM ", { mayRelay: false });
    const { id, mailboxId, ...rest } = anna;
    assert.deepEqual(rest, {
      name: "anna",
      domain: "example.com",
      isEnabled: true,
      mayRelay: false,
      senders: "own",
      maySendAs: [],
      passwordVersion: 1,
      plusAddressing: true,
      plusMailbox: "none",
      quota: null,
      forwardTo: [],
      keepsForwarded: true,
    });
    assert.equal(directory.byLogin("anna"), anna);
    const inbox = await rows(
      "SELECT id, account_id, name, uid_validity, uid_next, modseq, messages, octets FROM mailbox WHERE account_id = ?",
      id,
    );
    assert.deepEqual(inbox, [
      {
        id: mailboxId,
        account_id: id,
        name: "INBOX",
        uid_validity: Math.floor(clock.now() / 1000),
        uid_next: 1,
        modseq: 1,
        messages: 0,
        octets: 0,
      },
    ]);
  });

  test("names that cannot be", async () => {
    const { people, make } = await setUp();
    await make("anna@example.com");
    for (const [address, because] of [
      ["ANNA@example.com", /already/],
      ["anna", /domain/],
      ["postmaster", /domain name/],
      ["anna@[192.0.2.1]", /domain name/],
      ["Guest@example.com", /nobody may be called guest/],
      ["anonymous@example.com", /nobody may be called/],
      ["a b@example.com", /./],
      ["a@exa_mple.com", /./],
    ] as const) {
      assert.match(refusal(await people.create({ address })) ?? "made", because, address);
    }
  });

  test("passwords: kept as argon2id; a verifier by opt-in only; each change raises the version", async () => {
    const { make, people, rows, directory } = await setUp();
    const anna = await make("anna@example.com", { password: { password: "pa55" } });
    const kept = async () => (await rows("SELECT password, scram FROM account WHERE id = ?", anna.id))[0]!;
    const versions = [anna.passwordVersion];
    assert.match(String((await kept())["password"]), /^\$argon2id\$/);
    assert.equal((await kept())["scram"], null);
    assert.equal(await people.setPassword(anna, { password: "pa55", allowsScram: true }), null);
    versions.push(directory.account(anna.id)!.passwordVersion);
    assert.match(String((await kept())["scram"]), /^100000\$/);
    assert.equal(await people.setPassword(anna, { password: "pa55" }), null);
    versions.push(directory.account(anna.id)!.passwordVersion);
    assert.equal((await kept())["scram"], null);
    assert.deepEqual(versions, [2, 3, 4]);
  });

  test("passwords that cannot be", async () => {
    const { make, people } = await setUp();
    const anna = await make("anna@example.com");
    for (const [password, because] of [
      ["", /empty/],
      ["a\0b", /prohibits/],
      ["x".repeat(2000), /longer/],
      ["k3fm-07qa-1yzx-bcde-fgh0-2345-6789", /app password/],
    ] as const) {
      assert.match(refusal(await people.setPassword(anna, { password })) ?? "set", because);
    }
    assert.match(
      refusal(await people.create({ address: "bob@example.com", password: { password: "" } })) ?? "made",
      /empty/,
    );
  });

  test("settings are changed, others stay; may-send-as is read strictly", async () => {
    const { make, people, directory } = await setUp();
    const anna = await make("anna@example.com");
    const changed = await people.change(anna, { isEnabled: false, maySendAs: ["Boss@example.com", "@MÜLLER.example"] });
    assert.deepEqual(changed, { ...anna, isEnabled: false, maySendAs: ["boss@example.com", "@xn--mller-kva.example"] });
    assert.equal(directory.account(anna.id), changed);
    assert.match(refusal(await people.change(anna, { maySendAs: ["boss"] })) ?? "changed", /may-send-as/);
    assert.match(refusal(await people.change(anna, { maySendAs: ["@"] })) ?? "changed", /may-send-as/);
  });

  test("two changes at once: neither undoes the other", async () => {
    const { make, people, directory } = await setUp();
    const anna = await make("anna@example.com");
    await Promise.all([people.change(anna, { isEnabled: false }), people.change(anna, { mayRelay: false })]);
    assert.deepEqual(directory.account(anna.id), { ...anna, isEnabled: false, mayRelay: false });
  });

  test("app passwords of one account share a salt, made one after the other however they are asked for", async () => {
    const { make, people, rows } = await setUp();
    const anna = await make("anna@example.com");
    const labels = ["phone", "tablet", "scanner"];
    await Promise.all(labels.map((label) => people.addAppPassword(anna, { label, expiresAt: null })));
    await people.setPassword(anna, { password: "pa55", allowsScram: true });
    const salts = await rows("SELECT scram FROM app_password UNION ALL SELECT scram FROM account");
    assert.equal(salts.length, 4);
    assert.equal(new Set(salts.map((row) => String(row["scram"]).split("$").slice(0, 2).join("$"))).size, 1);
    const shown = await people.appPasswords(anna);
    assert.deepEqual(
      shown.map(({ label }) => label),
      labels,
    );
    assert.ok(shown.every((one) => !("verifier" in one)));
  });

  test("app passwords: no end in the past, no endless list, none for who is gone, none of somebody else's removed", async () => {
    const { make, people, clock, directory } = await setUp();
    const [anna, bob] = [await make("anna@example.com"), await make("bob@example.com")];
    const add = async (account: Account, expiresAt: number | null = null) =>
      people.addAppPassword(account, { label: "x", expiresAt });
    assert.match(refusal(await add(anna, clock.now())) ?? "made", /over/);
    const made = await add(anna);
    assert.ok("id" in made);
    assert.match(refusal(await people.removeAppPassword(bob, made.id)) ?? "removed", /no such/);
    for (let n = 1; n < 100; n++) assert.ok("id" in (await add(anna)));
    assert.match(refusal(await add(anna)) ?? "made", /100/);
    const { passwordVersion } = directory.account(anna.id)!;
    assert.equal(await people.removeAppPassword(anna, made.id), null);
    assert.equal(directory.account(anna.id)!.passwordVersion, passwordVersion + 1);
    assert.equal(await people.delete(bob), null);
    assert.match(refusal(await add(bob)) ?? "made", /no such account/);
  });

  test("one is deleted with its messages, in portions; contents that others need stay", async () => {
    const { store, make, people, rows, discarded, directory } = await setUp();
    const [anna, bob] = [await make("anna@example.com"), await make("bob@example.com")];
    await people.addAppPassword(anna, { label: "phone", expiresAt: null });
    for (let id = 1; id <= 450; id++) {
      const file = id % 150 === 0 ? `1/${id}` : null;
      const content = {
        sql: "INSERT INTO content (id, size, inline, file) VALUES (?, 1, NULL, ?)",
        parameters: [id, file],
      };
      const shared = id % 100 === 0 ? [deliver(id, bob.mailboxId)] : [];
      await store.commit([content, deliver(id, anna.mailboxId), ...shared]);
    }
    const units: number[] = [];
    const commit = store.commit.bind(store);
    store.commit = (unit) => {
      units.push(unit.length);
      return commit(unit);
    };
    assert.equal(await people.delete(anna), null);
    assert.equal(units.length, 3, "in portions");
    assert.deepEqual(
      (await rows("SELECT id FROM content ORDER BY id")).map(({ id }) => id),
      [100, 200, 300, 400],
    );
    assert.deepEqual(await rows("SELECT DISTINCT mailbox_id FROM message"), [{ mailbox_id: bob.mailboxId }]);
    assert.deepEqual(await rows("SELECT id FROM app_password"), []);
    assert.deepEqual(
      (await rows("SELECT account_id FROM mailbox")).map((row) => row["account_id"]),
      [bob.id],
    );
    assert.deepEqual(discarded, ["1/150", "1/450"], "1/300 is in bob's mailbox");
    assert.equal(directory.account(anna.id), null);
    assert.match(refusal(await people.delete(anna)) ?? "deleted", /no such account/);
  });

  test("a message that comes while its account is deleted is deleted too", async () => {
    const { store, make, people, rows } = await setUp();
    const anna = await make("anna@example.com");
    const read = store.read.bind(store);
    store.read = async (statement) => {
      const found = await read(statement);
      store.read = read;
      await store.commit([
        { sql: "INSERT INTO content (id, size, inline, file) VALUES (1, 1, NULL, NULL)", parameters: [] },
        deliver(1, anna.mailboxId),
      ]);
      return found;
    };
    assert.equal(await people.delete(anna), null);
    assert.deepEqual([await rows("SELECT uid FROM message"), await rows("SELECT id FROM account")], [[], []]);
  });

  test("an account that an alias leads to is not deleted; its own forward goes with it", async () => {
    const { make, save, people, aliases, directory } = await setUp();
    const anna = await make("anna@example.com");
    await save("sales@example.com", "anna@example.com");
    await save("anna@example.com", "anna@example.com", "c@example.org");
    assert.match(refusal(await people.delete(anna)) ?? "deleted", /^sales@example.com leads to this account/);
    assert.equal(await aliases.remove("sales@example.com"), null);
    assert.equal(await people.delete(anna), null);
    assert.deepEqual(directory.aliases(), []);
  });

  test("a store that keeps nothing is not taken for a refusal, and the next change works", async () => {
    const { store, make, people } = await setUp();
    const anna = await make("anna@example.com");
    store.failNext(new StoreUnavailable("full", { isFatal: false, isFull: true }));
    await assert.rejects(people.change(anna, { isEnabled: false }), StoreUnavailable);
    assert.equal(refusal(await people.change(anna, { isEnabled: false })), null);
  });
});

describe("aliases, groups and catch-alls", () => {
  test("one is saved, given other targets, and removed", async () => {
    const { make, save, aliases, directory, rows } = await setUp();
    await make("anna@example.com");
    assert.equal(await save("Sales@Example.com", "Anna@example.com", "anna@example.com", "C@Example.ORG"), null);
    const stored = () => rows("SELECT local_part, domain, targets FROM alias");
    assert.deepEqual(await stored(), [
      { local_part: "sales", domain: "example.com", targets: '["Anna@example.com","C@example.org"]' },
    ]);
    assert.equal(await save("sales@example.com", "anna@example.com"), null);
    assert.deepEqual(
      directory.aliases().map(({ localPart, targets }) => [localPart, targets.length]),
      [["sales", 1]],
    );
    assert.equal(await aliases.remove("SALES@example.com"), null);
    assert.match(refusal(await aliases.remove("sales@example.com")) ?? "removed", /no such alias/);
    assert.deepEqual(directory.aliases(), []);
  });

  test("O-36 a, b: rings are refused when they are saved, however long and however hidden", async () => {
    const { make, save } = await setUp();
    await make("anna@example.com");
    assert.equal(await save("a@example.com", "a@example.com"), "that would be a loop: a@example.com → a@example.com");
    assert.equal(await save("b@example.com", "anna@example.com"), null);
    assert.equal(await save("c@example.com", "b@example.com", "x@example.org"), null);
    assert.equal(
      await save("b@example.com", "anna@example.com", "C@example.com"),
      "that would be a loop: b@example.com → C@example.com → b@example.com",
    );
    assert.match((await save("anna@example.com", "c@example.com")) ?? "saved", /loop/);
    assert.match((await save("anna@example.com", "anna+x@example.com")) ?? "saved", /loop/);
    assert.match((await save("*@example.com", "unknown@example.com")) ?? "saved", /loop/);
    assert.equal(await save("*@example.com", "anna@example.com"), null);
    assert.match((await save("anna@example.com", "unknown@example.com")) ?? "saved", /loop/);
  });

  test("O-36 c: a forward that keeps a copy is no ring", async () => {
    const { make, save } = await setUp();
    await make("anna@example.com");
    assert.equal(await save("anna@example.com", "anna@example.com", "c@example.org"), null);
    assert.equal(await save("sales@example.com", "anna@example.com"), null);
  });

  test("a target of ours where nobody is", async () => {
    const { make, save } = await setUp();
    await make("anna@example.com");
    assert.equal(
      await save("a@example.com", "anna@example.com", "gone@example.com"),
      "there is no mailbox or alias gone@example.com",
    );
    assert.equal(
      await save("a@example.com", "gone@example.org", "anna+tag@example.com", "postmaster@example.com"),
      null,
    );
  });

  test("names and targets that cannot be", async () => {
    const { make, aliases } = await setUp();
    await make("anna@example.com");
    const anna = ["anna@example.com"];
    for (const [kind, address, targets, because] of [
      ["alias", "*@example.com", anna, /catch-all/],
      ["catch-all", "a@example.com", anna, /catch-all/],
      ["alias", "a", anna, /domain/],
      ["alias", "a@[192.0.2.1]", anna, /domain name/],
      ["alias", "a@example.com", [], /target/],
      ["alias", "a@example.com", ["no address"], /target/],
      ["alias", "a@example.com", ["postmaster"], /target/],
      ["group", "a@example.com", Array.from({ length: 10_001 }, (_, n) => `n${n}@example.org`), /10000/],
    ] as const) {
      assert.match(refusal(await aliases.save({ kind, address, targets })) ?? "saved", because, address);
    }
  });

  test("'*' as the whole local part is the catch-all's, for removing too", async () => {
    const { make, save, aliases, directory } = await setUp();
    await make("anna@example.com");
    assert.equal(await save("*@example.com", "anna@example.com"), null);
    assert.equal(directory.aliases()[0]?.kind, "catch-all");
    assert.equal(await aliases.remove("*@Example.com"), null);
    assert.deepEqual(directory.aliases(), []);
  });
});
