import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { elsewhere, outcome, scram, setLoginScene } from "../../testing/login-scene.ts";

describe("the work of a login", () => {
  test("is the same for who exists, who has no password and who does not exist", async () => {
    const { make, plain, hasher, store, administration } = await setLoginScene();
    await make("anna@example.com", "pa55");
    await make("robot@example.com");
    const phone = await make("phone@example.com");
    await administration.addAppPassword(phone, { label: "phone", expiresAt: null });
    const reads: string[] = [];
    const read = store.read.bind(store);
    store.read = (statement) => {
      reads.push(statement.sql);
      return read(statement);
    };
    const work = async (login: string, password: string) => {
      hasher.done.length = 0;
      reads.length = 0;
      assert.equal(await plain(login, password), "credentials");
      return { hashes: [...hasher.done], reads: [...reads] };
    };
    for (const password of ["wrong", "k3fm-07qa-1yzx-bcde-fgh0-2345-6789"]) {
      const known = await work("anna", password);
      assert.equal(known.hashes.length, 1);
      assert.equal(known.reads.length, 1);
      for (const login of ["robot", "phone", "ghost", "ghost@elsewhere.test", "a b c", "guest"]) {
        assert.deepEqual(await work(login, password), known, `${login} ${password}`);
      }
    }
  });

  test("a warm login is checked without the slow hash, for ten minutes and for the right password only", async () => {
    const { make, plain, hasher, clock } = await setLoginScene();
    await make("anna@example.com", "pa55");
    const hashes = async (password: string) => {
      hasher.done.length = 0;
      await plain("anna", password);
      return hasher.done.length;
    };
    assert.deepEqual(
      [await hashes("pa55"), await hashes("pa55"), await hashes("pa56"), await hashes("pa55")],
      [1, 0, 1, 0],
    );
    clock.advance(10 * 60_000);
    assert.equal(await hashes("pa55"), 1);
  });

  test("a new password ends warm logins by the old one at once", async () => {
    const { make, plain, administration } = await setLoginScene();
    const anna = await make("anna@example.com", "pa55");
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    await administration.setPassword(anna, { password: "new one" });
    assert.equal(await plain("anna", "pa55"), "credentials");
    assert.equal(await plain("anna", "new one"), "accept anna@example.com");
  });

  test("a password that is changed while it is being checked does not pass", async () => {
    const { make, begin, hasher, administration } = await setLoginScene();
    const anna = await make("anna@example.com", "pa55");
    const slow = Promise.withResolvers<void>();
    const argon2id = hasher.argon2id.bind(hasher);
    hasher.argon2id = async (...given) => {
      hasher.argon2id = argon2id;
      await slow.promise;
      return argon2id(...given);
    };
    const login = begin("PLAIN").respond(Buffer.from("\0anna\0pa55"));
    await new Promise(setImmediate);
    await administration.setPassword(anna, { password: "new one" });
    slow.resolve();
    assert.equal(outcome(await login), "credentials");
  });

  test("too many at once: busy, and nothing counts as a failure", async () => {
    const { make, begin, plain, hasher } = await setLoginScene({ waiting: 3, isThrottled: true });
    await make("anna@example.com", "pa55");
    hasher.argon2id = () => new Promise(() => {});
    const logins = Array.from({ length: 7 }, async (_, n) => begin("PLAIN").respond(Buffer.from(`\0ghost${n}\0x`)));
    const settled = await Promise.race([
      Promise.all(logins.slice(5)),
      new Promise<null>((resolve) => setImmediate(resolve, null)),
    ]);
    assert.deepEqual(settled?.map(outcome), ["busy", "busy"]);
    for (let n = 0; n < 15; n++) assert.equal(await plain("late", "x"), "busy");
  });

  test("a store that does not answer: unavailable, an event, and no failure counted", async () => {
    const { make, begin, plain, store, events } = await setLoginScene({ isThrottled: true });
    await make("anna@example.com", "pa55", true);
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new Error("the disk is gone"));
    for (let n = 0; n < 15; n++) assert.equal(await plain("anna", "pa55"), "unavailable");
    assert.deepEqual(await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55" }), ["unavailable"]);
    assert.deepEqual(events[0], { name: "trouble", doing: "checking a login", problem: "the disk is gone" });
    store.read = read;
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
  });
});

describe("the throttle at work", () => {
  test("guesses are slowed down per account and network, the owner elsewhere is not", async () => {
    const { make, plain, clock } = await setLoginScene({ isThrottled: true });
    await make("anna@example.com", "pa55");
    for (let n = 0; n < 10; n++) assert.equal(await plain("anna", `guess${n}`), "credentials");
    assert.equal(await plain("anna", "pa55"), "throttled", "also with the right password, or guessing would go on");
    assert.equal(await plain("EXAMPLE\\anna", "x"), "throttled", "another way to write it is no way round");
    assert.equal(await plain("anna", "pa55", elsewhere), "accept anna@example.com");
    clock.advance(1_000);
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    for (let n = 0; n < 20; n++) await plain("anna", `typo${n}`);
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com", "this network has succeeded before");
  });

  test("a name that nobody has is slowed down alike, and SCRAM shares the count", async () => {
    const { make, plain, begin } = await setLoginScene({ isThrottled: true });
    await make("anna@example.com", "pa55", true);
    for (const login of ["anna", "ghost"]) {
      for (let n = 0; n < 5; n++) assert.equal(await plain(login, "x"), "credentials");
      for (let n = 0; n < 5; n++) {
        assert.equal((await scram(begin("SCRAM-SHA-256"), { login, password: "x" })).at(-1), "credentials");
      }
      assert.equal((await scram(begin("SCRAM-SHA-256"), { login, password: "pa55" })).at(-1), "throttled");
      assert.equal(await plain(login, "pa55"), "throttled");
    }
  });
});
