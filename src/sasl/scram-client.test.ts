import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isServerProven, openScram, parseServerFirst, proveScram, type ScramBinding } from "./scram-client.ts";
import { scramKeys } from "./scram-keys.ts";
import { challengeScram, checkProof, parseClientFinal, parseClientFirst, type ScramOffer } from "./scram.ts";

const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const pencil = pbkdf2Sync("pencil", salt, 4096, 32, "sha256");
const exporter = Buffer.from("exported keying material");

/** Both sides of an exchange; what the server makes of it and whether the client believes the server. */
function exchange(login: string, binding: ScramBinding, offer: ScramOffer, knows = pencil) {
  const opened = openScram(login, "fyko+d2lbbFgONRv9qkxdawL", binding);
  const opening = parseClientFirst(opened.message, offer);
  if ("refused" in opening) return opening.refused;
  const challenge = challengeScram(opening, "3rfcNHYJY1ZVvWVs7j", { salt, iterations: 4096 });
  const challenged = parseServerFirst(opened, challenge.message);
  if ("refused" in challenged) return challenged.refused;
  const proven = proveScram(opened, challenged, pencil);
  const final = parseClientFinal(challenge, proven.message);
  if ("refused" in final) return final.refused;
  const checked = checkProof(final, [scramKeys(knows)]);
  if (checked === null) return "not proven";
  return [opening.login, isServerProven(proven, checked.message)];
}

describe("SCRAM, the client's side", () => {
  it("the exchange printed in RFC 7677 §3", () => {
    const opened = openScram("user", "rOprNGfwEbeRWgbNEkqO", "n");
    assert.equal(opened.message.toString(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const challenged = parseServerFirst(
      opened,
      Buffer.from("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
    );
    assert.ok(!("refused" in challenged));
    assert.deepEqual([challenged.salt, challenged.iterations], [salt, 4096]);
    const proven = proveScram(opened, challenged, pencil);
    assert.equal(
      proven.message.toString(),
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    assert.ok(isServerProven(proven, Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")));
    for (const lie of ["v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=", "", "e=other-error", "v=AAAA"])
      assert.ok(!isServerProven(proven, Buffer.from(lie)), lie);
  });

  it("goes with the server's side: bound, not offered, not able; with names that need escapes", () => {
    const plus = { isPlus: true, channelBinding: exporter };
    const plain = { isPlus: false, channelBinding: null };
    assert.deepEqual(exchange("anna", { exporter }, plus), ["anna", true]);
    assert.deepEqual(exchange("a,b=c", "y", plain), ["a,b=c", true]);
    assert.deepEqual(exchange("anna", "n", { ...plus, isPlus: false }), ["anna", true]);
    assert.equal(
      exchange("anna", { exporter: Buffer.from("another connection") }, plus),
      "the channel binding does not match",
    );
    // Somebody between took the stronger offer away: the server hears of it.
    assert.match(String(exchange("anna", "y", { ...plus, isPlus: false })), /not shown/);
    assert.equal(exchange("anna", "n", plain, pbkdf2Sync("pen", salt, 4096, 32, "sha256")), "not proven");
  });

  it("any name", () => {
    const name = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => !text.includes("\0") && text.isWellFormed());
    fc.assert(
      fc.property(name, (login) =>
        assert.deepEqual(exchange(login, "n", { isPlus: false, channelBinding: null }), [login, true]),
      ),
    );
  });

  const wrong: Record<string, [message: string, why: RegExp]> = {
    "a nonce of its own": ["r=other,s=AAAA,i=4096", /nonce/],
    "our nonce and nothing more": ["r=ours,s=AAAA,i=4096", /nonce/],
    "a mandatory extension": ["m=x,r=ours1,s=AAAA,i=4096", /nonce/],
    "no salt": ["r=ours1,s=,i=4096", /salt/],
    "a salt that is no base64": ["r=ours1,s=A,i=4096", /salt/],
    "few rounds": ["r=ours1,s=AAAA,i=4095", /rounds/],
    "many rounds": ["r=ours1,s=AAAA,i=99999999", /rounds/],
    "rounds that are no number": ["r=ours1,s=AAAA,i=4e9", /rounds/],
    nothing: ["", /nonce/],
  };
  for (const [name, [message, why]] of Object.entries(wrong)) {
    it(`does not go on after ${name}`, () => {
      const challenged = parseServerFirst(openScram("anna", "ours", "n"), Buffer.from(message));
      assert.match("refused" in challenged ? challenged.refused : "it went on", why);
    });
  }
});
