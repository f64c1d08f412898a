import assert from "node:assert/strict";
import { type Command, parseCommand } from "../src/smtp/command.ts";
import { LineDecoder } from "../src/smtp/line-decoder.ts";
import type { Reply } from "../src/smtp/reply.ts";
import { type Answer, greet, next, type Offer, resume, type Session, type Step } from "../src/smtp/server-session.ts";

/** What the sessions of these tests offer, unless a test says otherwise. */
export const offer: Offer = {
  hostname: "mx.example.test",
  kind: "relay",
  maxSize: 1_000,
  maxRecipients: 2,
  startTls: true,
  mechanismsInClear: [],
  mechanismsOverTls: ["SCRAM-SHA-256", "PLAIN", "LOGIN"],
  dsn: false,
  smtpUtf8: true,
  eightBitMime: true,
  brackets: "required",
};

export const refused: Reply = { code: 550, status: "5.7.1", lines: ["no"] };
export const yes: Answer = { ok: true };

export function parse(session: Session, text: string): Command {
  const decoder = new LineDecoder();
  decoder.push(Buffer.from(`${text}\r\n`));
  return parseCommand(decoder.next() ?? assert.fail(), session.syntax);
}

/** Plays lines at a session; each question gets the next answer, or yes. */
export function play(start: Session, lines: readonly string[], answers: readonly Answer[] = []): [Session, Step[]] {
  let session = start;
  const steps: Step[] = [];
  const waiting = [...answers];
  for (const line of lines) {
    let step: Step;
    [session, step] = next(session, parse(session, line));
    if (step.do === "ask") [session, step] = resume(session, step.question, waiting.shift() ?? yes);
    steps.push(step);
  }
  return [session, steps];
}

/** The reply codes of steps; "exchange" where AUTH begins. */
export const codes = (steps: readonly Step[]) =>
  steps.map((step) => ("reply" in step ? step.reply.code : step.do === "authenticate" ? "exchange" : step.do));

/** A session just greeted. */
export const fresh = (changes: Partial<Offer> = {}, tls = false) => greet({ ...offer, ...changes }, { tls })[0];

/** Lines that lead to each phase. */
export const phases = {
  greeted: [],
  ready: ["EHLO c.test"],
  sender: ["EHLO c.test", "MAIL FROM:<a@b.test>"],
  recipients: ["EHLO c.test", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>"],
} as const;
