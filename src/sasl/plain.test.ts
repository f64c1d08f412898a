import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { loginPrompts, nextLogin, type LoginState } from "./login.ts";
import { parsePlain } from "./plain.ts";

const base64 = (text: string): Buffer => Buffer.from(text, "base64");

describe("PLAIN", () => {
  for (const [what, message, claim] of [
    [
      "RFC 4616 §4, first example",
      "\0tim\0tanstaaftanstaaf",
      { authorizationId: "", login: "tim", password: "tanstaaftanstaaf" },
    ],
    [
      "RFC 4616 §4, second example",
      "Ursel\0Kurt\0xipj3plmq",
      { authorizationId: "Ursel", login: "Kurt", password: "xipj3plmq" },
    ],
    ["letters beyond ASCII", "\0jörg\0pÄß", { authorizationId: "", login: "jörg", password: "pÄß" }],
  ] as const) {
    test(what, () => assert.deepEqual(parsePlain(Buffer.from(message)), claim));
  }

  for (const [what, message] of [
    ["O-08: AUTH PLAIN AAA=", base64("AAA=")],
    ["no password", Buffer.from("\0anna\0")],
    ["no name", Buffer.from("anna\0\0pa55")],
    ["no NUL", Buffer.from("anna pa55")],
    ["one NUL", Buffer.from("anna\0pa55")],
    ["a NUL in the password", Buffer.from("\0anna\0pa\x0055")],
    ["nothing", Buffer.alloc(0)],
    ["octets that are not UTF-8", base64("AGFubmEA/w==")],
    ["more than anybody's password", Buffer.from(`\0anna\0${"x".repeat(4096)}`)],
  ] as const) {
    test(`refused: ${what}`, () => assert.ok("refused" in parsePlain(message)));
  }

  test("255 octets in each field, as RFC 4616 §2 asks", () => {
    const field = "x".repeat(255);
    assert.deepEqual(parsePlain(Buffer.from([field, field, field].join("\0"))), {
      authorizationId: field,
      login: field,
      password: field,
    });
  });

  test("what was put together is taken apart; octets never throw", () => {
    const field = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(field, field, field, (authorizationId, login, password) => {
        const message = Buffer.from([authorizationId, login, password].join("\0"));
        assert.deepEqual(parsePlain(message), { authorizationId, login, password });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (message) => void parsePlain(message)),
      { numRuns: 1000 },
    );
  });
});

describe("LOGIN", () => {
  const start: LoginState = { wants: "name" };

  function play(...responses: readonly (Buffer | null)[]) {
    let state = start;
    const said = [];
    for (const response of responses) {
      const step = nextLogin(state, response);
      if (step.do === "challenge") state = step.state;
      said.push(step.do === "challenge" ? step.data.toString("base64") : step);
    }
    return said;
  }

  test("O-14: the prompts are exactly these", () => {
    assert.equal(loginPrompts.name.toString("base64"), "VXNlcm5hbWU6");
    assert.equal(loginPrompts.password.toString("base64"), "UGFzc3dvcmQ6");
    assert.deepEqual(play(null, base64("c2NhbkBleGFtcGxlLmNvbQ=="), base64("cGE1NQ==")), [
      "VXNlcm5hbWU6",
      "UGFzc3dvcmQ6",
      { do: "check", claim: { authorizationId: "", login: "scan@example.com", password: "pa55" } },
    ]);
  });

  test("O-13: the name may come with the command", () => {
    assert.deepEqual(play(base64("c2NhbkBleGFtcGxlLmNvbQ=="), base64("cGE1NQ==")), [
      "UGFzc3dvcmQ6",
      { do: "check", claim: { authorizationId: "", login: "scan@example.com", password: "pa55" } },
    ]);
  });

  test("O-13: '=' is an empty name, not a missing one", () => {
    assert.deepEqual(play(Buffer.alloc(0)), ["UGFzc3dvcmQ6"]);
  });

  test("O-08: empty lines end in an empty claim, which nobody meets", () => {
    assert.deepEqual(play(null, Buffer.alloc(0), Buffer.alloc(0)), [
      "VXNlcm5hbWU6",
      "UGFzc3dvcmQ6",
      { do: "check", claim: { authorizationId: "", login: "", password: "" } },
    ]);
  });

  test("octets never throw; NUL and malformed UTF-8 are refused at either prompt", () => {
    for (const flaw of [Buffer.from("a\0b"), base64("/w==")]) {
      assert.equal(nextLogin(start, flaw).do, "refuse");
      assert.equal(nextLogin({ wants: "password", login: "anna" }, flaw).do, "refuse");
    }
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 }), (responses) => {
        play(...responses.map((response) => Buffer.from(response)));
      }),
      { numRuns: 1000 },
    );
  });
});
