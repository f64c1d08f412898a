import { decodeCharset } from "./charset.ts";
import { htmlText } from "./html-text.ts";
import { parameterOf } from "./media-type.ts";
import type { Part } from "./structure.ts";
import { decodeBody } from "./transfer-decoding.ts";

/** Whether people read it: text, whose encoding can be undone. */
export function isText({ holds, isOpaque, encoding, header }: Part): boolean {
  return holds === "octets" && !isOpaque && encoding !== "unknown" && header.mediaType.type === "text";
}

/** The octets of a text part, or a piece from their beginning, as people read them. */
export function decodeText(octets: Buffer, { encoding, header: { mediaType } }: Part): string {
  const decoded = encoding === "unknown" ? octets : decodeBody(octets, encoding);
  const text = decodeCharset(decoded, parameterOf(mediaType.parameters, "charset"));
  return mediaType.subtype === "html" ? htmlText(text) : text;
}
