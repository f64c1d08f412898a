import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { anyCharacter } from "../../testing/any-character.ts";
import { formatAddress } from "../address/path.ts";
import { type Command, parseCommand } from "./command.ts";
import { type Line, LineDecoder } from "./line-decoder.ts";
import type { Syntax } from "./offer.ts";
import { formatReply } from "./reply.ts";

const everything: Syntax = { brackets: "required", smtpUtf8: true, eightBitMime: true, dsn: true, auth: true };
const nothing: Syntax = { brackets: "required", smtpUtf8: false, eightBitMime: false, dsn: false, auth: false };

function parse(text: string, syntax: Syntax = everything): Command {
  const decoder = new LineDecoder();
  decoder.push(Buffer.from(`${text}\r\n`));
  return parseCommand(decoder.next() ?? assert.fail("no line"), syntax);
}

/** A command in one line, for the tables. */
function show(command: Command): string {
  switch (command.verb) {
    case "MAIL":
      return `MAIL ${command.reversePath === null ? "<>" : formatAddress(command.reversePath)}${words(command.mail)}`;
    case "RCPT": {
      const { forwardPath, rcpt, needsSmtpUtf8 } = command;
      return `RCPT ${formatAddress(forwardPath)}${words(rcpt)}${needsSmtpUtf8 ? " utf8" : ""}`;
    }
    case "EHLO":
    case "HELO":
    case "LHLO":
      return `${command.verb} ${command.name}`;
    case "AUTH":
      return `AUTH ${command.mechanism} ${command.initial}`;
    case "BDAT":
      return `BDAT ${command.octets}`;
    case "invalid":
      return `${formatReply(command.reply).slice(0, 9).trim()}${command.isHopeless ? " close" : ""}`;
    case "DATA":
    case "RSET":
    case "NOOP":
    case "QUIT":
    case "HELP":
    case "VRFY":
    case "STARTTLS":
      return command.verb;
    default:
      return command satisfies never;
  }
}

const words = (parameters: object) =>
  Object.entries(parameters)
    .filter(([, value]) => value !== null && value !== false)
    .map(([name, value]) => ` ${name}=${value}`)
    .join("");

function rows(name: string, table: readonly (readonly [string, string, Syntax?])[]): void {
  describe(name, () => {
    for (const [text, wanted, syntax] of table) {
      it(`${JSON.stringify(text.slice(0, 80))} → ${wanted.slice(0, 40)}${syntax === undefined ? "" : " (other offer)"}`, () =>
        assert.equal(show(parse(text, syntax)), wanted));
    }
  });
}

rows("verbs", [
  ["NOOP", "NOOP"],
  ["noop ignored words", "NOOP"],
  ["nOoP  ", "NOOP"],
  ["DATA", "DATA"],
  ["data ", "DATA"],
  ["DATA x", "501 5.5.4"],
  ["RSET", "RSET"],
  ["RSET now", "501 5.5.4"],
  ["QUIT", "QUIT"],
  ["HELP", "HELP"],
  ["HELP MAIL", "HELP"],
  ["VRFY anna", "VRFY"],
  ["VRFY", "501 5.5.4"],
  ["VRFY  ", "501 5.5.4"],
  ["EXPN list", "502 5.5.1"],
  ["TURN", "502 5.5.1"],
  ["ETRN example.org", "502 5.5.1"],
  ["SEND FROM:<a@b.test>", "502 5.5.1"],
  ["STARTTLS", "STARTTLS"],
  ["starttls", "STARTTLS"],
  ["STARTTLS now", "501 5.5.4"],
  ["", "500 5.5.1"],
  [" NOOP", "500 5.5.1"],
  ["NOOPX", "500 5.5.1"],
  ["XCLIENT ADDR=192.0.2.1", "500 5.5.1"],
  ["DATA\tx", "500 5.5.1"],
  ["STARTTLSX", "500 5.5.1"],
  ["constructor", "500 5.5.1"],
  // What becomes a verb only by Unicode's upper case is none.
  ["R\u017fET", "500 5.5.1"],
  ["MA\u0131L FROM:<>", "500 5.5.1"],
  ["GET / HTTP/1.1", "500 5.5.1 close"],
  ["POST / HTTP/1.1", "500 5.5.1 close"],
]);

rows("EHLO and HELO (field case O-16)", [
  ["EHLO [IPV6:2001:db8::25]", "EHLO [IPV6:2001:db8::25]"],
  ["EHLO [IPv6:2001:db8:0:1::]", "EHLO [IPv6:2001:db8:0:1::]"],
  ["EHLO [IPv6:::ffff:192.0.2.4]", "EHLO [IPv6:::ffff:192.0.2.4]"],
  ["EHLO [2001:db8::77]", "EHLO [2001:db8::77]"],
  ["EHLO X9qLp", "EHLO X9qLp"],
  ["EHLO my_laptop.local", "EHLO my_laptop.local"],
  ["EHLO office-.example.com", "EHLO office-.example.com"],
  ["helo localhost ", "HELO localhost"],
  [`EHLO ${"x".repeat(300)}`, `EHLO ${"x".repeat(255)}`],
  ["EHLO", "501 5.5.4"],
  ["EHLO ", "501 5.5.4"],
  ["HELO", "501 5.5.4"],
  ['EHLO a b (c) <d> \u00e9\u202e\x1b[2J\x7f;"', "EHLO a?b??c???d?????[2J???"],
]);

rows("MAIL", [
  ["MAIL FROM:<a@example.org>", "MAIL a@example.org"],
  ["mail from:<a@example.org>", "MAIL a@example.org"],
  ["MAIL FROM:<>", "MAIL <>"],
  ["MAIL FROM:<> ", "MAIL <>"],
  ["MAIL  FROM:<a@example.org>", "MAIL a@example.org"],
  // Field case O-12.
  ["MAIL FROM: <scan@example.com>", "MAIL scan@example.com"],
  ["MAIL FROM:\t <scan@example.com>", "MAIL scan@example.com"],
  ["MAIL FROM:scan@example.com", "501 5.5.4"],
  ["MAIL FROM:scan@example.com", "MAIL scan@example.com", { ...everything, brackets: "optional" }],
  ["MAIL FROM:scan@example.com SIZE=5", "MAIL scan@example.com size=5", { ...everything, brackets: "optional" }],
  ["MAIL FROM:", "501 5.5.4"],
  ["MAIL FROM:", "501 5.5.4", { ...everything, brackets: "optional" }],
  ["MAIL", "501 5.5.4"],
  ["MAIL TO:<a@example.org>", "501 5.5.4"],
  ["MAIL FROM <a@example.org>", "501 5.5.4"],
  ["MAILFROM:<a@example.org>", "500 5.5.1"],
  // Field case O-18.
  ['MAIL FROM:<"Ann Lee"@example.org> SIZE=900', 'MAIL "Ann Lee"@example.org size=900'],
  ['MAIL FROM:<"a> SIZE=1 <"@example.org>', 'MAIL "a> SIZE=1 <"@example.org'],
  ["MAIL FROM:<>>>", "501 5.1.7"],
  ["MAIL FROM:<a@example.org>x", "501 5.1.7"],
  ["MAIL FROM:<a@example.org>\tSIZE=5", "501 5.5.4"],
  ["MAIL FROM:<a@example.org", "501 5.1.7"],
  ["MAIL FROM:<a@>", "501 5.1.7"],
  ["MAIL FROM:<x>", "501 5.1.7"],
]);

rows("parameters of MAIL", [
  ["MAIL FROM:<> SIZE=0", "MAIL <> size=0"],
  ["MAIL FROM:<> size=10485761", "MAIL <> size=10485761"],
  // Field case O-19: 20 digits neither wrap nor shrink.
  ["MAIL FROM:<> SIZE=18446744073709551617", "MAIL <> size=18446744073709552000"],
  ["MAIL FROM:<> SIZE=00000000000000000100", "MAIL <> size=100"],
  ["MAIL FROM:<> SIZE=100000000000000000000", "501 5.5.4"],
  ["MAIL FROM:<> SIZE=-1", "501 5.5.4"],
  ["MAIL FROM:<> SIZE=1e3", "501 5.5.4"],
  ["MAIL FROM:<> SIZE=", "501 5.5.4"],
  ["MAIL FROM:<> SIZE", "501 5.5.4"],
  ["MAIL FROM:<> SIZE=1 SIZE=1", "501 5.5.4"],
  ["MAIL FROM:<> BODY=7BIT", "MAIL <> body=7BIT"],
  ["MAIL FROM:<> body=8bitmime", "MAIL <> body=8BITMIME"],
  ["MAIL FROM:<> BODY=BINARYMIME", "555 5.5.4"],
  ["MAIL FROM:<> BODY=9BIT", "501 5.5.4"],
  ["MAIL FROM:<> BODY", "501 5.5.4"],
  ["MAIL FROM:<> BODY=8BITMIME", "555 5.5.4", nothing],
  ["MAIL FROM:<> SMTPUTF8", "MAIL <> smtpUtf8=true"],
  ["MAIL FROM:<> SMTPUTF8=1", "501 5.5.4"],
  ["MAIL FROM:<> SMTPUTF8", "555 5.5.4", nothing],
  ["MAIL FROM:<> RET=hdrs ENVID=QQ+2B1", "MAIL <> ret=HDRS envid=QQ+2B1"],
  ["MAIL FROM:<> RET=NONE", "501 5.5.4"],
  ["MAIL FROM:<> ENVID=+2", "501 5.5.4"],
  [`MAIL FROM:<> ENVID=${"x".repeat(100)}`, `MAIL <> envid=${"x".repeat(100)}`],
  [`MAIL FROM:<> ENVID=${"x".repeat(101)}`, "501 5.5.4"],
  ["MAIL FROM:<> RET=FULL", "555 5.5.4", nothing],
  ["MAIL FROM:<> ENVID=x", "555 5.5.4", nothing],
  // Field case O-15.
  ["MAIL FROM:<bob@example.org> SIZE=1200 AUTH=<>", "MAIL bob@example.org size=1200"],
  ["MAIL FROM:<bob@example.org> AUTH=kim+2Bx@example.org", "MAIL bob@example.org"],
  ["MAIL FROM:<bob@example.org> BODY=7BIT AUTH=<bob@example.org>", "MAIL bob@example.org body=7BIT"],
  ["MAIL FROM:<> AUTH=", "501 5.5.4"],
  ["MAIL FROM:<> AUTH=<>", "555 5.5.4", nothing],
  ["MAIL FROM:<> NOTIFY=NEVER", "555 5.5.4"],
  ["MAIL FROM:<> X-FOO=1", "555 5.5.4"],
  ["MAIL FROM:<> __PROTO__=1", "501 5.5.4"],
  ["MAIL FROM:<> constructor", "555 5.5.4"],
  ["MAIL FROM:<>   SIZE=1   BODY=7BIT  ", "MAIL <> size=1 body=7BIT"],
  ["MAIL FROM:<> =1", "501 5.5.4"],
  ["MAIL FROM:<> SIZE=1\tBODY=7BIT", "501 5.5.4"],
  ["MAIL FROM:<> ENVID=a=b", "501 5.5.4"],
]);

rows("RCPT", [
  ["RCPT TO:<bob@example.com>", "RCPT bob@example.com"],
  ["rcpt to:\t<bob@example.com> NOTIFY=NEVER", "RCPT bob@example.com notify=NEVER"],
  ["RCPT TO:<@a.test,@b.test:bob@example.com>", "RCPT bob@example.com"],
  ["RCPT TO:<Postmaster>", "RCPT Postmaster"],
  ["RCPT TO:<>", "501 5.1.3"],
  ["RCPT TO:bob@example.com", "501 5.5.4"],
  [
    "RCPT TO:bob@example.com NOTIFY=NEVER",
    "RCPT bob@example.com notify=NEVER",
    { ...everything, brackets: "optional" },
  ],
  ["RCPT FROM:<bob@example.com>", "501 5.5.4"],
  // Field case O-01.
  ['RCPT TO:<"probe%victim.test">', "501 5.1.3"],
  ["RCPT TO:<probe@victim.test@>", "501 5.1.3"],
  ["RCPT TO:<probe@>", "501 5.1.3"],
  ["RCPT TO:<probe>", "501 5.1.3"],
  ["RCPT TO:<@victim.test>", "501 5.1.3"],
  // Field case O-18.
  ['RCPT TO:<"a b"@example.com>', 'RCPT "a b"@example.com'],
  ['RCPT TO:<"a\\"b>c"@example.com>', 'RCPT "a\\"b>c"@example.com'],
  ['RCPT TO:<ab"c"d@example.com>', "501 5.1.3"],
  ["RCPT TO:<a@example.com>x", "501 5.1.3"],
  ["RCPT TO:<u@victim.test>,<anna@example.com>", "501 5.1.3"],
  ["RCPT TO:<u@victim.test > ", "501 5.1.3"],
]);

rows("parameters of RCPT", [
  ["RCPT TO:<a@b.test> NOTIFY=delay,success", "RCPT a@b.test notify=SUCCESS,DELAY"],
  ["RCPT TO:<a@b.test> NOTIFY=FAILURE", "RCPT a@b.test notify=FAILURE"],
  ["RCPT TO:<a@b.test> NOTIFY=NEVER,FAILURE", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=,", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=\u017fUCCESS", "501 5.5.4"],
  ["RCPT TO:<a@b.test> NOTIFY=NEVER NOTIFY=NEVER", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;a+2Bx@b.test", "RCPT a@b.test orcpt=rfc822;a+2Bx@b.test"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=;a@b.test", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=a@b.test", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;a+b", "501 5.5.4"],
  [`RCPT TO:<a@b.test> ORCPT=rfc822;${"x".repeat(500)}`, "501 5.5.4"],
  // RFC 6533 §3.
  ["RCPT TO:<a@b.test> ORCPT=utf-8;\u00e9@b.test", "RCPT a@b.test orcpt=utf-8;\u00e9@b.test utf8"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;\u00e9@b.test", "501 5.5.4"],
  ["RCPT TO:<a@b.test> ORCPT=rfc822;a@b.test", "555 5.5.4", nothing],
  ["RCPT TO:<a@b.test> NOTIFY=NEVER", "555 5.5.4", nothing],
  ["RCPT TO:<a@b.test> SIZE=1", "555 5.5.4"],
]);

rows("addresses beyond ASCII (RFC 6531)", [
  ["MAIL FROM:<d\u00f6rte@example.org> SMTPUTF8", "MAIL d\u00f6rte@example.org smtpUtf8=true"],
  ["MAIL FROM:<a@b\u00fccher.test> SMTPUTF8", "MAIL a@xn--bcher-kva.test smtpUtf8=true"],
  ["MAIL FROM:<d\u00f6rte@example.org>", "553 5.6.7"],
  ["MAIL FROM:<a@b\u00fccher.test>", "553 5.6.7"],
  ["MAIL FROM:<d\u00f6rte@example.org> SMTPUTF8", "553 5.6.7", nothing],
  ["RCPT TO:<d\u00f6rte@example.org>", "RCPT d\u00f6rte@example.org utf8"],
  ["RCPT TO:<a@b\u00fccher.test>", "RCPT a@xn--bcher-kva.test utf8"],
  ["RCPT TO:<d\u00f6rte@example.org>", "553 5.6.7", nothing],
]);

rows("AUTH", [
  ["AUTH PLAIN", "AUTH PLAIN null"],
  ["auth login ", "AUTH LOGIN null"],
  ["AUTH LOGIN =", "AUTH LOGIN ="],
  ["AUTH SCRAM-SHA-256-PLUS biws", "AUTH SCRAM-SHA-256-PLUS biws"],
  ["AUTH", "501 5.5.4"],
  ["AUTH  ", "501 5.5.4"],
  ["AUTH PLAIN a b", "501 5.5.4"],
  [`AUTH ${"X".repeat(21)}`, "501 5.5.4"],
]);

rows("BDAT (field case O-11)", [
  ["BDAT 14 LAST", "BDAT 14"],
  ["bdat 0", "BDAT 0"],
  // Without a length the stream is lost.
  ["BDAT", "501 5.5.4 close"],
  ["BDAT x LAST", "501 5.5.4 close"],
  ["BDAT -1", "501 5.5.4 close"],
  ["BDAT 1 FIRST", "501 5.5.4 close"],
  [`BDAT ${"9".repeat(16)}`, "501 5.5.4 close"],
]);

describe("lines with a flaw", () => {
  const table: [Line, string][] = [
    [{ flaw: "too-long", text: "" }, "500 5.5.2"],
    [{ flaw: "bare-cr", text: "" }, "500 5.5.2"],
    [{ flaw: "bare-lf", text: "" }, "500 5.5.2 close"],
    [{ flaw: "nul", text: "" }, "500 5.5.2"],
    [{ flaw: "not-utf8", text: "RCPT TO:<a\xe9@b.test>" }, "500 5.5.2"],
    [{ flaw: "not-utf8", text: "EHLO B\xfcro" }, "EHLO B?ro"],
  ];
  for (const [line, wanted] of table) {
    it(`${line.flaw} ${line.text}`, () => assert.equal(show(parseCommand(line, everything)), wanted));
  }
});

const refusedAs = (text: string) => {
  const command = parse(text);
  return command.verb === "invalid" ? command.of : assert.fail(text);
};

it("says which command a refused line would have been", () => {
  assert.equal(refusedAs("MAIL FROM:<x>"), "MAIL");
  assert.equal(refusedAs("RCPT TO:<x>"), "RCPT");
  assert.equal(refusedAs("RCPT"), "RCPT");
  assert.equal(refusedAs("FOO"), null);
});

it("makes a hello name of any length and kind harmless", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, minLength: 1, maxLength: 400 }), (name) => {
      const command = parseCommand({ flaw: null, text: `EHLO ${name}`, isAscii: false }, everything);
      if (command.verb === "EHLO") assert.match(command.name, /^[a-zA-Z0-9.:_[\]+/?-]{1,255}$/);
      else assert.equal(command.verb, "invalid");
    }),
    { numRuns: 500 },
  );
});

it("never throws, and refuses with a reply of class 5", () => {
  const part = fc.constantFrom(
    ...'MAIL,RCPT,AUTH,BDAT,EHLO,NOOP,FROM:,TO:, ,\t,<,>,@,a,b.test,",\\,[,],IPv6:,::1,:,;,=,+,SIZE,1,NOTIFY'.split(
      ",",
    ),
    ..."ORCPT=rfc822;,ENVID=,BODY=8BITMIME,SMTPUTF8,xn--,\u00e9,\u0000,\u017f,\ud800,\x7f,%,!,.".split(","),
  );
  const offer = fc.record({
    brackets: fc.constantFrom<"required" | "optional">("required", "optional"),
    smtpUtf8: fc.boolean(),
    eightBitMime: fc.boolean(),
    dsn: fc.boolean(),
    auth: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 14 }),
      fc.constantFrom("", "MAIL FROM:", "RCPT TO:<"),
      offer,
      (parts, start, syntax) => {
        const command = parse(start + parts.join(""), syntax);
        if (command.verb === "invalid") assert.ok(command.reply.code >= 500);
      },
    ),
    { numRuns: 3_000 },
  );
});

it("reads back the addresses that it gives", () => {
  const local = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 });
  const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,5})$/);
  fc.assert(
    fc.property(local, label, label, (localPart, host, top) => {
      const address = formatAddress({ localPart, domain: `${host}.${top}` });
      const command = parse(`RCPT TO:<${address}>`);
      assert.equal(command.verb === "RCPT" ? command.forwardPath.localPart : command.verb, localPart);
    }),
    { numRuns: 500 },
  );
});
