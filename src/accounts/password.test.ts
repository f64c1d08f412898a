import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { clientKeyOf, clientProof, isProven } from "../sasl/scram-keys.ts";
import { asAppPassword, generateAppPassword, generateInitialPassword } from "./generated.ts";
import { nodeHasher } from "./hasher.ts";
import { formatPasswordHash, hashPassword, isPassword, nobodysHash, parsePasswordHash } from "./password.ts";
import { deriveVerifier, freshSalt, verifierRounds } from "./verifier.ts";

describe("chosen passwords", () => {
  test("argon2id as RFC 9106 and the PHC form have it: made, read, checked", async () => {
    const text = await hashPassword("pa55", nodeHasher);
    assert.match(text, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const kept = parsePasswordHash(text);
    assert.ok(kept);
    assert.equal(formatPasswordHash(kept), text);
    assert.deepEqual(await Promise.all(["pa55", "pa56"].map((password) => isPassword(password, kept, nodeHasher))), [
      true,
      false,
    ]);
  });

  test("a string that the reference implementation made is checked", async () => {
    // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
    const kept = parsePasswordHash(
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    );
    assert.ok(kept);
    assert.equal(await isPassword("password", kept, nodeHasher), true);
  });

  test("nobody's hash costs the same and fits nothing", async () => {
    const kept = nobodysHash(nodeHasher);
    assert.deepEqual(kept.cost, parsePasswordHash(await hashPassword("x", nodeHasher))?.cost);
    assert.equal(await isPassword("x", kept, nodeHasher), false);
  });

  test("what is damaged or would cost too much is not a hash", () => {
    const [salt, hash] = ["c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"];
    for (const text of [
      "",
      "secret",
      `$argon2i$v=19$m=65536,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=16$m=65536,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=9999999,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=7,t=2,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=65536,t=0,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=65536,t=99,p=1$${salt}$${hash}`,
      `$argon2id$v=19$m=65536,t=2,p=0$${salt}$${hash}`,
      `$argon2id$v=19$m=65536,t=2,p=99$${salt}$${hash}`,
      `$argon2id$v=19$m=65536,t=2,p=1$${salt}$${hash}x`,
      `$argon2id$v=19$m=65536,t=2,p=1$$${hash}`,
    ]) {
      assert.equal(parsePasswordHash(text), null, text);
    }
    fc.assert(fc.property(fc.string(), (text) => assert.equal(parsePasswordHash(text), null)));
  });
});

describe("generated passwords", () => {
  test("140 bits in readable groups, each letter as likely as the next", () => {
    const made = Array.from({ length: 200 }, () => generateAppPassword(nodeHasher));
    for (const password of made) assert.match(password, /^([0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/);
    assert.equal(new Set(made).size, 200);
    assert.equal(new Set(made.join("")).size, 32 + 1);
  });

  test("an app password is known by its shape, however it is typed", () => {
    const password = "k3fm-07qa-1yzx-bcde-fgh0-2345-6789";
    for (const typed of [password, "K3FM O7QA LYZX BCDE FGHO 2345 6789", "k3fm07qaiyzxbcdefgh023456789"]) {
      assert.equal(asAppPassword(typed), password);
    }
    for (const other of [
      "",
      "secret",
      `${password}-aaaa`,
      password.slice(1),
      password.replace("k", "u"),
      "-".repeat(28),
    ]) {
      assert.equal(asAppPassword(other), null, other);
    }
  });

  test("the initial password does not look like an app password", () => {
    const password = generateInitialPassword(nodeHasher);
    assert.match(password, /^([0-9a-z]{4}-){4}[0-9a-z]{4}$/);
    assert.equal(asAppPassword(password), null);
  });
});

test("a SCRAM verifier is proven by the password that it was made of", async () => {
  const salt = freshSalt(nodeHasher);
  assert.ok(salt.iterations === verifierRounds && verifierRounds >= 100_000 && salt.salt.length === 16);
  const verifier = await deriveVerifier("pencil", salt, nodeHasher);
  const proofWith = async (password: string) =>
    clientProof(clientKeyOf(await nodeHasher.pbkdf2(password, salt.salt, salt.iterations)), "what was said");
  assert.equal(isProven(await proofWith("pencil"), verifier, "what was said"), true);
  assert.equal(isProven(await proofWith("pencil"), verifier, "something else"), false);
  assert.equal(isProven(await proofWith("pencils"), verifier, "what was said"), false);
});
