import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { challengeScram, checkProof, parseClientFinal, parseClientFirst, type ScramOffer } from "./scram.ts";
import { clientKeyOf, clientProof, formatScramVerifier, parseScramVerifier, scramKeys } from "./scram-keys.ts";

const plain: ScramOffer = { isPlus: false, channelBinding: null };
const exporter = Buffer.from("the exported keying material ....");
const plus: ScramOffer = { isPlus: true, channelBinding: exporter };
const salt = { salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), iterations: 4096 };
const saltedPassword = (password: string): Buffer => pbkdf2Sync(password, salt.salt, salt.iterations, 32, "sha256");
const pencil = saltedPassword("pencil");
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

function open(message: string, offer = plain) {
  const opening = parseClientFirst(Buffer.from(message), offer);
  return "refused" in opening ? opening.refused : opening;
}

/** The client's side, only as far as these tests need it. */
function answer(first: string, offer: ScramOffer, final: (withoutProof: string) => string = (text) => text) {
  const opening = open(first, offer);
  if (typeof opening === "string") return opening;
  const challenge = challengeScram(opening, serverNonce, salt);
  const withoutProof = final(`c=${opening.bindingInput.toString("base64")},r=${challenge.nonce}`);
  const proof = clientProof(clientKeyOf(pencil), `${opening.bare},${challenge.message.toString()},${withoutProof}`);
  const read = parseClientFinal(challenge, Buffer.from(`${withoutProof},p=${proof.toString("base64")}`));
  if ("refused" in read) return read.refused;
  return checkProof(read, [scramKeys(pencil)]) === null ? "not proven" : "proven";
}

describe("SCRAM, the server's side", () => {
  test("the exchange printed in RFC 7677 §3", () => {
    const opening = open("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert.ok(typeof opening === "object");
    assert.equal(opening.login, "user");
    const challenge = challengeScram(opening, serverNonce, salt);
    assert.equal(
      challenge.message.toString(),
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    );
    const proof = parseClientFinal(
      challenge,
      Buffer.from(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      ),
    );
    assert.ok(!("refused" in proof));
    const others = [saltedPassword("pen"), saltedPassword("cil")].map(scramKeys);
    const proven = checkProof(proof, [...others, scramKeys(pencil)]);
    assert.equal(proven?.message.toString(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert.equal(proven?.index, 2);
    assert.equal(checkProof(proof, others), null);
  });

  test("names are unescaped; an authorization identity is kept apart", () => {
    assert.deepEqual(
      [open("n,a=boss,n=a=2Cb=3Dc,r=x"), open("n,,n=J=C3,r=x"), open("n,,n=,r=x"), open("n,boss,n=a,r=x")].map(
        (opening) => (typeof opening === "string" ? opening : [opening.authorizationId, opening.login]),
      ),
      [
        ["boss", "a,b=c"],
        "the name is missing or badly escaped",
        "the name is missing or badly escaped",
        "the name is missing or badly escaped",
      ],
    );
  });

  for (const [what, message, offer, wanted] of [
    ["no GS2 header", "n=user,r=x", plain, /GS2|flag/],
    ["nothing", "", plain, /GS2/],
    ["a mandatory extension", "n,,m=x,n=user,r=x", plain, /name/],
    ["no nonce", "n,,n=user", plain, /nonce/],
    ["an empty nonce", "n,,n=user,r=", plain, /nonce/],
    ["a nonce with a blank", "n,,n=user,r=a b", plain, /nonce/],
    ["a broken extension", "n,,n=user,r=x,yy", plain, /extension/],
    ["a NUL in the name", "n,,n=us\0er,r=x", plain, /name/],
    ["binding at the plain mechanism", "p=tls-exporter,,n=user,r=x", plain, /not offered/],
    ["no binding at PLUS", "n,,n=user,r=x", plus, /wants channel binding/],
    ["'y' at PLUS", "y,,n=user,r=x", plus, /wants channel binding/],
    ["another kind of binding", "p=tls-unique,,n=user,r=x", plus, /tls-exporter/],
    [
      "a downgrade: PLUS was listed, the client did not see it",
      "y,,n=user,r=x",
      { ...plus, isPlus: false },
      /not shown/,
    ],
    ["an unknown flag", "q,,n=user,r=x", plain, /flag/],
  ] as const) {
    test(`refused: ${what}`, () => {
      const opening = open(message, offer);
      assert.ok(typeof opening === "string", "should have been refused");
      assert.match(opening, wanted);
    });
  }

  test("a client that cannot bind says 'y' where nothing was offered, and 'n' anywhere", () => {
    assert.equal(answer("y,,n=user,r=x", plain), "proven");
    assert.equal(answer("n,,n=user,r=x", { ...plus, isPlus: false }), "proven");
  });

  test("PLUS binds to the connection: the exported octets of another one do not pass", () => {
    const first = "p=tls-exporter,,n=user,r=x";
    assert.equal(answer(first, plus), "proven");
    const elsewhere = Buffer.from("p=tls-exporter,,other keying material").toString("base64");
    assert.equal(
      answer(first, plus, (text) => text.replace(/^c=[^,]*/, `c=${elsewhere}`)),
      "the channel binding does not match",
    );
  });

  test("the final message: nonce, extensions, proof", () => {
    const first = "n,,n=user,r=x";
    assert.equal(
      answer(first, plain, (text) => `${text}x`),
      "the nonce is not the one of this exchange",
    );
    assert.equal(
      answer(first, plain, (text) => `${text},x=1`),
      "proven",
    );
    assert.equal(
      answer(first, plain, (text) => `${text},1`),
      "an extension is malformed",
    );
    assert.equal(
      answer(first, plain, (text) => text.slice(2)),
      "the channel binding does not match",
    );
  });

  test("never throws, whatever a stranger sends", () => {
    const opening = open("n,,n=user,r=x");
    assert.ok(typeof opening === "object");
    const challenge = challengeScram(opening, serverNonce, salt);
    const near = fc
      .array(
        fc.constantFrom(
          "n,,",
          "p=tls-exporter,,",
          "n=a",
          "r=x",
          ",",
          "=",
          "c=biws",
          `r=x${serverNonce}`,
          "p=AAAA",
          "\0",
          "é",
        ),
      )
      .map((parts) => Buffer.from(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 300 })), fc.boolean(), (message, isPlus) => {
        parseClientFirst(Buffer.from(message), isPlus ? plus : plain);
        const final = parseClientFinal(challenge, Buffer.from(message));
        if (!("refused" in final)) assert.equal(checkProof(final, [scramKeys(pencil)]), null);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the stored verifier", () => {
  test("is read as it was written", () => {
    const verifier = { ...salt, ...scramKeys(pencil) };
    const text = formatScramVerifier(verifier);
    assert.match(text, /^4096\$W22ZaJ0SNY7soEsUEjb6gQ==\$/);
    assert.deepEqual(parseScramVerifier(text), verifier);
  });

  test("is refused when damaged or too weak", () => {
    const [, salted, stored, server] = formatScramVerifier({ ...salt, ...scramKeys(pencil) }).split("$");
    for (const text of [
      "",
      `4095$${salted}$${stored}$${server}`,
      `04096$${salted}$${stored}$${server}`,
      `99999999$${salted}$${stored}$${server}`,
      `4096$$${stored}$${server}`,
      `4096$${salted}$${stored}$${server}$`,
      `4096$${salted}$${stored}`,
      `4096$${salted}$${stored}$AAAA`,
      `4096$${salted}$${stored}$${server?.slice(0, -1)}`,
    ]) {
      assert.equal(parseScramVerifier(text), null, text);
    }
  });
});
