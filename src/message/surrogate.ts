import { downgradeHeader } from "./downgrade.ts";
import { type Range, readOctets, type Source } from "./source.ts";
import type { PartPlace } from "./structure.ts";

/** What stands in the surrogate: octets of the message, or a header that was made. */
type Segment = Range | Buffer;

const longestHeader = 256 * 1024;

/**
 * The message as a client sees it that knows nothing of UTF-8 in headers (RFC 6858, RFC 6856 §3): every header that has some is
 * replaced, all other octets stay. The same message gives the same octets each time. `message`: its places, in all of `source`; null:
 * nothing has to be replaced.
 */
export async function surrogateOf(source: Source, message: PartPlace): Promise<Source | null> {
  const segments: Segment[] = [];
  let size = 0;
  let at = 0;
  const add = (segment: Segment): void => {
    const length = Buffer.isBuffer(segment) ? segment.length : segment.to - segment.from;
    if (length > 0) segments.push(segment);
    size += length;
  };
  for (const { start, bodyStart } of withUtf8(message)) {
    const end = Math.min(bodyStart, start + longestHeader);
    add({ from: at, to: start });
    add(downgradeHeader(await readOctets(source, { from: start, to: end })));
    at = end;
  }
  if (at === 0) return null;
  add({ from: at, to: source.size });
  return { size, stream: (range) => streamSegments(source, segments, range) };
}

/** In the order of their headers. */
function* withUtf8(place: PartPlace): Generator<PartPlace> {
  if (place.isUtf8) yield place;
  for (const part of place.parts) yield* withUtf8(part);
}

async function* streamSegments(
  source: Source,
  segments: readonly Segment[],
  { from, to }: Range,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const segment of segments) {
    const length = Buffer.isBuffer(segment) ? segment.length : segment.to - segment.from;
    const first = Math.max(0, from - at);
    const last = Math.min(length, to - at);
    at += length;
    if (last <= first) continue;
    if (Buffer.isBuffer(segment)) yield segment.subarray(first, last);
    else yield* source.stream({ from: segment.from + first, to: segment.from + last });
  }
}
