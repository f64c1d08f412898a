import { type ContentType, parseContentType, parseEncoding } from "./content-type.ts";
import { type HeaderField, readHeader, valueOf } from "./header.ts";

/** A message or one of its parts (RFC 2045 §2.4), as it is known when its header has been read. */
export type Entity = {
  /** In the order of their headers; 0 is the message. */
  readonly index: number;
  /** With its blank line, unless a delimiter or the end came first. */
  readonly header: Buffer;
  readonly fields: readonly HeaderField[];
  /** The message, or what a message/rfc822 holds: not a part of a multipart. */
  readonly isMessage: boolean;
  /** What it says, or what its place makes it when it says nothing (RFC 2046 §5.1.5). */
  readonly contentType: ContentType;
  /** Content-Transfer-Encoding in lower case; "7bit" when absent. */
  readonly encoding: string;
  /** What follows the header. What is encoded is not looked into. */
  readonly holds: "octets" | "parts" | "message";
  /** A multipart/signed or multipart/encrypted, or inside one (RFC 1847 §2.1): not an octet may be changed. */
  readonly isSealed: boolean;
  /** Why readers may not agree on what this is; `null`: they do. */
  readonly oddity: string | null;
};

/** Takes a message apart piece by piece; the pieces joined are the message. */
export interface MimeReader {
  entity(entity: Entity): void;
  /** Octets of the entity that came last, which holds octets. */
  octets(piece: Buffer): void;
  /** Its octets are over; called for each entity that holds octets. */
  endOfOctets(): void;
  /** Delimiters with the line end before them, and the text before and behind the parts that nobody shows (RFC 2046 §5.1.1). */
  between(piece: Buffer): void;
}

type Multipart = {
  readonly entity: Entity;
  readonly depth: number;
  /** "--" and the boundary. */
  readonly delimiter: string;
  isClosed: boolean;
};

/** Of what is still inside one that it began in; `null` is the outside of the message. */
type Parent = { readonly entity: Entity; readonly depth: number } | null;

const deepest = 100;
const mostEntities = 10_000;
const longestHeader = 256 * 1024;
const longestBoundary = 250;
/** A delimiter may be followed by blanks; a line longer than this is none. */
const longestDelimiterLine = 1_000;

const crlf = Buffer.from("\r\n");
const crlfDashes = Buffer.from("\r\n--");
const nothing: Buffer = Buffer.alloc(0);
const plainText: ContentType = { type: "text", subtype: "plain", parameters: new Map() };
const rfc822: ContentType = { type: "message", subtype: "rfc822", parameters: new Map() };

/**
 * The structure of a message (RFC 2046 §5.1), found while its octets come in any cut. Lines end with CRLF, as everything here
 * does that came by SMTP. Memory is bounded by one header and the open parts.
 */
export class MimeWalker {
  readonly #reader: MimeReader;
  readonly #open: Multipart[] = [];
  #place: "header" | "octets" | "between" = "header";
  #parent: Parent = null;
  #entities = 0;
  /** Pieces of the header under way. */
  #header: Buffer[] = [];
  #headerSize = 0;
  /** What cannot be judged before more comes. */
  #held: Buffer = nothing;
  /** The next octet stands at a line's start, with no line end before it that could belong to a delimiter. */
  #isLineStart = true;
  #excess: string | null = null;

  constructor(reader: MimeReader) {
    this.#reader = reader;
  }

  /** The message goes beyond what is looked at here: nothing of it is read any more. */
  get excess(): string | null {
    return this.#excess;
  }

  push(chunk: Uint8Array): void {
    if (this.#excess !== null || chunk.length === 0) return;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#read(this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]), false);
  }

  finish(): void {
    if (this.#excess !== null) return;
    this.#read(this.#held, true);
    this.#endEarly();
  }

  #read(bytes: Buffer, isEnd: boolean): void {
    let at = 0;
    while (at < bytes.length && this.#excess === null) {
      const next = this.#place === "header" ? this.#readLine(bytes, at, isEnd) : this.#readBody(bytes, at, isEnd);
      if (next === at) break;
      at = next;
    }
    this.#held = at < bytes.length ? Buffer.from(bytes.subarray(at)) : nothing;
  }

  /** One line of a header. Returns where the next begins; the same place when more has to come. */
  #readLine(bytes: Buffer, at: number, isEnd: boolean): number {
    const lineEnd = bytes.indexOf(crlf, at);
    if (lineEnd < 0 && !isEnd) {
      if (bytes.length - at > longestHeader) this.#excess = "a header is too long";
      return at;
    }
    const end = lineEnd < 0 ? bytes.length : lineEnd + 2;
    const line = bytes.subarray(at, end);
    const delimiter = this.#delimiterIn(line);
    if (delimiter !== null) {
      this.#endEarly();
      this.#pass(delimiter, line);
      return end;
    }
    this.#header.push(line);
    this.#headerSize += line.length;
    if (this.#headerSize > longestHeader) this.#excess = "a header is too long";
    else if (lineEnd === at) this.#endHeader();
    return end;
  }

  #endHeader(): void {
    const header = Buffer.concat(this.#header);
    this.#header = [];
    this.#headerSize = 0;
    const parent = this.#parent;
    const depth = parent === null ? 0 : parent.depth + 1;
    if (++this.#entities > mostEntities) this.#excess = "there are too many parts";
    else if (depth > deepest) this.#excess = "the parts are too deep inside one another";
    if (this.#excess !== null) return;
    const entity = readEntity(header, { index: this.#entities - 1, parent: parent?.entity ?? null });
    this.#reader.entity(entity);
    this.#isLineStart = true;
    this.#place = placeAfter[entity.holds];
    if (entity.holds === "message") this.#parent = { entity, depth };
    else if (entity.holds === "parts")
      this.#open.push({ entity, depth, delimiter: `--${boundaryOf(entity.contentType)}`, isClosed: false });
  }

  /** A delimiter or the end came before the blank line: entities without a body, one for each message held by another. */
  #endEarly(): void {
    while (this.#place === "header" && this.#excess === null) this.#endHeader();
    if (this.#place === "octets" && this.#excess === null) this.#reader.endOfOctets();
  }

  /** Octets up to the next delimiter, or as far as can be judged. */
  #readBody(bytes: Buffer, from: number, isEnd: boolean): number {
    for (let line = this.#firstCandidate(bytes, from); line !== null; line = candidateFrom(bytes, line.start)) {
      const end = bytes.indexOf(crlf, line.start);
      if (end < 0 && !isEnd) {
        if (mayBecomeDelimiter(bytes, line.start)) return this.#give(bytes, from, line.lineEnd);
        continue;
      }
      const behind = end < 0 ? bytes.length : end + 2;
      const delimiter = this.#delimiterIn(bytes.subarray(line.start, behind));
      if (delimiter === null) continue;
      this.#give(bytes, from, line.lineEnd);
      if (this.#place === "octets") this.#reader.endOfOctets();
      this.#pass(delimiter, bytes.subarray(line.lineEnd, behind));
      return behind;
    }
    return this.#give(bytes, from, isEnd ? bytes.length : safeEnd(bytes, from));
  }

  #firstCandidate(bytes: Buffer, from: number): Candidate | null {
    return this.#isLineStart ? { lineEnd: from, start: from } : candidateFrom(bytes, from);
  }

  #give(bytes: Buffer, from: number, to: number): number {
    if (to > from) {
      const piece = bytes.subarray(from, to);
      if (this.#place === "octets") this.#reader.octets(piece);
      else this.#reader.between(piece);
      this.#isLineStart = false;
    }
    return to;
  }

  /** The innermost open multipart that the line delimits. */
  #delimiterIn(line: Buffer): { readonly index: number; readonly isClosing: boolean } | null {
    if (line[0] !== 0x2d || line[1] !== 0x2d || line.length > longestDelimiterLine) return null;
    const text = line.toString("latin1").replace(/[ \t\r\n]+$/, "");
    for (let index = this.#open.length - 1; index >= 0; index--) {
      const { delimiter, isClosed } = this.#open[index]!;
      if (isClosed || !text.startsWith(delimiter)) continue;
      if (text.length === delimiter.length) return { index, isClosing: false };
      if (text.length === delimiter.length + 2 && text.endsWith("--")) return { index, isClosing: true };
    }
    return null;
  }

  #pass({ index, isClosing }: { readonly index: number; readonly isClosing: boolean }, delimiter: Buffer): void {
    this.#open.length = index + 1;
    const multipart = this.#open[index]!;
    multipart.isClosed = isClosing;
    this.#reader.between(delimiter);
    this.#parent = multipart;
    this.#place = isClosing ? "between" : "header";
    this.#isLineStart = true;
  }
}

const placeAfter = { octets: "octets", parts: "between", message: "header" } as const satisfies Record<
  Entity["holds"],
  string
>;

/** A line that may be a delimiter; `lineEnd`: where the line end before it stands, which belongs to it. */
type Candidate = { readonly lineEnd: number; readonly start: number };

function candidateFrom(bytes: Buffer, from: number): Candidate | null {
  const lineEnd = bytes.indexOf(crlfDashes, from);
  return lineEnd < 0 ? null : { lineEnd, start: lineEnd + 2 };
}

function mayBecomeDelimiter(bytes: Buffer, start: number): boolean {
  const isDash = (at: number) => at >= bytes.length || bytes[at] === 0x2d;
  return isDash(start) && isDash(start + 1) && bytes.length - start <= longestDelimiterLine;
}

/** What follows may begin a delimiter: its line end, and a first dash, stay behind. */
function safeEnd(bytes: Buffer, from: number): number {
  for (let length = Math.min(3, bytes.length - from); length > 0; length--) {
    if (bytes.subarray(-length).equals(crlfDashes.subarray(0, length))) return bytes.length - length;
  }
  return bytes.length;
}

function readEntity(
  header: Buffer,
  { index, parent }: { readonly index: number; readonly parent: Entity | null },
): Entity {
  const fields = readHeader(header);
  const isMessage = parent === null || parent.holds === "message";
  const usual = !isMessage && parent.contentType.subtype === "digest" ? rfc822 : plainText;
  const [typeField, ...moreTypes] = fields.filter(({ name }) => name === "content-type");
  const [encodingField, ...moreEncodings] = fields.filter(({ name }) => name === "content-transfer-encoding");
  const said = typeField === undefined ? usual : parseContentType(valueOf(header, typeField));
  const encoding = encodingField === undefined ? "7bit" : parseEncoding(valueOf(header, encodingField));
  const contentType = said ?? plainText;
  const isSeal =
    contentType.type === "multipart" && (contentType.subtype === "signed" || contentType.subtype === "encrypted");
  const holds = encoding !== null && isIdentity(encoding) ? holdingOf(contentType) : "octets";
  const rest = header.length - (fields.at(-1)?.end ?? 0);
  return {
    index,
    header,
    fields,
    isMessage,
    contentType,
    encoding: encoding ?? "",
    holds,
    isSealed: isSeal || parent?.isSealed === true,
    oddity:
      said === null || moreTypes.length > 0
        ? "a Content-Type field that cannot be read for sure"
        : encoding === null || moreEncodings.length > 0
          ? "a Content-Transfer-Encoding field that cannot be read for sure"
          : rest > 2
            ? "a line in a header that is no field"
            : contentType.type === "multipart" && holds === "octets"
              ? "a multipart that cannot be taken apart"
              : null,
  };
}

/** Encodings that leave the octets as they are (RFC 2045 §6.2). */
export function isIdentity(encoding: string): boolean {
  return encoding === "7bit" || encoding === "8bit" || encoding === "binary";
}

function holdingOf(contentType: ContentType): Entity["holds"] {
  if (contentType.type === "multipart") return boundaryOf(contentType) === null ? "octets" : "parts";
  return contentType.type === "message" && contentType.subtype === "rfc822" ? "message" : "octets";
}

/** Blanks at the end of a boundary cannot be told from padding (RFC 2046 §5.1.1). */
function boundaryOf({ parameters }: ContentType): string | null {
  const boundary = parameters.get("boundary")?.trimEnd() ?? "";
  return boundary === "" || boundary.length > longestBoundary ? null : boundary;
}
