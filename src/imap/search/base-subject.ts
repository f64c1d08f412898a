import { decodeWords } from "../../message/encoded-words.ts";
import type { OctetText } from "../../message/fields.ts";

/** A subject without what replies and forwards add to it (RFC 5256 §2.1). */
export type BaseSubject = {
  readonly text: string;
  /** Whether something of that kind stood there. */
  readonly isReply: boolean;
};

/** What is behind does not tell threads apart any more, and bounds the work. */
const longest = 1_000;

const blob = String.raw`\[[^[\]]*\][ \t]*`;
/** `subj-leader`. */
const leader = new RegExp(`(?:${blob})*(?:re|fwd?)[ \\t]*(?:${blob})?:`, "iy");
const firstBlob = new RegExp(blob, "y");
const trailer = /\(fwd\)$/i;

export function baseSubjectOf(subject: OctetText | null): BaseSubject {
  const decoded = decodeWords(subject ?? "").replaceAll(/[ \t\r\n]+/g, " ");
  let text = decoded.trim().slice(0, longest);
  let isReply = false;
  for (;;) {
    const before = text;
    text = text.trim();
    if (trailer.test(text)) {
      text = text.slice(0, -5).trimEnd();
      isReply = true;
      continue;
    }
    const lead = lengthOf(leader, text);
    if (lead > 0) {
      text = text.slice(lead);
      isReply = true;
      continue;
    }
    // "[list]" is not part of it, where it is not all there is.
    const tag = lengthOf(firstBlob, text);
    if (tag > 0 && tag < text.length) {
      text = text.slice(tag);
      continue;
    }
    if (/^\[fwd:.*\]$/i.test(text)) {
      text = text.slice(5, -1);
      isReply = true;
      continue;
    }
    if (text === before) return { text, isReply };
  }
}

function lengthOf(pattern: RegExp, text: string): number {
  pattern.lastIndex = 0;
  return pattern.exec(text)?.[0].length ?? 0;
}
