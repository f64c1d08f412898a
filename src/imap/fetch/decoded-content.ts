import { readOctets } from "../../message/source.ts";
import type { Encoding, PartPlace } from "../../message/structure.ts";
import { decodeBody, decoderOf } from "../../message/transfer-decoding.ts";
import type { MessageContent } from "../mail.ts";

/** Bodies up to this size are decoded in memory; larger ones are read once to be counted and again to be sent. */
const inMemory = 1024 * 1024;

/** A body with its content-transfer-encoding undone (RFC 3516). */
export type DecodedBody = MessageContent & {
  /** Whether a plain literal could not hold it; true also where nobody looked. */
  readonly mayHaveNul: boolean;
};

/** null: nobody here can undo its encoding. */
export async function decodedBody(
  content: MessageContent,
  { bodyStart: from, end: to, encoding }: Pick<PartPlace, "bodyStart" | "end" | "encoding">,
): Promise<DecodedBody | null> {
  if (encoding === "unknown") return null;
  if (to - from <= inMemory) {
    const bytes = decodeBody(await readOctets(content, { from, to }), encoding);
    return { size: bytes.length, bytes, mayHaveNul: bytes.includes(0), stream: ofBytes(bytes) };
  }
  const decoded = () => decode(content.stream({ from, to }), encoding);
  let size = to - from;
  if (encoding !== "identity") {
    size = 0;
    for await (const piece of decoded()) size += piece.length;
  }
  return { size, bytes: null, mayHaveNul: true, stream: (range) => within(decoded(), range) };
}

function ofBytes(bytes: Buffer): MessageContent["stream"] {
  return async function* stream({ from, to }) {
    yield bytes.subarray(from, to);
  };
}

async function* decode(source: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<Uint8Array> {
  const decoder = decoderOf(encoding);
  if (decoder === null) throw new Error("a body that cannot be decoded");
  for await (const piece of source) yield decoder.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  yield decoder.finish();
}

/** Of all octets those of a range. */
async function* within(
  source: AsyncIterable<Uint8Array>,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of source) {
    const wanted = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += piece.length;
    if (wanted.length > 0) yield wanted;
    if (at >= to) return;
  }
}
