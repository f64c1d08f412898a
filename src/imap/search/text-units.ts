import { readAddressField } from "../../message/address-field.ts";
import { decodeCharset } from "../../message/charset.ts";
import { decodeWords } from "../../message/encoded-words.ts";
import { eachField, type OctetText, unfold } from "../../message/fields.ts";
import { fold } from "../../message/fold.ts";
import { htmlText } from "../../message/html-text.ts";
import { parameterOf } from "../../message/media-type.ts";
import { plainText, readPartHeader } from "../../message/part-header.ts";
import type { PartPlace } from "../../message/structure.ts";
import { decodeBody, decoderOf } from "../../message/transfer-decoding.ts";
import type { MessageContent } from "../mail.ts";

/** A piece of what a message says, decoded and folded. */
export type TextUnit =
  /** Of the message itself; `octets` as they stand, for questions about one field. */
  | { readonly of: "header"; readonly text: string; readonly octets: OctetText }
  /** Of a part: TEXT looks at it, BODY does not (RFC 9051 §6.4.4). */
  | { readonly of: "part header"; readonly text: string }
  | { readonly of: "body"; readonly text: string };

export type UnitOptions = {
  /** Also what is behind the header. */
  readonly withBody: boolean;
  /** Characters of a long body that come twice, at the end of a unit and at the beginning of the next. */
  readonly overlap: number;
};

/** Of a header so much is looked at, as by all who read headers (field case O-54). */
const longestHeader = 256 * 1024;
/** Of a body that is decoded at once; of a longer one so much at a time. */
const windowOctets = 1024 * 1024;

/**
 * What a search looks at, in the order of the message: fields with their encoded words decoded, and bodies of text in their charsets.
 * The index is made of the same, so that both find the same. Memory is bounded by a header and a window of a body.
 */
export async function* textUnits(
  content: MessageContent,
  message: PartPlace,
  { withBody, overlap }: UnitOptions,
): AsyncGenerator<TextUnit> {
  const octets = await readOctets(content, message.start, Math.min(message.bodyStart, longestHeader));
  const header = octets.toString("latin1");
  yield { of: "header", text: headerText(header), octets: header };
  if (!withBody) return;
  for (const { place, role } of placesIn(message)) {
    const own = place === message ? header : await headerOf(content, place);
    if (role === "part") yield { of: "part header", text: headerText(own) };
    // A message in the message is part of its body, with its header.
    if (role === "message") yield { of: "body", text: headerText(own) };
    if (place.holds !== "octets") continue;
    const { type, subtype, parameters } = readPartHeader(own, plainText).mediaType;
    if (type !== "text" && type !== "message") continue;
    const isHtml = type === "text" && subtype === "html";
    yield* bodyUnits(content, place, { charset: parameterOf(parameters, "charset"), isHtml, overlap });
  }
}

type Placed = { readonly place: PartPlace; readonly role: "whole" | "part" | "message" };

/** All entities, each before what is in it; as deep as the reader of structures goes. */
function placesIn(message: PartPlace): readonly Placed[] {
  const places: Placed[] = [];
  const add = (place: PartPlace, role: Placed["role"]): void => {
    places.push({ place, role });
    for (const part of place.parts) add(part, place.holds === "message" ? "message" : "part");
  };
  add(message, "whole");
  return places;
}

async function headerOf(content: MessageContent, place: PartPlace): Promise<OctetText> {
  const end = Math.min(place.bodyStart, place.start + longestHeader);
  return (await readOctets(content, place.start, end)).toString("latin1");
}

async function readOctets(content: MessageContent, from: number, to: number): Promise<Buffer> {
  if (content.bytes !== null) return content.bytes.subarray(from, to);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.stream({ from, to })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A header as one text, line by line: each field unfolded and decoded. */
export function headerText(header: OctetText): string {
  const unfolded =
    header.includes("\n ") || header.includes("\n\t") ? header.replaceAll(/\r?\n(?=[ \t])/g, "") : header;
  const isPlain = !unfolded.includes("=?") && !beyondAscii.test(unfolded);
  let text = isPlain ? unfolded : unfolded.split("\n").map(decodeWords).join("\n");
  // Addresses with comments or blanks inside them are found as they are meant, too.
  if (oddAddress.test(unfolded)) {
    eachField(header, (name, start, end) => {
      if (addressFields.has(name)) text += addressesIn(unfold(header, start, end));
    });
  }
  return fold(text);
}

const beyondAscii = /[\x80-\xff]/;
const oddAddress = /[\s)"]@|@[\s("]|\)/;
const addressFields = new Set(["from", "to", "cc", "bcc", "sender", "reply-to"]);

function addressesIn(value: OctetText): string {
  if (!oddAddress.test(value)) return "";
  const entries = readAddressField(value).filter(({ host }) => host !== null && host !== "");
  // Comments and blanks may stand on both sides of the at sign (RFC 5322 §3.2.2, §4.4).
  return entries
    .map(({ mailbox, host }) => `\n${decodeWords(`${mailbox}@${host}`.replaceAll(/\([^()]*\)|\s/g, ""))}`)
    .join("");
}

/** The values of the fields with that name, decoded and folded. */
export function fieldTexts(header: OctetText, field: string): readonly string[] {
  const texts: string[] = [];
  eachField(header, (name, start, end) => {
    if (name !== field) return;
    const value = unfold(header, start, end);
    texts.push(fold(decodeWords(value) + (addressFields.has(name) ? addressesIn(value) : "")));
  });
  return texts;
}

type Body = { readonly charset: string | null; readonly isHtml: boolean; readonly overlap: number };

/** Of HTML what people read, not its markup: "für" is found where "f&uuml;r" stands, and "foo" where "f<b>o</b>o" does. */
function readable(octets: Buffer, { charset, isHtml }: Body): string {
  const text = decodeCharset(octets, charset);
  return fold(isHtml ? htmlText(text) : text);
}

async function* bodyUnits(content: MessageContent, place: PartPlace, body: Body): AsyncGenerator<TextUnit> {
  const { bodyStart: from, end: to } = place;
  // What nobody can decode is looked at as it stands.
  const encoding = place.encoding === "unknown" ? "identity" : place.encoding;
  if (to - from <= windowOctets) {
    const octets = decodeBody(await readOctets(content, from, to), encoding);
    yield { of: "body", text: readable(octets, body) };
    return;
  }
  const decoder = decoderOf(encoding);
  const window = new Window(body);
  for await (const chunk of content.stream({ from, to })) {
    const octets = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const text = window.push(decoder === null ? octets : decoder.push(octets));
    if (text !== null) yield { of: "body", text };
  }
  yield { of: "body", text: window.finish(decoder === null ? Buffer.alloc(0) : decoder.finish()) };
}

/** Collects octets, and gives them as text when they are many. */
class Window {
  readonly #body: Body;
  #chunks: Buffer[] = [];
  #size = 0;
  #tail = "";

  constructor(body: Body) {
    this.#body = body;
  }

  push(octets: Buffer): string | null {
    this.#chunks.push(octets);
    this.#size += octets.length;
    if (this.#size < windowOctets) return null;
    const all = Buffer.concat(this.#chunks);
    // Behind a line's end no character is cut, and charsets with shifts begin anew.
    const lineEnd = all.lastIndexOf(10) + 1;
    const end = lineEnd > 0 ? lineEnd : all.length;
    this.#chunks = [all.subarray(end)];
    this.#size = all.length - end;
    return this.#text(all.subarray(0, end));
  }

  finish(octets: Buffer): string {
    return this.#text(Buffer.concat([...this.#chunks, octets]));
  }

  #text(octets: Buffer): string {
    const { overlap } = this.#body;
    const text = this.#tail + readable(octets, this.#body);
    this.#tail = overlap === 0 ? "" : text.slice(-overlap);
    return text;
  }
}
