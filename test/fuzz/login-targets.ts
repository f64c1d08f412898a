import assert from "node:assert/strict";
import { formatPasswordHash, parsePasswordHash } from "../../src/accounts/password.ts";
import { type LoginState, nextLogin } from "../../src/sasl/login.ts";
import { parsePlain } from "../../src/sasl/plain.ts";
import { saslprep } from "../../src/sasl/saslprep.ts";
import { formatScramVerifier, parseScramVerifier, scramKeys } from "../../src/sasl/scram-keys.ts";
import { challengeScram, checkProof, parseClientFinal, parseClientFirst } from "../../src/sasl/scram.ts";
import type { Target } from "../../testing/fuzz.ts";

const salt = { salt: Buffer.from("0123456789abcdef"), iterations: 4_096 };
const keys = scramKeys(Buffer.alloc(32, 1));
const binding = Buffer.from("exported");
const offers = [
  { isPlus: false, channelBinding: null },
  { isPlus: false, channelBinding: binding },
  { isPlus: true, channelBinding: binding },
];
const opening = parseClientFirst(Buffer.from("n,,n=user,r=fyko"), offers[0]!);
if ("refused" in opening) throw new Error(opening.refused);
const challenge = challengeScram(opening, "3rfc", salt);

const verifier = formatScramVerifier({ ...salt, ...keys });
const hash = formatPasswordHash({
  cost: { memoryKib: 19_456, passes: 2, lanes: 1 },
  salt: salt.salt,
  hash: Buffer.alloc(32, 2),
});

export const loginTargets: readonly Target[] = [
  {
    name: "PLAIN",
    seeds: ["\0anna\0secret", "boss\0anna\0secret"],
    words: ["\0", "anna", "é", "\xff"],
    check(text) {
      for (const octets of [Buffer.from(text, "latin1"), Buffer.from(text)]) {
        const claim = parsePlain(octets);
        if ("refused" in claim) continue;
        assert.ok(claim.login !== "" && claim.password !== "");
        assert.deepEqual(Buffer.from(`${claim.authorizationId}\0${claim.login}\0${claim.password}`), octets);
      }
    },
  },
  {
    name: "LOGIN",
    seeds: ["anna\nsecret", "\n", "anna"],
    words: ["\n", "\0", "\xff"],
    check(text) {
      let state: LoginState = { wants: "name" };
      for (const line of text.split("\n").slice(0, 4)) {
        const step = nextLogin(state, Buffer.from(line, "latin1"));
        if (step.do !== "challenge") return;
        state = step.state;
      }
    },
  },
  {
    name: "SCRAM, first message",
    seeds: ["n,,n=user,r=fyko", "p=tls-exporter,,n=user,r=fyko", "y,a=boss,n=us=2Cer,r=x,e=1"],
    words: ["n,", "p=tls-exporter,", "y,", "a=", "n=", "r=", ",", "=2C", "=3D", "m=1", "\0"],
    check(text) {
      for (const offer of offers) {
        const read = parseClientFirst(Buffer.from(text), offer);
        if ("refused" in read) continue;
        assert.ok(read.login !== "" && read.clientNonce !== "" && Buffer.from(text).toString().endsWith(read.bare));
      }
    },
  },
  {
    name: "SCRAM, final message",
    seeds: ["c=biws,r=fyko3rfc,p=AAAA", "c=biws,r=fyko3rfc,x=1,p=AAAA"],
    words: ["c=biws", "r=fyko3rfc", "p=", ",", "=", "AAAA", "\0"],
    check(text) {
      const proof = parseClientFinal(challenge, Buffer.from(text));
      if (!("refused" in proof)) assert.equal(checkProof(proof, [keys]), null, "proven without the password");
    },
  },
  {
    name: "prepared names and passwords",
    seeds: ["anna", "pä\u00adss", "\u2168", "א1"],
    words: ["\u00ad", "\u0301", "א", "ﷺ", "\u00a0", "\u{e0001}", "ﬁ"],
    check(text) {
      const prepared = saslprep(text);
      // One that became too long to be prepared again is not: it is prepared once, at login as when it was set.
      if (typeof prepared === "string" && prepared.length <= 1_024)
        assert.equal(saslprep(prepared), prepared, "prepared twice is something else");
    },
  },
  {
    name: "kept SCRAM verifier",
    seeds: [verifier],
    words: ["$", "=", "4096", "0"],
    check(text) {
      const read = parseScramVerifier(text);
      if (read !== null) assert.equal(formatScramVerifier(read), text);
    },
  },
  {
    name: "kept password hash",
    seeds: [hash],
    words: ["$", ",", "m=", "t=", "p=", "argon2id", "9"],
    check(text) {
      const read = parsePasswordHash(text);
      if (read !== null) assert.ok(read.cost.memoryKib <= 1024 * 1024 && read.hash.length === 32);
    },
  },
];
