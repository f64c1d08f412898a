import { type Range, readOctets, type Source } from "./source.ts";
import type { Part } from "./structure.ts";
import { decodeText, isText } from "./text-part.ts";

/** RFC 8970 §3.3. */
const longest = 200;
/** Octets that are read for it: plain text begins with what it says, HTML with its styles. */
const enoughText = 4 * 1024;
const enoughHtml = 64 * 1024;

/** The part of which a preview is made: the first text that is no attachment; of alternatives the plain one. null: there is none. */
export function previewPart(message: Part): Part | null {
  const { holds, parts, header } = message;
  const { type, subtype } = header.mediaType;
  if (header.disposition?.type === "attachment") return null;
  if (holds === "octets") return isText(message) && (subtype === "plain" || subtype === "html") ? message : null;
  // What is encrypted says nothing that could be shown.
  if (type === "multipart" && subtype === "encrypted") return null;
  const found = parts.map(previewPart).filter((part) => part !== null && part.end > part.bodyStart);
  const plain = found.find((part) => part?.header.mediaType.subtype === "plain");
  return (subtype === "alternative" ? plain : undefined) ?? found[0] ?? null;
}

/** The octets of that part that are needed. */
export function previewRange({ bodyStart, end, header }: Part): Range {
  const enough = header.mediaType.subtype === "html" ? enoughHtml : enoughText;
  return { from: bodyStart, to: Math.min(end, bodyStart + enough) };
}

/** At most 200 characters of text on one line, of the octets in that range; "": there is nothing to read. */
export function previewText(octets: Buffer, part: Part): string {
  let text = "";
  let length = 0;
  for (const character of decodeText(octets, part).replaceAll(invisible, " ").trimStart()) {
    if (character === " " && text.endsWith(" ")) continue;
    text += character;
    if (++length === longest) break;
  }
  return text.trimEnd();
}

/** Blanks, control characters, and those without width that fill the beginning of many advertisements; joiners only where they join nothing. */
const invisible = /(?:[\s\p{Cc}]|\u034f|(?![\u200c\u200d])\p{Cf}|[\u200c\u200d](?=\s|\p{Cf}))+/gu;

/** The preview of a message (RFC 8970). */
export async function previewOf(source: Source, message: Part): Promise<string> {
  const part = previewPart(message);
  if (part === null) return "";
  const range = previewRange(part);
  const octets = await readOctets(source, range);
  return previewText(octets, part);
}
