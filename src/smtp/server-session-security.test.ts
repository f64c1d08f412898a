import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codes, fresh, phases, play } from "../../testing/smtp-play.ts";
import { formatReply } from "./reply.ts";
import { afterLogin, afterTls, type Offer, type Session } from "./server-session.ts";

const shown = (session: Session) => {
  const [, [step]] = play(session, ["EHLO c.test"]);
  return step?.do === "reply" ? formatReply(step.reply) : assert.fail();
};

describe("EHLO", () => {
  it("shows what is offered, and no AUTH in clear (field case O-20)", () => {
    assert.equal(
      shown(fresh()),
      [
        "250-mx.example.test",
        "250-PIPELINING",
        "250-SIZE 1000",
        "250-ENHANCEDSTATUSCODES",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250 STARTTLS\r\n",
      ].join("\r\n"),
    );
  });

  it("shows AUTH and no STARTTLS inside TLS", () => {
    for (const session of [fresh({}, true), afterTls(fresh())]) {
      assert.match(shown(session), /250 AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n$/);
      assert.doesNotMatch(shown(session), /STARTTLS/);
    }
  });

  it("shows DSN to a client with a grant or a login only (relay-policy §2.5)", () => {
    assert.doesNotMatch(shown(fresh()), /DSN/);
    assert.match(shown(fresh({ dsn: true })), /DSN/);
    assert.match(shown(afterLogin(fresh({}, true), "anna")), /DSN/);
  });

  it("shows only what the listener has", () => {
    const least = { smtpUtf8: false, eightBitMime: false, startTls: false, mechanismsOverTls: [], maxSize: 0 };
    assert.equal(
      shown(fresh(least)),
      "250-mx.example.test\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 ENHANCEDSTATUSCODES\r\n",
    );
  });

  it("HELO gets one line", () => {
    const [session, [step]] = play(fresh(), ["HELO c.test"]);
    assert.equal(step?.do === "reply" && formatReply(step.reply), "250 mx.example.test\r\n");
    assert.deepEqual(session.hello, { verb: "HELO", name: "c.test" });
  });

  it("is not learnt from a line that is refused", () => {
    assert.equal(play(fresh(), ["EHLO"])[0].hello, null);
    assert.deepEqual(play(fresh(), ["EHLO one.test", "EHLO"])[0].hello, { verb: "EHLO", name: "one.test" });
  });
});

describe("STARTTLS (RFC 3207)", () => {
  it("forgets all but the faults", () => {
    const [session] = play(fresh(), ["EHLO c.test", "FOO", "MAIL FROM:<>", "RSET", "STARTTLS"]);
    const secure = afterTls(afterLogin(session, "anna"));
    assert.deepEqual([secure.hello, secure.login, secure.transaction, secure.tls], [null, null, null, true]);
    assert.equal(secure.faults, 1);
    assert.deepEqual(codes(play(secure, ["MAIL FROM:<>", "STARTTLS"])[1]), [503, 503]);
  });

  it("is not known where it is not offered", () => {
    assert.deepEqual(codes(play(fresh({ startTls: false }), ["EHLO c.test", "STARTTLS"])[1]), [250, 502]);
  });
});

const last = (session: Session, line: string) => play(session, ["EHLO c.test", line])[1][1] ?? assert.fail();

const overTls = (line: string) => last(fresh({}, true), line);

/** Code, status and whether a secret was exposed, in clear. */
const inClear = (line: string, changes?: Partial<Offer>) => {
  const answer = last(fresh(changes), line);
  if (answer.do !== "reply") return [answer.do];
  return [answer.reply.code, answer.reply.status, answer.isSecretExposed ?? false];
};

describe("AUTH (RFC 4954)", () => {
  it("hands over mechanism and initial response", () => {
    assert.deepEqual(overTls("AUTH PLAIN"), { do: "authenticate", mechanism: "PLAIN", initial: null });
    assert.deepEqual(overTls("auth login ="), { do: "authenticate", mechanism: "LOGIN", initial: Buffer.alloc(0) });
    assert.deepEqual(overTls("AUTH PLAIN AGEAYg=="), {
      do: "authenticate",
      mechanism: "PLAIN",
      initial: Buffer.from("\0a\0b"),
    });
    assert.deepEqual(codes([overTls("AUTH PLAIN AGEAYg"), overTls("AUTH GSSAPI"), overTls("AUTH")]), [501, 504, 501]);
  });

  it("is refused in clear without a look at the password, which is told (field case O-20)", () => {
    assert.deepEqual(inClear("AUTH PLAIN AGFubmEAcGE1NQ=="), [538, "5.7.11", true]);
    // Not even whether it is base64.
    assert.deepEqual(inClear("AUTH PLAIN !"), [538, "5.7.11", true]);
    assert.deepEqual(inClear("AUTH PLAIN"), [538, "5.7.11", false]);
    assert.deepEqual(inClear("AUTH SCRAM-SHA-256 biws"), [538, "5.7.11", false]);
    assert.deepEqual(inClear("AUTH FOO AGFubmEAcGE1NQ=="), [504, "5.5.4", true]);
    assert.deepEqual(inClear("AUTH PLAIN AGFubmEAcGE1NQ==", { mechanismsOverTls: [] }), [502, "5.5.1", true]);
    assert.deepEqual(inClear("AUTH PLAIN AGFubmEAcGE1NQ=", { mechanismsInClear: ["PLAIN"] }), [501, "5.5.2", false]);
  });

  it("tells an exposed password also where AUTH may not come at all", () => {
    const [, steps] = play(fresh(), ["AUTH PLAIN AGFubmEAcGE1NQ==", ...phases.sender, "AUTH PLAIN AGFubmEAcGE1NQ=="]);
    for (const step of [steps[0], steps.at(-1)]) {
      assert.ok(step?.do === "reply" && step.reply.code === 503 && step.isSecretExposed === true);
    }
  });

  it("comes once", () => {
    const session = afterLogin(play(fresh({}, true), phases.ready)[0], "anna");
    assert.deepEqual(codes(play(session, ["AUTH PLAIN AGEAYg=="])[1]), [503]);
  });

  it("grants DSN to whoever logged in", () => {
    const mail = ["MAIL FROM:<> RET=HDRS", "RCPT TO:<a@b.test> NOTIFY=NEVER"];
    const ready = play(fresh({}, true), phases.ready)[0];
    assert.deepEqual(codes(play(ready, mail)[1]), [555, 555]);
    assert.deepEqual(codes(play(afterLogin(ready, "anna"), mail)[1]), [250, 250]);
  });
});
