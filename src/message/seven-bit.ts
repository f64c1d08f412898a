import { isAscii } from "node:buffer";
import { type Entity, isIdentity, type MimeReader, MimeWalker } from "./mime-walker.ts";
import { Base64Encoder, QuotedPrintableEncoder, type TransferEncoder } from "./transfer-encoding.ts";

/**
 * What a message needs of its way, and whether it can do without. Found in a first reading: the encoding of a part stands in front of
 * its octets.
 */
export type EightBitSurvey = {
  /** Octets beyond ASCII in a header, of the message or of a part of it: an internationalised message (RFC 6532). */
  readonly inHeader: boolean;
  /** … or anywhere. */
  readonly anywhere: boolean;
  /** Why it cannot be converted to 7 bit; `null`: it can. */
  readonly obstacle: string | null;
  /** The entities (`Entity.index`) whose octets have to be encoded. */
  readonly toEncode: ReadonlySet<number>;
};

/** Reads all of it, keeping nothing. `nulToo`: NUL cannot stay either (RFC 3516: it came in a literal8). */
export async function surveyEightBit(
  content: AsyncIterable<Uint8Array>,
  { nulToo = false }: { readonly nulToo?: boolean } = {},
): Promise<EightBitSurvey> {
  const surveyor = new Surveyor(nulToo);
  const walker = new MimeWalker(surveyor);
  for await (const chunk of content) {
    // Beyond what the walker looks at there is only one thing to know.
    if (walker.excess !== null && !isAscii(chunk)) surveyor.anywhere = true;
    walker.push(chunk);
  }
  walker.finish();
  return surveyor.result(walker.excess);
}

/**
 * The content in 7 bit (RFC 6152 §3, RFC 2045 §6): 8-bit text becomes quoted-printable and anything else base64, labels are set right, all
 * other octets stay. The survey is that of the same content, without an obstacle.
 *
 * A DKIM signature over the body does not survive this; it does not forbid it either: RFC 6376 §5.3 has signers convert first,
 * and the other choice is not to deliver.
 */
export async function* toSevenBit(
  content: AsyncIterable<Uint8Array>,
  { toEncode }: Pick<EightBitSurvey, "toEncode">,
): AsyncGenerator<Buffer> {
  const converter = new Converter(toEncode);
  const walker = new MimeWalker(converter);
  for await (const chunk of content) {
    walker.push(chunk);
    yield* converter.take();
  }
  walker.finish();
  yield* converter.take();
}

class Surveyor implements MimeReader {
  inHeader = false;
  anywhere = false;
  #obstacle: string | null = null;
  readonly #toEncode = new Set<number>();
  readonly #nulToo: boolean;
  #entity: Entity | null = null;

  constructor(nulToo: boolean) {
    this.#nulToo = nulToo;
  }

  entity(entity: Entity): void {
    this.#entity = entity;
    if (entity.oddity !== null) this.#hinder(`there is ${entity.oddity}`);
    if (isAscii(entity.header)) return;
    this.inHeader = this.anywhere = true;
    this.#hinder("there are 8-bit octets in a header");
  }

  octets(piece: Buffer): void {
    const entity = this.#entity;
    if (entity === null || this.#toEncode.has(entity.index) || this.#isHarmless(piece)) return;
    this.anywhere = true;
    const obstacle = obstacleTo(entity);
    if (obstacle !== null) this.#hinder(obstacle);
    this.#toEncode.add(entity.index);
  }

  endOfOctets(): void {}

  between(piece: Buffer): void {
    if (this.#isHarmless(piece)) return;
    this.anywhere = true;
    this.#hinder("there are 8-bit octets between its parts");
  }

  result(excess: string | null): EightBitSurvey {
    const { inHeader, anywhere } = this;
    return { inHeader, anywhere, obstacle: excess ?? this.#obstacle, toEncode: this.#toEncode };
  }

  #isHarmless(piece: Buffer): boolean {
    return isAscii(piece) && !(this.#nulToo && piece.includes(0));
  }

  /** The first one is told. */
  #hinder(obstacle: string): void {
    this.#obstacle ??= obstacle;
  }
}

/** Why the octets of an entity may not be encoded. */
function obstacleTo({ contentType: { type, subtype }, encoding, isSealed }: Entity): string | null {
  if (isSealed) return "a part of it is signed or encrypted, so that it must not be changed";
  if (!isIdentity(encoding)) return "a part holds 8-bit octets against its own encoding";
  // RFC 2046 §5.2: of these only the forms of RFC 6532 and RFC 6533 may be encoded.
  if (type === "multipart" || (type === "message" && !subtype.startsWith("global")))
    return `a part is ${type}/${subtype}, which must not be encoded`;
  return null;
}

class Converter implements MimeReader {
  readonly #toEncode: ReadonlySet<number>;
  #out: Buffer[] = [];
  #encoder: TransferEncoder | null = null;

  constructor(toEncode: ReadonlySet<number>) {
    this.#toEncode = toEncode;
  }

  take(): readonly Buffer[] {
    const out = this.#out.filter(({ length }) => length > 0);
    this.#out = [];
    return out;
  }

  entity(entity: Entity): void {
    const isEncoded = this.#toEncode.has(entity.index);
    const isText = entity.contentType.type === "text" || entity.contentType.type === "message";
    this.#encoder = !isEncoded ? null : isText ? new QuotedPrintableEncoder() : new Base64Encoder();
    const encoding = !isEncoded ? "7bit" : isText ? "quoted-printable" : "base64";
    this.#out.push(...headerWith(encoding, entity));
  }

  octets(piece: Buffer): void {
    this.#out.push(this.#encoder?.push(piece) ?? piece);
  }

  endOfOctets(): void {
    if (this.#encoder !== null) this.#out.push(this.#encoder.finish());
    this.#encoder = null;
  }

  between(piece: Buffer): void {
    this.#out.push(piece);
  }
}

/** The header with its label set right. One that says "quoted-printable", "base64" or nothing where nothing is encoded stays. */
function headerWith(encoding: "7bit" | "quoted-printable" | "base64", entity: Entity): Buffer[] {
  const { header, fields, isSealed } = entity;
  if (isSealed) return [header];
  const label = fields.find(({ name }) => name === "content-transfer-encoding");
  if (encoding === "7bit" && (label === undefined || entity.encoding === "7bit" || !isIdentity(entity.encoding)))
    return [header];
  const before = encoding === "7bit" ? "" : newFields(entity);
  const added = Buffer.from(`${before}Content-Transfer-Encoding: ${encoding}\r\n`, "latin1");
  const at = label?.start ?? fields.at(-1)?.end ?? 0;
  return [header.subarray(0, at), added, header.subarray(label?.end ?? at)];
}

/** A message that is encoded is a MIME message from then on (RFC 2045 §4); what its octets mean, nobody said (RFC 1428 §3). */
function newFields({ isMessage, fields }: Entity): string {
  if (!isMessage) return "";
  const has = (wanted: string) => fields.some(({ name }) => name === wanted);
  const version = has("mime-version") ? "" : "MIME-Version: 1.0\r\n";
  return version + (has("content-type") ? "" : "Content-Type: text/plain; charset=unknown-8bit\r\n");
}
