import type { PartHeader } from "./part-header.ts";

/** What is done to the octets of a body (RFC 2045 §6); "unknown": nobody here can undo it. */
export type Encoding = "identity" | "base64" | "quoted-printable" | "unknown";

/**
 * Where an entity of a message stands (RFC 2045 §2.4): the message, a part of a multipart, or the message in a message/rfc822.
 * Offsets are octets of the content.
 */
export type PartPlace = {
  /** The first octet of its header. */
  readonly start: number;
  /** After the blank line that ends its header. */
  readonly bodyStart: number;
  /** After its last octet; the line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). */
  readonly end: number;
  readonly holds: "octets" | "parts" | "message";
  readonly encoding: Encoding;
  /** Its header has UTF-8 in it, or says that what it holds may (RFC 6532). */
  readonly isUtf8: boolean;
  /** Of a multipart: its parts, at least one. Of a message/rfc822: the one message in it. */
  readonly parts: readonly PartPlace[];
};

export type Part = Omit<PartPlace, "parts"> & {
  readonly header: PartHeader;
  /** Lines of the body, one that does not end included; counted in text and in message/rfc822, otherwise 0. */
  readonly lines: number;
  /** It was not looked into, because of a bound or because its encoding forbids it: whatever it says, it is octets. */
  readonly isOpaque: boolean;
  readonly parts: readonly Part[];
};
