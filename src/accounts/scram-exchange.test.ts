import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { forReading, bound, outcome, overTls, scram, setLoginScene } from "../../testing/login-scene.ts";
import type { Exchange } from "./exchange.ts";

describe("SCRAM", () => {
  test("an opted-in password passes, bound to the connection or not; our proof goes before the accept", async () => {
    const { make, begin } = await setLoginScene();
    await make("anna@example.com", "pa55", true);
    for (const [mechanism, binding] of [
      ["SCRAM-SHA-256", null],
      ["SCRAM-SHA-256-PLUS", Buffer.alloc(32, 7)],
    ] as const) {
      const right = await scram(begin(mechanism, bound), { login: "anna", password: "pa55", binding });
      assert.deepEqual(right.slice(1), ["v=", "accept anna@example.com"]);
      const wrong = await scram(begin(mechanism, bound), { login: "anna", password: "pa56", binding });
      assert.deepEqual(wrong.slice(1), ["credentials"]);
    }
    const stolen = await scram(begin("SCRAM-SHA-256-PLUS", bound), {
      login: "anna",
      password: "pa55",
      binding: Buffer.alloc(32, 8),
    });
    assert.equal(stolen.at(-1), "credentials");
  });

  test("without initial response it begins with an empty challenge; the farewell is empty", async () => {
    const { make, begin } = await setLoginScene();
    await make("anna@example.com", "pa55", true);
    const exchange = begin("SCRAM-SHA-256");
    assert.equal(outcome(await exchange.respond(null)), "challenge ");
    assert.deepEqual((await scram(exchange, { login: "anna", password: "pa55" })).at(-1), "accept anna@example.com");
    assert.equal(outcome(await exchange.respond(Buffer.alloc(0))), "malformed", "an exchange passes once");
    const chatty = begin("SCRAM-SHA-256");
    const withMore: Exchange = {
      respond: (response) => chatty.respond(response?.length === 0 ? Buffer.from("x") : response),
    };
    assert.equal((await scram(withMore, { login: "anna", password: "pa55" })).at(-1), "malformed");
  });

  test("an account without a verifier, or none at all, gives an exchange that looks the same and fails at the end", async () => {
    const { make, begin, open } = await setLoginScene();
    await make("anna@example.com", "pa55", true);
    await make("bob@example.com", "pa55");
    const shown = async (login: string) => {
      const [salt, end] = await scram(begin("SCRAM-SHA-256"), { login, password: "pa55" });
      return { salt, end };
    };
    const [anna, bob, ghost] = [await shown("anna"), await shown("bob"), await shown("ghost")];
    for (const login of [bob, ghost]) {
      assert.match(login.salt ?? "", /^s=[A-Za-z0-9+/]{22}==,i=100000$/);
      assert.equal(login.end, "credentials");
    }
    assert.match(anna.salt ?? "", /^s=[A-Za-z0-9+/]{22}==,i=100000$/);
    assert.equal(new Set([anna.salt, bob.salt, ghost.salt]).size, 3);
    for (const login of ["ghost", "ghost@example.com", "EXAMPLE\\ghost"]) assert.deepEqual(await shown(login), ghost);
    const restarted = await open();
    const exchange = restarted.begin("SCRAM-SHA-256", overTls);
    assert.ok(exchange);
    assert.equal((await scram(exchange, { login: "ghost", password: "x" }))[0], ghost.salt, "the same after a restart");
  });

  test("an authorization identity is oneself or nobody", async () => {
    const { make, begin } = await setLoginScene();
    await make("anna@example.com", "pa55", true);
    await make("boss@example.com", "top", true);
    const as = async (authorizationId: string) =>
      (await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55", authorizationId })).at(-1);
    assert.equal(await as("anna@example.com"), "accept anna@example.com");
    assert.equal(await as("boss"), "credentials");
  });

  test("a disabled account never passes, also when it is disabled between the proof and the farewell", async () => {
    const { make, begin, administration } = await setLoginScene();
    const anna = await make("anna@example.com", "pa55", true);
    const exchange = begin("SCRAM-SHA-256");
    const late: Exchange = {
      respond: async (response) => {
        if (response?.length === 0) await administration.change(anna, { isEnabled: false });
        return exchange.respond(response);
      },
    };
    assert.equal((await scram(late, { login: "anna", password: "pa55" })).at(-1), "disabled");
    assert.equal((await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55" })).at(-1), "disabled");
  });
});

describe("app passwords", () => {
  test("each passes PLAIN, LOGIN and SCRAM beside the chosen one, until it is removed", async () => {
    const { make, plain, begin, administration } = await setLoginScene();
    const anna = await make("anna@example.com", "pa55", true);
    const made = [];
    for (const label of ["phone", "scanner"])
      made.push(await administration.addAppPassword(anna, { label, expiresAt: null }));
    const tries = async (password: string) => [
      await plain("anna", password),
      (await scram(begin("SCRAM-SHA-256"), { login: "anna", password })).at(-1),
    ];
    const accepted = "accept anna@example.com";
    for (const one of made) {
      assert.ok("password" in one);
      assert.deepEqual(await tries(one.password), [accepted, accepted]);
      assert.equal(await plain("anna", one.password.toUpperCase().replaceAll("-", " ")), accepted);
    }
    assert.deepEqual(await tries("pa55"), [accepted, accepted]);
    const [phone, scanner] = made;
    assert.ok(phone && scanner && "password" in phone && "password" in scanner);
    assert.equal(await administration.removeAppPassword(anna, phone.id), null);
    assert.deepEqual(await tries(phone.password), ["credentials", "credentials"], "also not by a warm login");
    assert.deepEqual(await tries(scanner.password), [accepted, accepted]);
    await administration.setPassword(anna, { password: "other", allowsScram: true });
    assert.deepEqual(
      await tries(scanner.password),
      [accepted, accepted],
      "a new chosen password keeps the salt that it needs",
    );
    assert.deepEqual(await tries("other"), [accepted, accepted]);
  });

  test("one with an end is over then, warm or not", async () => {
    const { make, plain, administration, clock } = await setLoginScene();
    const anna = await make("anna@example.com");
    const made = await administration.addAppPassword(anna, { label: "visit", expiresAt: clock.now() + 60_000 });
    assert.ok("password" in made);
    assert.equal(await plain("anna", made.password), "accept anna@example.com");
    clock.advance(59_999);
    assert.equal(await plain("anna", made.password), "accept anna@example.com");
    clock.advance(1);
    assert.equal(await plain("anna", made.password), "credentials");
  });

  test("one for reading does not send, and one for sending does not read, warm or not", async () => {
    const { make, plain, begin, administration } = await setLoginScene();
    const anna = await make("anna@example.com");
    for (const [scope, right, wrong] of [
      ["read", forReading, overTls],
      ["send", overTls, forReading],
    ] as const) {
      const made = await administration.addAppPassword(anna, { label: scope, expiresAt: null, scope: [scope] });
      assert.ok("password" in made);
      const login = { login: "anna", password: made.password };
      for (let time = 0; time < 2; time++) {
        assert.equal(await plain("anna", made.password, right), "accept anna@example.com");
        assert.equal(await plain("anna", made.password, wrong), "credentials");
      }
      assert.equal((await scram(begin("SCRAM-SHA-256", right), login)).at(-1), "accept anna@example.com");
      assert.equal((await scram(begin("SCRAM-SHA-256", wrong), login)).at(-1), "credentials");
    }
  });

  test("the last use is noted, once an hour at most", async () => {
    const { make, plain, administration, clock } = await setLoginScene();
    const anna = await make("anna@example.com");
    const made = await administration.addAppPassword(anna, { label: "phone", expiresAt: null });
    assert.ok("password" in made);
    const used = async () => {
      await plain("anna", made.password);
      await new Promise(setImmediate);
      return (await administration.appPasswords(anna))[0]?.lastUsedAt;
    };
    const first = clock.now();
    assert.equal(await used(), first);
    clock.advance(30 * 60_000);
    assert.equal(await used(), first);
    clock.advance(30 * 60_000);
    assert.equal(await used(), clock.now());
  });
});
