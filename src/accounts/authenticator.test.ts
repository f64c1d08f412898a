import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { bound, inClear, outcome, overTls, setLoginScene } from "../../testing/login-scene.ts";

describe("PLAIN and LOGIN", () => {
  test("the right password, in each way to write the login", async () => {
    const { make, plain } = await setLoginScene();
    await make("anna@example.com", "pa55");
    for (const login of ["anna", "anna@example.com", "EXAMPLE\\anna"]) {
      assert.equal(await plain(login, "pa55"), "accept anna@example.com");
      assert.equal(await plain(login, "pa56"), "credentials");
    }
  });

  test("O-14: PLAIN without initial response gets an empty challenge; LOGIN gets its two prompts", async () => {
    const { make, begin } = await setLoginScene();
    await make("anna@example.com", "pa55");
    const plain = begin("PLAIN");
    assert.equal(outcome(await plain.respond(null)), "challenge ");
    assert.equal(outcome(await plain.respond(Buffer.from("\0anna\0pa55"))), "accept anna@example.com");
    const login = begin("login");
    const said = [
      await login.respond(null),
      await login.respond(Buffer.from("anna")),
      await login.respond(Buffer.from("pa55")),
    ];
    assert.deepEqual(said.map(outcome), ["challenge Username:", "challenge Password:", "accept anna@example.com"]);
  });

  test("O-13: the name may come with AUTH LOGIN", async () => {
    const { make, begin } = await setLoginScene();
    await make("scan@example.com", "pa55");
    const login = begin("LOGIN");
    assert.equal(outcome(await login.respond(Buffer.from("scan@example.com"))), "challenge Password:");
    assert.equal(outcome(await login.respond(Buffer.from("pa55"))), "accept scan@example.com");
  });

  test("O-08: empty, anonymous and guest credentials are nobody's, also where such an account was slipped into the store", async () => {
    const { store, directory, begin, plain, make } = await setLoginScene();
    await make("anna@example.com", "pa55");
    await make("carol@example.com", "pa55");
    await store.commit([{ sql: "UPDATE account SET name = 'guest' WHERE name = 'carol'", parameters: [] }]);
    await directory.reload();
    assert.equal(outcome(await begin("PLAIN").respond(Buffer.from("AAA=", "base64"))), "malformed");
    assert.equal(outcome(await begin("PLAIN").respond(Buffer.from("\0anna\0"))), "malformed");
    for (const name of ["guest", "guest@example.com", "anonymous"])
      assert.equal(await plain(name, "pa55"), "credentials");
    const empty = begin("LOGIN");
    const said = [
      await empty.respond(null),
      await empty.respond(Buffer.alloc(0)),
      await empty.respond(Buffer.alloc(0)),
    ];
    assert.deepEqual(said.map(outcome), ["challenge Username:", "challenge Password:", "credentials"]);
  });

  test("O-08: an account without a password, and a disabled one, never pass", async () => {
    const { make, plain, administration } = await setLoginScene();
    await make("robot@example.com");
    const anna = await make("anna@example.com", "pa55");
    assert.equal(await plain("robot", "pa55"), "credentials");
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    await administration.change(anna, { isEnabled: false });
    assert.equal(await plain("anna", "pa55"), "disabled");
    assert.equal(await plain("anna", "wrong"), "credentials", "who does not know the password learns nothing");
    await administration.change(anna, { isEnabled: true });
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
  });

  test("what is accepted is the account as it is now", async () => {
    const { make, begin, administration } = await setLoginScene();
    const anna = await make("anna@example.com", "pa55");
    await administration.change(anna, { mayRelay: false });
    const step = await begin("PLAIN").respond(Buffer.from("\0anna\0pa55"));
    assert.ok(step.do === "accept" && !step.account.mayRelay);
  });

  test("an authorization identity is oneself or nobody", async () => {
    const { make, begin } = await setLoginScene();
    await make("anna@example.com", "pa55");
    await make("boss@example.com", "top");
    const as = async (identity: string) =>
      outcome(await begin("PLAIN").respond(Buffer.from(`${identity}\0anna\0pa55`)));
    assert.equal(await as("anna@example.com"), "accept anna@example.com");
    assert.equal(await as("boss"), "credentials");
    assert.equal(await as("nobody"), "credentials");
  });

  test("passwords are compared prepared: composed or not is the same", async () => {
    const { make, plain } = await setLoginScene();
    await make("anna@example.com", "Mu\u0308ller");
    assert.equal(await plain("anna", "M\u00fcller"), "accept anna@example.com");
  });
});

describe("what is offered", () => {
  test("O-20: list and command follow one rule: nothing in clear, except where the listener says so", async () => {
    const { authenticator, make } = await setLoginScene();
    await make("anna@example.com", "pa55", true);
    const all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"];
    for (const context of [inClear, overTls, bound, { ...inClear, listener: "loopback" }]) {
      const listed = authenticator.mechanisms({
        tls: context.tls !== null,
        channelBinding: context.tls?.exporter() != null,
        listener: context.listener,
      });
      assert.deepEqual(
        all.filter((mechanism) => authenticator.begin(mechanism, context) !== null),
        listed,
      );
    }
    assert.equal(authenticator.begin("PLAIN", inClear), null);
    assert.equal(authenticator.begin("CRAM-MD5", bound), null);
    assert.equal(authenticator.begin("", bound), null);
  });

  test("SCRAM appears with the first verifier", async () => {
    const { authenticator, make } = await setLoginScene();
    const listed = () => authenticator.mechanisms({ tls: true, channelBinding: true, listener: "submission" });
    await make("anna@example.com", "pa55");
    assert.deepEqual(listed(), ["PLAIN", "LOGIN"]);
    await make("bob@example.com", "pa55", true);
    assert.deepEqual(listed(), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"]);
  });
});

test("any responses to any mechanism: a step each time, no throw, nobody let in", async () => {
  const { make, begin } = await setLoginScene({ isThrottled: true });
  await make("anna@example.com", "pa55", true);
  const near = fc.array(
    fc.constantFrom("anna", "\0", "pa56", "n,,", "p=tls-exporter,,", "n=anna", ",", "r=x", "c=biws", "p=AAAA", "é"),
    { maxLength: 8 },
  );
  const response = fc.oneof(
    near.map((parts) => Buffer.from(parts.join(""))),
    fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets)),
    fc.constant(null),
  );
  const mechanism = fc.constantFrom("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
  await fc.assert(
    fc.asyncProperty(mechanism, fc.array(response, { maxLength: 4 }), async (name, responses) => {
      const exchange = begin(name, bound);
      for (const one of responses) {
        const step = await exchange.respond(one);
        assert.notEqual(step.do, "accept");
        if (step.do === "refuse") break;
      }
    }),
    { numRuns: 500 },
  );
});
