import { eachField, type OctetText, unfold } from "../../message/fields.ts";
import { decodeParts } from "../../message/parts.ts";
import type { MessageRow, OpenMailbox } from "../mail.ts";
import { baseSubjectOf } from "./base-subject.ts";
import { readEnvelope } from "./envelope-reader.ts";
import { sentAtOf } from "./sent-date.ts";
import { collated } from "./sort-order.ts";
import type { Threadable } from "./thread-tree.ts";

/** Of a header whose end is not known so much is looked at. */
const longestHeader = 256 * 1024;
/** Ids of one References field: the last ones say most. A hostile field has no more weight than that. */
const mostReferences = 1_000;

/** Answers to what, and when: of a message that is there. */
export async function threadableOf(
  mailbox: Pick<OpenMailbox, "content">,
  row: MessageRow,
  { withReferences }: { readonly withReferences: boolean },
): Promise<Threadable> {
  const envelope = row.envelope === null ? null : readEnvelope(row.envelope);
  const { text, isReply } = baseSubjectOf(envelope?.subject ?? null);
  const references = withReferences ? idsIn(await referencesOf(mailbox, row)) : [];
  return {
    uid: row.uid,
    id: idsIn(envelope?.messageId ?? "")[0] ?? null,
    references:
      references.length > 0 ? references.slice(-mostReferences) : idsIn(envelope?.inReplyTo ?? "").slice(0, 1),
    sentAt: sentAtOf(envelope?.date ?? null) ?? row.internalDate,
    subject: collated(text),
    isReply,
  };
}

async function referencesOf(mailbox: Pick<OpenMailbox, "content">, row: MessageRow): Promise<OctetText> {
  const content = row.content ?? (await mailbox.content(row.uid));
  if (content === null) return "";
  const end = row.parts === null ? longestHeader : decodeParts(row.parts, content.size).bodyStart;
  const chunks: Uint8Array[] = [];
  if (content.bytes !== null) chunks.push(content.bytes.subarray(0, end));
  else for await (const chunk of content.stream({ from: 0, to: Math.min(end, content.size) })) chunks.push(chunk);
  const header = withoutBody(Buffer.concat(chunks).toString("latin1"));
  let references = "";
  eachField(header, (name, start, valueEnd) => {
    if (name === "references") references += `${unfold(header, start, valueEnd)} `;
  });
  return references;
}

function withoutBody(text: OctetText): OctetText {
  const end = /\r?\n\r?\n/.exec(text);
  return end === null ? text : text.slice(0, end.index);
}

/** `msg-id` (RFC 5322 §3.6.4); quotes in it make no difference (RFC 5256 §3). */
function idsIn(value: OctetText): string[] {
  return Array.from(value.matchAll(/<([^<>\s]{1,998})>/g), ([, id = ""]) => id.replaceAll(/["\\]/g, "")).filter((id) =>
    /.@./.test(id),
  );
}
