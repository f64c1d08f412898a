import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readDialogue } from "../../src/cli/dialogue-file.ts";
import { decodeInitialResponse } from "../../src/sasl/base64.ts";
import { parseAuthResponse } from "../../src/smtp/auth-response.ts";
import { ClientReplyDecoder } from "../../src/smtp/client-reply-decoder.ts";
import { parseCommand } from "../../src/smtp/command.ts";
import { ContentDecoder } from "../../src/smtp/content-decoder.ts";
import { DotStuffer } from "../../src/smtp/dot-stuffing.ts";
import { LineDecoder } from "../../src/smtp/line-decoder.ts";
import type { Syntax } from "../../src/smtp/offer.ts";
import { parseMailParameters, parseRcptParameters } from "../../src/smtp/parameters.ts";
import { ReceivedCounter } from "../../src/smtp/received-counter.ts";
import { formatReply } from "../../src/smtp/reply.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../src/smtp/xtext.ts";
import type { Target } from "../../testing/fuzz.ts";
import { SmtpMachine } from "../../testing/smtp-machine.ts";

const everything: Syntax = { brackets: "optional", smtpUtf8: true, eightBitMime: true, dsn: true, auth: true };
const little: Syntax = { brackets: "required", smtpUtf8: false, eightBitMime: false, dsn: false, auth: false };

const latin1 = (text: string) => Buffer.from(text, "latin1");
/** Cuts in the middle, in odd places and, where that is not too many, everywhere. */
function cutsOf(octets: Buffer): readonly (readonly Buffer[])[] {
  const middle = octets.length >> 1;
  const cuts = [[octets], [octets.subarray(0, middle), octets.subarray(middle)]];
  if (octets.length < 500) cuts.push(Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  return cuts;
}

/** The same result however the octets are cut. */
function sameUnderCuts(octets: Buffer, run: (chunks: readonly Buffer[]) => unknown): void {
  const [whole, ...cut] = cutsOf(octets).map(run);
  for (const one of cut) assert.deepEqual(one, whole, "another result when it is cut");
}

const folder = new URL("../dialogues/smtp/", import.meta.url);
const dialogues = readdirSync(folder).map((name) => readDialogue(readFileSync(new URL(name, folder), "utf8")));
const said = dialogues.map(({ turns }) =>
  turns.map((turn) => (turn.turn === "client" ? turn.octets.toString("latin1") : "")).join(""),
);
const commandWords = [
  "MAIL FROM:",
  "RCPT TO:",
  "EHLO ",
  "DATA",
  "RSET",
  "AUTH PLAIN ",
  "BDAT 3",
  "STARTTLS",
  "<a@b.test>",
  " SIZE=1",
  " BODY=8BITMIME",
  " SMTPUTF8",
  " RET=HDRS",
  " ENVID=x",
  " NOTIFY=NEVER",
  " ORCPT=rfc822;a+2Bb",
  " ORCPT=utf-8;ü",
  " AUTH=<>",
  "=",
  "+",
  "+2B",
];

export const smtpTargets: readonly Target[] = [
  {
    name: "command line",
    seeds: [
      "MAIL FROM:<a@b.test> SIZE=100 BODY=8BITMIME",
      "RCPT TO:<a@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@b.test",
      "EHLO [192.0.2.1]",
      "AUTH PLAIN AGEAYg==",
      "BDAT 100 LAST",
      "VRFY x",
      "RCPT TO:a@b.test",
    ],
    words: commandWords,
    check(text) {
      for (const octets of [latin1(text), Buffer.from(text)]) {
        sameUnderCuts(Buffer.concat([octets, latin1("\r\n")]), (chunks) => {
          const decoder = new LineDecoder();
          return chunks.flatMap((chunk) => {
            decoder.push(chunk);
            const commands = [];
            for (let line = decoder.next(); line !== null; line = decoder.next()) {
              for (const syntax of [everything, little]) commands.push(parseCommand(line, syntax));
            }
            return commands;
          });
        });
      }
    },
  },
  {
    name: "parameters of MAIL and RCPT",
    seeds: [" SIZE=1 BODY=7BIT RET=FULL ENVID=a+2Bb", " NOTIFY=DELAY,FAILURE ORCPT=rfc822;a+3Db"],
    words: commandWords,
    check(text) {
      for (const syntax of [everything, little]) {
        for (const read of [parseMailParameters(text, 0, syntax), parseRcptParameters(text, 0, syntax)]) {
          if ("code" in read) assert.ok(read.code >= 500 && read.status !== null);
          else if ("orcpt" in read && read.orcpt !== null) assert.ok(!/[ \t\r\n\0]/.test(read.orcpt));
        }
      }
    },
  },
  {
    name: "xtext",
    seeds: ["a+2Bb", "rfc822;a@b.test"],
    words: ["+2B", "+", "=", "+3D", "+0A", "+zz"],
    check(text) {
      const octets = latin1(text).toString("latin1");
      assert.ok(isXtext(encodeXtext(octets)));
      assert.equal(decodeXtext(encodeXtext(octets)), octets);
      if (isXtext(text)) assert.match(text, /^[\x21-\x7e]*$/);
    },
  },
  {
    name: "SMTP session",
    seeds: said,
    words: [
      "\r\n",
      "\r\n.\r\n",
      ".",
      "DATA\r\n",
      "MAIL FROM:<a@b.test>\r\n",
      "RCPT TO:<anna@example.com>\r\n",
      "RSET\r\n",
      "AUTH LOGIN\r\n",
      "*\r\n",
      "QUIT\r\n",
      "EHLO x\r\n",
    ],
    check(text) {
      const given = dialogues.find(({ title }) => title.startsWith("RSET keeps"))?.given ?? [];
      sameUnderCuts(latin1(text), (chunks) => {
        const machine = new SmtpMachine(given);
        for (const chunk of chunks) machine.receive(chunk);
        const output = machine.takeOutput();
        assert.match(output, /^(?:\d{3}[ -][ -~]*\r\n)*$/);
        return { output, accepted: machine.accepted, isClosed: machine.isClosed };
      });
    },
  },
  {
    name: "content",
    seeds: ["Subject: x\r\n\r\none\r\n..two\r\n.\r\n", ".\r\n", "a\n.\n\r\n.\r\n"],
    words: ["\r\n.\r\n", "\r\n", "\n", "\r", ".", "..", "\n.\r\n", "Received: x\r\n", "\r.\r"],
    check(text) {
      const octets = latin1(text);
      for (const bareLineEnds of ["refuse", "normalise"] as const) {
        for (const maxSize of [0, 20]) {
          sameUnderCuts(octets, (chunks) => decoded(chunks, { maxSize, bareLineEnds }));
        }
        const { kept, flaw, isEnded, rest } = decoded([octets], { maxSize: 0, bareLineEnds });
        const model = modelOf(octets.toString("latin1"), bareLineEnds);
        assert.equal(isEnded, model !== null);
        if (model === null) continue;
        assert.equal(rest, model.rest);
        assert.equal(flaw, model.isRefused ? "bare-line-end" : null);
        if (!model.isRefused) assert.equal(kept, model.kept);
      }
    },
  },
  {
    name: "dot stuffing",
    seeds: ["one\r\n.two\r\n", ".", "..\r\n.\r\n"],
    words: ["\r\n.\r\n", "\r\n", ".", "..", "\r\n."],
    check(text) {
      const lines = latin1(text)
        .toString("latin1")
        .replaceAll(/\r?\n|\r/g, "\r\n");
      for (const chunks of cutsOf(latin1(lines))) {
        const stuffer = new DotStuffer();
        const sent = Buffer.concat([...chunks.flatMap((chunk) => stuffer.push(chunk)), ...stuffer.finish()]);
        const { kept, isEnded, rest } = decoded([sent], { maxSize: 0, bareLineEnds: "refuse" });
        assert.equal(kept, lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`);
        assert.ok(isEnded && rest === "");
      }
    },
  },
  {
    name: "Received fields",
    seeds: ["Received: a\r\nReceived : b\r\n\r\nReceived: c\r\n"],
    words: ["Received:", "Received", "\r\n", "\n", " ", ":", "\r\n\r\n"],
    check(text) {
      sameUnderCuts(latin1(text), (chunks) => {
        const counter = new ReceivedCounter();
        for (const chunk of chunks) counter.push(chunk);
        return counter.count;
      });
    },
  },
  {
    name: "replies of a next hop",
    seeds: ["220 a ESMTP\r\n250-a\r\n250-SIZE 10\r\n250 DSN\r\n550 5.7.1 No\r\n", "421\r\n", "250 ok\n"],
    words: ["250-", "250 ", "550 5.1.1 ", "\r\n", "\n", "354\r\n", "999", "2.0.0"],
    check(text) {
      sameUnderCuts(latin1(text), (chunks) => {
        const decoder = new ClientReplyDecoder();
        return chunks
          .flatMap((chunk) => decoder.push(chunk))
          .map((reply) => (reply === null ? null : formatReply(reply)));
      });
    },
  },
  {
    name: "answers to AUTH",
    seeds: ["AGEAYg==", "=", "*", ""],
    words: ["A", "=", "==", "*", "+", "/", "-", "_"],
    check(text) {
      const isAscii = /^[\0-\x7f]*$/.test(text);
      const answer = parseAuthResponse({ flaw: null, text, isAscii });
      if (Buffer.isBuffer(answer)) assert.equal(answer.toString("base64"), text);
      else assert.ok(answer.code >= 500);
      const initial = decodeInitialResponse(text);
      if (initial !== "malformed" && text !== "=") assert.equal(initial.toString("base64"), text);
    },
  },
];

type Limits = ConstructorParameters<typeof ContentDecoder>[0];

function decoded(chunks: readonly Buffer[], limits: Limits) {
  const decoder = new ContentDecoder(limits);
  const kept: Buffer[] = [];
  const rest: Buffer[] = [];
  let isEnded = false;
  for (const chunk of chunks) {
    if (isEnded) {
      rest.push(chunk);
      continue;
    }
    const step = decoder.push(chunk);
    kept.push(Buffer.concat(step.pieces));
    isEnded = step.ended;
    if (step.rest !== null) rest.push(step.rest);
  }
  const { flaw, hasEightBit, hasNul, receivedFields } = decoder;
  const text = flaw === null ? Buffer.concat(kept).toString("latin1") : null;
  return {
    kept: text,
    flaw: isEnded ? flaw : null,
    hasEightBit,
    hasNul,
    receivedFields: flaw === null ? receivedFields : 0,
    isEnded,
    rest: Buffer.concat(rest).toString("latin1"),
  };
}

/** What RFC 5321 §4.1.1.4 and §4.5.2 say of the whole text, without any state. */
function modelOf(text: string, bareLineEnds: "refuse" | "normalise") {
  const end = text.startsWith(".\r\n") ? 0 : text.indexOf("\r\n.\r\n") + 2;
  if (end === 1) return null;
  const unstuffed = text.slice(0, end).replaceAll(/(^|\r\n)\./g, "$1");
  const bare = /\r(?!\n)|(?<!\r)\n/g;
  const isRefused = bareLineEnds === "refuse" && bare.test(unstuffed);
  return { kept: unstuffed.replaceAll(bare, "\r\n"), isRefused, rest: text.slice(end + 3) };
}
