import type { OctetText } from "./fields.ts";
import { parameterOf } from "./media-type.ts";
import { type PartHeader, plainText, readPartHeader, rfc822 } from "./part-header.ts";
import type { Encoding, Part } from "./structure.ts";

const longestBoundary = 250;
const silent = readPartHeader("", plainText);

/** A part while its octets come (`structure-reader.ts`). */
export class GrowingPart implements Part {
  readonly start: number;
  /** How many entities it is inside of. */
  readonly depth: number;
  bodyStart: number;
  end: number;
  lines = 0;
  holds: Part["holds"] = "octets";
  encoding: Encoding = "identity";
  isUtf8 = false;
  isOpaque = false;
  header: PartHeader = silent;
  readonly parts: GrowingPart[] = [];
  /** Of a multipart that has one; "" else. */
  boundary = "";
  /** The open multipart around it that has the same boundary. */
  shadowed: GrowingPart | null = null;

  constructor(start: number, depth: number) {
    this.start = this.bodyStart = this.end = start;
    this.depth = depth;
  }

  get countsLines(): boolean {
    return (
      this.holds === "message" || (this.holds === "octets" && !this.isOpaque && this.header.mediaType.type === "text")
    );
  }

  readHeader(text: OctetText, parent: GrowingPart | null): void {
    const isInDigest = parent?.holds === "parts" && parent.header.mediaType.subtype === "digest";
    this.header = readPartHeader(text, isInDigest ? rfc822 : plainText);
    const { type, subtype, parameters } = this.header.mediaType;
    this.encoding = encodings.get(this.header.encoding) ?? "unknown";
    if (type === "multipart") {
      // RFC 2045 §6.4 allows it no encoding; those who label one have not encoded it.
      this.encoding = "identity";
      this.holds = "parts";
      // Blanks at the end of a boundary cannot be told from padding (RFC 2046 §5.1.1).
      const boundary = parameterOf(parameters, "boundary")?.trimEnd() ?? "";
      if (boundary.length <= longestBoundary) this.boundary = boundary;
    } else if (type === "message" && (subtype === "rfc822" || subtype === "global")) {
      if (this.encoding !== "identity") {
        this.isOpaque = true;
        return;
      }
      this.holds = "message";
      // RFC 6532 §3.7: such a message is one whatever its octets.
      if (subtype === "global") this.isUtf8 = true;
    }
  }

  /** It is not looked into. */
  closeUp(): void {
    this.holds = "octets";
    this.boundary = "";
    this.isOpaque = true;
  }

  /** A multipart has at least one part: without any it is shown with an empty text. */
  addEmptyPart(): void {
    this.parts.push(new GrowingPart(this.bodyStart, this.depth + 1));
  }
}

const encodings: ReadonlyMap<string, Encoding> = new Map([
  ["7bit", "identity"],
  ["8bit", "identity"],
  ["binary", "identity"],
  ["base64", "base64"],
  ["quoted-printable", "quoted-printable"],
]);
