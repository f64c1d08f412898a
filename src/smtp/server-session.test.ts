import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { codes, fresh, offer, parse, phases, play, refused, yes } from "../../testing/smtp-play.ts";
import { parseCommand } from "./command.ts";
import { formatReply, type Reply } from "./reply.ts";
import { afterContent, afterLogin, afterTls, type Answer, greet, next, resume, type Step } from "./server-session.ts";

describe("every command in every phase (RFC 5321 §4.1.4)", () => {
  const table: [string, number[]][] = [
    // greeted, ready, sender, recipients
    ["EHLO again.test", [250, 250, 250, 250]],
    ["HELO again.test", [250, 250, 250, 250]],
    ["MAIL FROM:<x@y.test>", [503, 250, 503, 503]],
    ["MAIL FROM:<x>", [501, 501, 501, 501]],
    ["RCPT TO:<x@y.test>", [503, 503, 250, 250]],
    ["DATA", [503, 503, 554, 354]],
    ["RSET", [250, 250, 250, 250]],
    ["NOOP", [250, 250, 250, 250]],
    ["VRFY x", [252, 252, 252, 252]],
    ["EXPN x", [502, 502, 502, 502]],
    ["HELP", [214, 214, 214, 214]],
    ["QUIT", [221, 221, 221, 221]],
    ["STARTTLS", [220, 220, 503, 503]],
    ["AUTH PLAIN", [503, 538, 503, 503]],
    ["BDAT 3 LAST", [503, 503, 503, 503]],
    ["BDAT", [501, 501, 501, 501]],
    ["FOO", [500, 500, 500, 500]],
    ["ETRN x", [502, 502, 502, 502]],
  ];
  for (const [line, wanted] of table) {
    it(line, () => {
      const got = Object.values(phases).map((lines) => codes(play(fresh(), [...lines, line])[1]).at(-1));
      assert.deepEqual(got, wanted);
    });
  }

  it("leaves the transaction as it was when a command is refused", () => {
    for (const lines of Object.values(phases)) {
      const [before] = play(fresh(), lines);
      for (const line of ["MAIL FROM:<x@y.test", "RCPT TO:<x>", "DATA x", "FOO", "STARTTLS now", "AUTH", "BDAT 3"]) {
        assert.equal(play(before, [line])[0].transaction, before.transaction, line);
      }
    }
  });
});

/** The reply to MAIL with this SIZE. */
const codeOfSize = (maxSize: number, size: string) =>
  codes(play(fresh({ maxSize }), ["EHLO c.test", `MAIL FROM:<a@b.test> SIZE=${size}`])[1])[1];

describe("transaction", () => {
  it("keeps what was accepted, in order, and nothing else", () => {
    const lines = ["EHLO c.test", "MAIL FROM:<a@b.test> SIZE=5", "RCPT TO:<x@y.test>", "RCPT TO:<bad@y.test>"];
    const [session, steps] = play(fresh(), [...lines, "RCPT TO:<z@y.test>"], [yes, yes, { ok: false, reply: refused }]);
    assert.deepEqual(codes(steps), [250, 250, 250, 550, 250]);
    assert.deepEqual(session.transaction, {
      reversePath: { localPart: "a", domain: "b.test" },
      mail: { size: 5, body: null, smtpUtf8: false, ret: null, envid: null },
      recipients: ["x", "z"].map((localPart) => ({
        forwardPath: { localPart, domain: "y.test" },
        rcpt: { notify: null, orcpt: null },
      })),
    });
    assert.equal(session.faults, 0);
  });

  it("begins only when the sender is accepted", () => {
    const [session, steps] = play(fresh(), phases.recipients, [{ ok: false, reply: refused }]);
    assert.deepEqual(codes(steps), [250, 550, 503]);
    assert.equal(session.transaction, null);
  });

  it("says the reply that the answer brings", () => {
    const reply: Reply = { code: 250, status: "2.1.5", lines: ["as you like"] };
    const [, steps] = play(fresh(), phases.sender, [{ ok: true, reply }]);
    assert.deepEqual(steps[1], { do: "reply", reply });
  });

  it("ends after the content, and the next one may begin", () => {
    const [session] = play(fresh(), [...phases.recipients, "DATA"]);
    const [, steps] = play(afterContent(session), ["RCPT TO:<x@y.test>", "MAIL FROM:<>", "DATA"]);
    assert.deepEqual(codes(steps), [503, 250, 554]);
  });

  it("has at most as many recipients as the offer says", () => {
    const many = Array.from({ length: 3 }, () => "RCPT TO:<x@y.test>");
    const [session, steps] = play(fresh(), [...phases.sender, ...many, "DATA"]);
    assert.deepEqual(codes(steps), [250, 250, 250, 250, 452, 354]);
    assert.equal(session.transaction?.recipients.length, 2);
  });

  it("compares SIZE with the limit, where there is one (field case O-19)", () => {
    assert.equal(codeOfSize(0, "7000"), 250);
    assert.equal(codeOfSize(0, "18446744073709551617"), 250);
    assert.equal(codeOfSize(10_485_760, "10485760"), 250);
    assert.equal(codeOfSize(10_485_760, "10485761"), 552);
    assert.equal(codeOfSize(10_485_760, "18446744073709551617"), 552);
    assert.equal(codeOfSize(10_485_760, "-1"), 501);
  });

  it("takes a recipient beyond ASCII only after SMTPUTF8", () => {
    const rcpt = "RCPT TO:<d\u00f6rte@b.test>";
    assert.deepEqual(codes(play(fresh(), ["EHLO c.test", "MAIL FROM:<>", rcpt])[1]), [250, 250, 553]);
    assert.deepEqual(codes(play(fresh(), ["EHLO c.test", "MAIL FROM:<> SMTPUTF8", rcpt])[1]), [250, 250, 250]);
  });

  it("is a mistake of ours where an answer comes without it", () => {
    const [session] = play(fresh(), phases.ready);
    const question = {
      ask: "recipient",
      forwardPath: { localPart: "a", domain: "b" },
      rcpt: { notify: null, orcpt: null },
    };
    assert.throws(() => resume(session, { ...question, ask: "recipient" }, yes));
  });
});

describe("RSET and a second EHLO (field case O-17)", () => {
  it("keep greeting and login, drop the transaction", () => {
    const [early, steps] = play(fresh({}, true), [
      "RSET",
      "EHLO one.test",
      "RSET",
      "MAIL FROM:<a@b.test>",
      "EHLO two.test",
    ]);
    assert.deepEqual(codes(steps), [250, 250, 250, 250, 250]);
    const [, late] = play(early, ["RCPT TO:<x@y.test>", "AUTH PLAIN AGEAYg=="]);
    assert.deepEqual(codes(late), [503, "exchange"]);
    const [session, after] = play(afterLogin(early, "anna"), ["EHLO two.test", "MAIL FROM:<a@b.test>", "RSET"]);
    assert.deepEqual(codes(after), [250, 250, 250]);
    assert.equal(session.login, "anna");
    assert.equal(session.hello?.name, "two.test");
  });
});

it("BDAT is stepped over, a BDAT without a length ends the session (field case O-11)", () => {
  const [, [step]] = play(fresh(), ["BDAT 14 LAST"]);
  assert.equal(step?.do === "discard" && step.octets, 14);
  assert.equal(play(fresh(), ["BDAT"])[1][0]?.do, "close");
});

it("closes where the end of lines is in doubt", () => {
  const [session, step] = next(fresh(), parseCommand({ flaw: "bare-lf", text: "" }, fresh().syntax));
  assert.equal(step.do, "close");
  assert.equal(session.faults, 1);
});

it("greets with the host's name and words", () => {
  assert.equal(formatReply(greet(offer)[1]), "220 mx.example.test ESMTP\r\n");
  assert.equal(formatReply(greet({ ...offer, greeting: "hi" })[1]), "220 mx.example.test ESMTP hi\r\n");
});

it("holds its promises in any order of commands and answers", () => {
  const line = fc.constantFrom(
    ..."EHLO a,HELO b,MAIL FROM:<>,MAIL FROM:<a@b.test> SMTPUTF8,RCPT TO:<a@b.test>,RCPT TO:<x>,DATA,RSET,NOOP".split(
      ",",
    ),
    ..."STARTTLS,AUTH PLAIN,AUTH PLAIN AGEAYg==,BDAT 3,FOO,QUIT,VRFY x,RCPT TO:<\u00e9@b.test>".split(","),
  );
  const move = fc.record({ line, isAccepted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 25 }), (moves) => {
      let session = fresh();
      for (const { line: text, isAccepted } of moves) {
        const before = session;
        let step: Step;
        [session, step] = next(session, parse(session, text));
        if (step.do === "ask") {
          assert.equal(session.transaction, before.transaction, "a question changes nothing");
          const answer: Answer = isAccepted ? yes : { ok: false, reply: refused };
          [session, step] = resume(session, step.question, answer);
        }
        if (step.do === "receiveContent") {
          assert.ok((session.transaction?.recipients.length ?? 0) > 0);
          session = afterContent(session);
        }
        if (step.do === "startTls") session = afterTls(session);
        if (step.do === "authenticate") {
          assert.ok(session.tls && session.login === null && session.hello !== null && session.transaction === null);
          if (isAccepted) session = afterLogin(session, "anna");
        }
        if (session.transaction !== null) {
          assert.notEqual(session.hello, null);
          assert.ok(session.transaction.recipients.length <= offer.maxRecipients);
        }
        if ("reply" in step && step.reply.code >= 400) {
          assert.equal(session.transaction, before.transaction, "a refusal changes nothing");
          assert.equal(session.hello, before.hello);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
