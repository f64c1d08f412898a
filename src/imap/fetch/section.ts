import type { PartPlace } from "../../message/structure.ts";
import type { Partial, Section } from "../command.ts";

/** Octets of the message from one up to another. */
export type Range = { readonly from: number; readonly to: number };

type Found = {
  readonly place: PartPlace;
  /** It is the message itself, or the one in a message/rfc822, and not yet the one part that it consists of. */
  readonly isMessage: boolean;
};

/** The part that part numbers name (RFC 9051 §6.4.5.1); null: there is none. Without numbers it is the message. */
export function findPart(message: PartPlace, numbers: readonly number[]): Found | null {
  let place = message;
  let isMessage = true;
  for (const number of numbers) {
    if (!isMessage && place.holds === "message") {
      place = place.parts[0]!;
      isMessage = true;
    }
    if (place.holds === "parts") {
      const part = place.parts[number - 1];
      if (part === undefined) return null;
      place = part;
    } else if (!isMessage || number !== 1) return null;
    // "Every message has at least one part number": of a message without parts, its body is part 1.
    isMessage = false;
  }
  return { place, isMessage };
}

/** Where the octets of a section stand; of HEADER.FIELDS, the header to choose from. null: there is no such section. */
export function findSection(message: PartPlace, { part, text }: Section): Range | null {
  const found = findPart(message, part);
  if (found === null) return null;
  const { place, isMessage } = found;
  if (text === "all")
    return isMessage ? { from: place.start, to: place.end } : { from: place.bodyStart, to: place.end };
  if (text === "MIME") return { from: place.start, to: place.bodyStart };
  // HEADER and TEXT are of a message: the whole, or one in a message/rfc822.
  const whole = isMessage ? place : place.holds === "message" ? place.parts[0]! : null;
  if (whole === null) return null;
  return text === "TEXT" ? { from: whole.bodyStart, to: whole.end } : { from: whole.start, to: whole.bodyStart };
}

/** What a partial fetch gets of so many octets: less at the end, and behind it nothing (field case O-47). */
export function partOf(size: number, partial: Partial | null): Range {
  if (partial === null) return { from: 0, to: size };
  const from = Math.min(partial.from, size);
  return { from, to: Math.min(from + partial.octets, size) };
}
