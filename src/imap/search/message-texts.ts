import { decodeParts } from "../../message/parts.ts";
import type { PartPlace } from "../../message/structure.ts";
import { StructureReader } from "../../message/structure-reader.ts";
import type { MessageContent, MessageRow, OpenMailbox } from "../mail.ts";
import type { TextQuestion } from "./question.ts";
import { fieldTexts, type TextUnit, textUnits } from "./text-units.ts";

/** Reads as much of a message as it takes to answer these questions. A message that is gone holds nothing. */
export async function readTexts(
  mailbox: Pick<OpenMailbox, "content">,
  row: MessageRow,
  questions: readonly TextQuestion[],
): Promise<(question: TextQuestion) => boolean> {
  const content = row.content ?? (await mailbox.content(row.uid));
  if (content === null) return () => false;
  const message = row.parts === null ? await structureOf(content) : decodeParts(row.parts, content.size);
  const open = new Set(questions);
  const held = new Set<TextQuestion>();
  const units = textUnits(content, message, {
    withBody: questions.some(({ ask }) => ask !== "header"),
    overlap: Math.max(0, ...questions.map(({ text }) => text.length - 1)),
  });
  for await (const unit of units) {
    for (const question of open) {
      if (!isIn(question, unit)) continue;
      held.add(question);
      open.delete(question);
    }
    if (open.size === 0) break;
  }
  return (question) => held.has(question);
}

/** Whether a piece of the message holds what is asked. */
export function isIn(question: TextQuestion, unit: TextUnit): boolean {
  if (question.ask === "header") {
    if (unit.of !== "header") return false;
    return fieldTexts(unit.octets, question.field).some((text) => text.includes(question.text));
  }
  return (question.ask === "text" || unit.of === "body") && unit.text.includes(question.text);
}

export async function structureOf(content: MessageContent): Promise<PartPlace> {
  const reader = new StructureReader();
  if (content.bytes !== null) reader.push(content.bytes);
  else for await (const chunk of content.stream({ from: 0, to: content.size })) reader.push(chunk);
  return reader.finish();
}
