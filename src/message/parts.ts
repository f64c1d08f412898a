import type { Encoding, PartPlace } from "./structure.ts";

// The places of a message's parts as a text, kept beside the message. Of each part: the octets between the end of the part before it (or the
// beginning of the body it is in) and its header, those of its header, those of its body; a letter for its encoding, in capitals when its header
// has UTF-8; what is in it: "(" parts ")" of a multipart, "[" message "]" of a message/rfc822. A message of one part: "0.412.1600i".

const letters = { identity: "i", base64: "b", "quoted-printable": "q", unknown: "u" } as const satisfies Record<
  Encoding,
  string
>;
const encodings: Readonly<Record<string, Encoding>> = {
  i: "identity",
  b: "base64",
  q: "quoted-printable",
  u: "unknown",
};

export function encodeParts(message: PartPlace): string {
  return encodePlace(message, message.start);
}

function encodePlace({ start, bodyStart, end, encoding, isUtf8, holds, parts }: PartPlace, from: number): string {
  const letter = letters[encoding];
  const numbers = [start - from, bodyStart - start, end - bodyStart].join(".");
  let inside = "";
  let before = bodyStart;
  for (const part of parts) {
    inside += encodePlace(part, before);
    before = part.end;
  }
  const [opening, closing] = holds === "parts" ? "()" : holds === "message" ? "[]" : ["", ""];
  return `${numbers}${isUtf8 ? letter.toUpperCase() : letter}${opening}${inside}${closing}`;
}

const place = /(\d{1,15})\.(\d{1,15})\.(\d{1,15})([ibquIBQU])([([]?)|[)\]]/y;

/**
 * The places again. `size`: octets of what they are places in, when fields may have been put on top of the content since (Return-Path).
 * Throws at what `encodeParts` did not write.
 */
export function decodeParts(text: string, size?: number): PartPlace {
  const message = new PlaceReader(text).read(0);
  return size === undefined ? message : placesBelow(message, size - message.end);
}

/** The places in a message on top of which so many octets were put since (Return-Path): they belong to its header, and all else moves down. */
export function placesBelow(message: PartPlace, added: number): PartPlace {
  return added === 0 ? message : { ...moved(message, added), start: 0 };
}

class PlaceReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(from: number): PartPlace {
    const read = this.#next(from);
    if (read === null || this.#at !== this.#text.length) throw new Error("not the places of a message's parts");
    return read;
  }

  /** The place of a part; null at the end of what it would be in. As deep as the parts are: at most a hundred. */
  #next(from: number): PartPlace | null {
    place.lastIndex = this.#at;
    const [all, gap, header, body, letter = "", opening] = place.exec(this.#text) ?? [];
    if (all === undefined) throw new Error("not the places of a message's parts");
    this.#at += all.length;
    if (gap === undefined) return null;
    const start = from + Number(gap);
    const bodyStart = start + Number(header);
    const parts: PartPlace[] = [];
    if (opening !== "") {
      for (let part = this.#next(bodyStart); part !== null; part = this.#next(part.end)) parts.push(part);
    }
    return {
      start,
      bodyStart,
      end: bodyStart + Number(body),
      holds: opening === "(" ? "parts" : opening === "[" ? "message" : "octets",
      encoding: encodings[letter.toLowerCase()] ?? "unknown",
      isUtf8: letter < "a",
      parts,
    };
  }
}

function moved(place: PartPlace, by: number): PartPlace {
  const { start, bodyStart, end, parts } = place;
  return {
    ...place,
    start: start + by,
    bodyStart: bodyStart + by,
    end: end + by,
    parts: parts.map((part) => moved(part, by)),
  };
}
