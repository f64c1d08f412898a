import type { MessageRow, OpenMailbox, Wanted } from "../mail.ts";
import { overlap } from "../../address/intervals.ts";
import { joinNumbers, type Numbers, numbersOf } from "../number-set.ts";
import { countOf } from "../view.ts";
import { asksForSent, judge, judgeRow, narrowed, neededTexts, textQuestions } from "./evaluate.ts";
import { sentDayOf } from "./sent-date.ts";
import { readTexts } from "./message-texts.ts";
import { readEnvelope } from "./envelope-reader.ts";
import type { Question } from "./question.ts";

export type Found = { readonly uid: number; readonly modseq: number };

/** What is read of a message at once; the rest of a larger one comes as it is needed. */
const wholeUpTo = 256 * 1024;

/**
 * The messages that fit, ascending by UID. What the index excludes is not looked at; of the others the rows are asked first, and only where
 * they leave it open the messages are read.
 */
export async function find(mailbox: OpenMailbox, question: Question, within: Numbers): Promise<readonly Found[]> {
  const possible = await possibleOf(mailbox, question, narrowed(question, within).uids);
  const isFew = countOf(possible) <= few;
  const found: Found[] = [];
  const open: number[] = [];
  for await (const rows of mailbox.rows(possible, isFew ? wantedFor(question) : {})) {
    for (const row of rows) {
      const answer = judgeRow(question, row) ?? (isFew ? await fits(mailbox, question, row) : null);
      if (answer === null) open.push(row.uid);
      else if (answer) found.push({ uid: row.uid, modseq: row.modseq });
    }
  }
  if (open.length === 0) return found;
  for await (const rows of mailbox.rows(numbersOf(open), wantedFor(question))) {
    for (const row of rows) if (await fits(mailbox, question, row)) found.push({ uid: row.uid, modseq: row.modseq });
  }
  return found.sort((a, b) => a.uid - b.uid);
}

/** So many are read at once with all that they may be asked for. */
const few = 200;

async function possibleOf(mailbox: OpenMailbox, question: Question, within: Numbers): Promise<Numbers> {
  const needed = neededTexts(question);
  if (needed === null) return within;
  const runs: { first: number; last: number }[] = [];
  for (const texts of needed) {
    const candidates = await mailbox.candidates(texts, within);
    if (candidates === null) return within;
    runs.push(...candidates);
  }
  return overlap(joinNumbers(runs), within);
}

function wantedFor(question: Question): Wanted {
  const isTextAsked = textQuestions(question).length > 0;
  return {
    envelope: asksForSent(question),
    ...(isTextAsked ? { parts: true, contentUpTo: wholeUpTo } : {}),
  };
}

async function fits(mailbox: OpenMailbox, question: Question, row: MessageRow): Promise<boolean> {
  const questions = textQuestions(question);
  const holdsText = questions.length === 0 ? () => false : await readTexts(mailbox, row, questions);
  const sentDay = row.envelope === null ? null : sentDayOf(readEnvelope(row.envelope).date);
  return judge(question, row, { sentDay, holds: holdsText });
}
