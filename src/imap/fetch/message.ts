import { isAscii } from "node:buffer";
import { decodeParts, placesBelow } from "../../message/parts.ts";
import { previewOf } from "../../message/preview.ts";
import { readOctets, readStructure, type Source } from "../../message/source.ts";
import type { PartPlace } from "../../message/structure.ts";
import { surrogateOf } from "../../message/surrogate.ts";
import { digestOf } from "../digest.ts";
import type { MessageContent, MessageRow } from "../mail.ts";

/** Surrogates up to this size are made in memory. */
const inMemory = 256 * 1024;

/** A message as the client sees it, with what it takes to answer for its parts. */
export class FetchedMessage {
  readonly row: MessageRow;
  readonly content: MessageContent;
  #places: PartPlace | null;

  private constructor(row: MessageRow, content: MessageContent, places: PartPlace | null) {
    this.row = row;
    this.content = content;
    this.#places = places;
  }

  /**
   * `needsSurrogate`: the client knows nothing of UTF-8 in headers. What it gets then is made anew from the message, structure and
   * all (RFC 6858). `needsDigest`: the row is to have envelope and structure.
   */
  static async of(
    row: MessageRow,
    stored: MessageContent,
    { needsSurrogate, needsDigest }: { readonly needsSurrogate: boolean; readonly needsDigest: boolean },
  ): Promise<FetchedMessage> {
    const content = putTogether(stored);
    if (needsSurrogate && (content.bytes === null || !isAscii(content.bytes))) {
      const surrogate = await surrogateOf(content, await placesOf(row, content));
      if (surrogate !== null) {
        const shown = await inHand(surrogate);
        const structure = await readStructure(shown);
        return new FetchedMessage({ ...row, ...digestOf(structure) }, shown, structure);
      }
    }
    if (!needsDigest || (row.envelope !== null && row.structure !== null))
      return new FetchedMessage(row, content, null);
    const structure = await readStructure(content);
    return new FetchedMessage({ ...row, ...digestOf(structure) }, content, structure);
  }

  async places(): Promise<PartPlace> {
    return (this.#places ??= await placesOf(this.row, this.content));
  }

  async preview(): Promise<string> {
    return this.row.preview ?? previewOf(this.content, await readStructure(this.content));
  }
}

/** Whether what was read of a row is for clients, too, that know nothing of UTF-8 in headers. */
export function suitsEveryClient({ envelope, structure, parts }: MessageRow): boolean {
  if (envelope !== null && !isAscii(envelope)) return false;
  return structure === null || (parts !== null && !/[A-Z]/.test(parts));
}

async function placesOf({ parts }: MessageRow, content: MessageContent): Promise<PartPlace> {
  if (parts === null) return readStructure(content);
  const below = decodeParts(parts);
  const added = content.size - below.end;
  const places = placesBelow(below, added);
  // The field on top of the content (Return-Path) was not looked at when the parts were.
  if (added === 0 || places.isUtf8) return places;
  return isAscii(await readOctets(content, { from: 0, to: added })) ? places : { ...places, isUtf8: true };
}

/** With octets that are put together once, however often they are looked at. */
function putTogether(stored: MessageContent): MessageContent {
  const { bytes } = stored;
  return bytes === null ? stored : { size: bytes.length, bytes, stream: (range) => stored.stream(range) };
}

async function inHand(source: Source): Promise<MessageContent> {
  const bytes = source.size > inMemory ? null : await readOctets(source, { from: 0, to: source.size });
  return { size: source.size, bytes, stream: (range) => source.stream(range) };
}
