import { readOctets } from "../../message/source.ts";
import type { FetchItem, Section } from "../command.ts";
import type { MessageContent } from "../mail.ts";
import { decodedBody } from "./decoded-content.ts";
import { selectFields } from "./header-fields.ts";
import type { FetchedMessage } from "./message.ts";
import { findPart, findSection, partOf, type Range } from "./section.ts";

/** Of HEADER.FIELDS: fields behind so many octets of a header are not found. */
const longestHeader = 256 * 1024;

/** Octets to answer an item with: a range of something that is read when it is sent. null: there is nothing of the kind (NIL). */
export type Octets = {
  readonly of: MessageContent;
  readonly range: Range;
  /** It may hold NUL, which only literal8 can (RFC 3516 §4.1). */
  readonly isBinary: boolean;
} | null;

type BodyItem = Extract<FetchItem, { readonly item: "BODY[]" | "BINARY[]" }>;

const whole: Section = { part: [], text: "all", fields: [], label: "" };
const aliases = {
  RFC822: whole,
  "RFC822.HEADER": { ...whole, text: "HEADER" },
  "RFC822.TEXT": { ...whole, text: "TEXT" },
} as const satisfies Record<string, Section>;

/** Items whose octets are those of the message. */
export type ContentItem = BodyItem | { readonly item: keyof typeof aliases };

export function contentItem(item: FetchItem): ContentItem | null {
  switch (item.item) {
    case "RFC822":
    case "RFC822.HEADER":
    case "RFC822.TEXT":
      return { item: item.item };
    case "BODY[]":
    case "BINARY[]":
      return item;
    default:
      return null;
  }
}

/** What the client asked for, in its own words and without PEEK (field cases O-38, O-39). */
export function labelOf(item: ContentItem): string {
  if (item.item !== "BODY[]" && item.item !== "BINARY[]") return item.item;
  const start = item.partial === null ? "" : `<${item.partial.from}>`;
  return item.item === "BODY[]" ? `BODY[${item.section.label}]${start}` : `BINARY[${item.part.join(".")}]${start}`;
}

/** Whether to ask for it says that the message was read (RFC 9051 §6.4.5; field case O-39). */
export function marksSeen(item: FetchItem): boolean {
  if (item.item === "BODY[]" || item.item === "BINARY[]") return !item.peek;
  return item.item === "RFC822" || item.item === "RFC822.TEXT";
}

/** "unknown encoding": nobody here can undo it (RFC 3516 §4.3). */
export async function octetsFor(item: ContentItem, message: FetchedMessage): Promise<Octets | "unknown encoding"> {
  if (item.item === "BINARY[]") {
    const body = await binaryBody(item.part, message);
    if (body === null || body === "unknown encoding") return body;
    return { of: body, range: partOf(body.size, item.partial), isBinary: body.mayHaveNul };
  }
  if (item.item !== "BODY[]") return sectionOctets(aliases[item.item], message);
  const octets = await sectionOctets(item.section, message);
  if (octets === null) return null;
  const { from, to } = octets.range;
  const part = partOf(to - from, item.partial);
  return { ...octets, range: { from: from + part.from, to: from + part.to } };
}

/** A part decoded, for BINARY and BINARY.SIZE; null: there is no such part. */
export async function binaryBody(part: readonly number[], message: FetchedMessage) {
  const { content } = message;
  if (part.length === 0) return decodedBody(content, { bodyStart: 0, end: content.size, encoding: "identity" });
  const found = findPart(await message.places(), part);
  return found === null ? null : ((await decodedBody(content, found.place)) ?? "unknown encoding");
}

async function sectionOctets(section: Section, message: FetchedMessage): Promise<Octets> {
  const { content } = message;
  if (section.part.length === 0 && section.text === "all")
    return { of: content, range: { from: 0, to: content.size }, isBinary: false };
  const range = findSection(await message.places(), section);
  if (range === null) return null;
  if (section.text !== "HEADER.FIELDS" && section.text !== "HEADER.FIELDS.NOT")
    return { of: content, range, isBinary: false };
  const read = { from: range.from, to: Math.min(range.to, range.from + longestHeader) };
  const header = await readOctets(content, read);
  const fields = selectFields(header, new Set(section.fields.map((name) => name.toLowerCase())), section.text);
  return { of: inHand(fields), range: { from: 0, to: fields.length }, isBinary: false };
}

function inHand(bytes: Buffer): MessageContent {
  return {
    size: bytes.length,
    bytes,
    async *stream({ from, to }) {
      yield bytes.subarray(from, to);
    },
  };
}
