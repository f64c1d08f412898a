import { isAscii } from "node:buffer";
import { decodeParts, placesBelow } from "../message/parts.ts";
import { readOctets, readStructure, type Source } from "../message/source.ts";
import type { PartPlace } from "../message/structure.ts";
import { surrogateOf } from "../message/surrogate.ts";
import type { MessageContent } from "./mail.ts";

/** Surrogates up to this size are made in memory. */
const inMemory = 256 * 1024;

/**
 * What a client is given that knows nothing of UTF-8 in headers (RFC 6858, RFC 6856 §3); null: the message itself. `parts`: where its
 * parts are, as they are kept; null: that is found out.
 */
export async function surrogateContent(content: MessageContent, parts: string | null): Promise<MessageContent | null> {
  const { bytes } = content;
  if (bytes !== null && isAscii(bytes)) return null;
  const surrogate = await surrogateOf(content, await placesOf(content, parts));
  return surrogate === null ? null : inHand(surrogate);
}

/** Where the parts of a message are. */
export async function placesOf(content: MessageContent, parts: string | null): Promise<PartPlace> {
  if (parts === null) return readStructure(content);
  const below = decodeParts(parts);
  const added = content.size - below.end;
  const places = placesBelow(below, added);
  // The field on top of the content (Return-Path) was not looked at when the parts were.
  if (added === 0 || places.isUtf8) return places;
  return isAscii(await readOctets(content, { from: 0, to: added })) ? places : { ...places, isUtf8: true };
}

async function inHand(source: Source): Promise<MessageContent> {
  const bytes = source.size > inMemory ? null : await readOctets(source, { from: 0, to: source.size });
  return { size: source.size, bytes, stream: (range) => source.stream(range) };
}
