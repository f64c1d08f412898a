import { overlap } from "../../address/intervals.ts";
import type { MessageRow, SearchText } from "../mail.ts";
import { holds, type Numbers } from "../number-set.ts";
import type { Question, TextQuestion } from "./question.ts";

/** What a message says about itself, found when somebody asks. */
export type Texts = {
  /** null: no Date field that can be read. */
  readonly sentDay: string | null;
  readonly holds: (question: TextQuestion) => boolean;
};

/** By the row alone; null: only the message can tell. */
export function judgeRow(question: Question, row: MessageRow): boolean | null {
  switch (question.ask) {
    case "all":
    case "any": {
      const decisive = question.ask === "any";
      let isOpen = false;
      for (const one of question.of) {
        const answer = judgeRow(one, row);
        if (answer === decisive) return decisive;
        if (answer === null) isOpen = true;
      }
      return isOpen ? null : !decisive;
    }
    case "not": {
      const answer = judgeRow(question.of, row);
      return answer === null ? null : !answer;
    }
    case "uids":
      return holds(question.uids, row.uid);
    case "row":
      return question.test(row);
    case "sent":
    case "header":
    case "body":
    case "text":
      return null;
    default:
      return question satisfies never;
  }
}

export function judge(question: Question, row: MessageRow, texts: Texts): boolean {
  switch (question.ask) {
    case "all":
      return question.of.every((one) => judge(one, row, texts));
    case "any":
      return question.of.some((one) => judge(one, row, texts));
    case "not":
      return !judge(question.of, row, texts);
    case "uids":
      return holds(question.uids, row.uid);
    case "row":
      return question.test(row);
    case "sent":
      return texts.sentDay !== null && question.test(texts.sentDay);
    case "header":
    case "body":
    case "text":
      return texts.holds(question);
    default:
      return question satisfies never;
  }
}

/** The questions in it that only the message can answer. */
export function textQuestions(question: Question): readonly TextQuestion[] {
  switch (question.ask) {
    case "all":
    case "any":
      return question.of.flatMap(textQuestions);
    case "not":
      return textQuestions(question.of);
    case "header":
    case "body":
    case "text":
      return [question];
    case "uids":
    case "row":
    case "sent":
      return [];
    default:
      return question satisfies never;
  }
}

/** Whether anything in it asks for the day of sending. */
export function asksForSent(question: Question): boolean {
  if (question.ask === "all" || question.ask === "any") return question.of.some(asksForSent);
  return question.ask === "not" ? asksForSent(question.of) : question.ask === "sent";
}

/**
 * Texts of which every message that fits has all of one list: lists of alternatives. null: nothing can be said, all messages may
 * fit. So an index may leave out what has none of the lists.
 */
export function neededTexts(question: Question): readonly (readonly SearchText[])[] | null {
  switch (question.ask) {
    case "all":
      return neededByAll(question.of);
    case "any": {
      const lists: (readonly SearchText[])[] = [];
      for (const one of question.of) {
        const needed = neededTexts(one);
        if (needed === null) return null;
        lists.push(...needed);
      }
      return lists.length > mostLists ? null : lists;
    }
    case "header":
      return [[{ in: "header", field: question.field, text: question.text }]];
    case "body":
    case "text":
      return [[{ in: question.ask, field: null, text: question.text }]];
    case "not":
    case "uids":
    case "row":
    case "sent":
      return null;
    default:
      return question satisfies never;
  }
}

/** Alternatives beyond this are not looked up one by one. */
const mostLists = 64;

/** All single lists become one; of the alternatives besides, those that are fewest are multiplied in. */
function neededByAll(of: readonly Question[]): readonly (readonly SearchText[])[] | null {
  let together: SearchText[] | null = null;
  let alternatives: readonly (readonly SearchText[])[] | null = null;
  for (const one of of) {
    const needed = neededTexts(one);
    const [only] = needed ?? [];
    if (needed === null) continue;
    if (needed.length === 1 && only !== undefined) together = [...(together ?? []), ...only];
    else if (alternatives === null || needed.length < alternatives.length) alternatives = needed;
  }
  if (alternatives === null) return together === null ? null : [together];
  return together === null ? alternatives : alternatives.map((list) => [...list, ...together]);
}

/** The messages that a question leaves over by their UIDs alone, and whether it asks for nothing else. */
export function narrowed(question: Question, within: Numbers): { readonly uids: Numbers; readonly isAll: boolean } {
  if (question.ask === "uids") return { uids: overlap(within, question.uids), isAll: true };
  if (question.ask !== "all") return { uids: within, isAll: false };
  let uids = within;
  let isAll = true;
  for (const one of question.of) {
    const rest = narrowed(one, uids);
    uids = rest.uids;
    isAll &&= rest.isAll;
  }
  return { uids, isAll };
}
