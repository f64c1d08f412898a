import { fold } from "../../message/fold.ts";
import type { SearchKey } from "../command.ts";
import { answered, deleted, draft, flagged, seen } from "../flags.ts";
import type { MessageRow } from "../mail.ts";
import { joinNumbers, type Numbers, type NumberSet } from "../number-set.ts";
import type { View } from "../view.ts";

/** A search as it is put to each message: sets are resolved, days are moments, texts are folded. */
export type Question =
  | { readonly ask: "all" | "any"; readonly of: readonly Question[] }
  | { readonly ask: "not"; readonly of: Question }
  | { readonly ask: "uids"; readonly uids: Numbers }
  /** Answered by the row alone. */
  | { readonly ask: "row"; readonly test: (row: MessageRow) => boolean }
  /** The day in the Date field, "2026-11-25" as its sender's calendar had it (RFC 9051 §6.4.4: time and zone do not count). */
  | { readonly ask: "sent"; readonly test: (day: string) => boolean }
  | TextQuestion;

export type TextQuestion =
  /** `text` "": the field is there. */
  | { readonly ask: "header"; readonly field: string; readonly text: string }
  | { readonly ask: "body" | "text"; readonly text: string };

export type QuestionContext = {
  readonly view: View;
  /** Milliseconds since 1970. */
  readonly now: number;
};

const dayMs = 24 * 60 * 60 * 1_000;

const systemFlags: Readonly<Record<string, number>> = {
  "\\answered": answered,
  "\\deleted": deleted,
  "\\draft": draft,
  "\\flagged": flagged,
  "\\seen": seen,
};

/** As deep as the key nests, which the grammar bounds. */
export function questionOf(key: SearchKey, context: QuestionContext): Question {
  switch (key.is) {
    case "all":
    case "savedate-supported":
      return { ask: "all", of: [] };
    case "and":
      return { ask: "all", of: key.keys.map((one) => questionOf(one, context)) };
    case "or":
      return { ask: "any", of: key.keys.map((one) => questionOf(one, context)) };
    case "not":
      return { ask: "not", of: questionOf(key.key, context) };
    case "flag":
      return flagQuestion(key.flag);
    case "recent":
      return { ask: "row", test: ({ uid }) => context.view.isRecent(uid) };
    case "numbers":
      return { ask: "uids", uids: uidsOf(key.set, context.view) };
    case "uids":
      return { ask: "uids", uids: context.view.span(key.set) };
    case "header":
      return { ask: "header", field: key.field, text: fold(key.text) };
    case "body":
    case "text":
      return { ask: key.is, text: fold(key.text) };
    case "larger":
      return { ask: "row", test: ({ size }) => size > key.octets };
    case "smaller":
      return { ask: "row", test: ({ size }) => size < key.octets };
    case "before":
    case "on":
    case "since":
      return dayQuestion(key);
    case "older":
      return { ask: "row", test: ({ internalDate }) => secondOf(internalDate) <= secondOf(context.now) - key.seconds };
    case "younger":
      return { ask: "row", test: ({ internalDate }) => secondOf(internalDate) >= secondOf(context.now) - key.seconds };
    case "modseq":
      return { ask: "row", test: ({ modseq }) => modseq >= key.atLeast };
    case "email-id":
      return { ask: "row", test: ({ contentId }) => `M${contentId}` === key.id };
    case "thread-id":
      // No message has one (RFC 8474 §5.2: NIL).
      return { ask: "any", of: [] };
    default:
      return key satisfies never;
  }
}

/** IMAP knows whole seconds only: a client that counts the seconds since a date means that date, too. */
function secondOf(moment: number): number {
  return Math.floor(moment / 1_000);
}

function flagQuestion(flag: string): Question {
  const bit = systemFlags[flag];
  if (bit !== undefined) return { ask: "row", test: ({ flags }) => (flags.system & bit) !== 0 };
  const keyword = flag.toLowerCase();
  return { ask: "row", test: ({ flags }) => flags.keywords.some((one) => one.toLowerCase() === keyword) };
}

function dayQuestion({ is, of, day }: Extract<SearchKey, { is: "before" | "on" | "since" }>): Question {
  if (of === "sent") {
    const test = (sent: string) => (is === "before" ? sent < day : is === "on" ? sent === day : sent >= day);
    return { ask: "sent", test };
  }
  // We keep no zones: days of INTERNALDATE and SAVEDATE are those in which we tell them, UTC.
  const from = Date.parse(`${day}T00:00:00Z`);
  const at = (row: MessageRow) => (of === "saved" ? row.savedAt : row.internalDate);
  if (is === "before") return { ask: "row", test: (row) => at(row) < from };
  if (is === "since") return { ask: "row", test: (row) => at(row) >= from };
  return { ask: "row", test: (row) => at(row) >= from && at(row) < from + dayMs };
}

/** Numbers beyond the last message name nothing, and are no error in a search. */
function uidsOf(set: NumberSet, view: View): Numbers {
  if (set === "$") return view.saved;
  const { count } = view;
  return set.length === 0 || count === 0 ? [] : view.uidsOf(within(set, count));
}

function within(set: Exclude<NumberSet, "$">, count: number): Numbers {
  const numbers = set.map(({ from, to }) => {
    const [a, b] = [from === "*" ? count : from, to === "*" ? count : to];
    return { first: Math.min(a, b), last: Math.min(Math.max(a, b), count) };
  });
  return joinNumbers(numbers.filter(({ first }) => first <= count));
}
