import { StructureReader } from "./structure-reader.ts";
import type { Part } from "./structure.ts";

/** Octets from one up to another. */
export type Range = { readonly from: number; readonly to: number };

/** A message that can be read in pieces. */
export type Source = {
  readonly size: number;
  /** When they are few. */
  readonly bytes?: Uint8Array | null;
  stream(range: Range): AsyncIterable<Uint8Array>;
};

/** Octets that are few. */
export async function readOctets(source: Source, range: Range): Promise<Buffer> {
  const { bytes = null } = source;
  if (bytes !== null) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(range.from, range.to);
  const pieces: Uint8Array[] = [];
  for await (const piece of source.stream(range)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function readStructure(source: Source): Promise<Part> {
  const reader = new StructureReader();
  const { bytes = null } = source;
  if (bytes !== null) reader.push(bytes);
  else for await (const piece of source.stream({ from: 0, to: source.size })) reader.push(piece);
  return reader.finish();
}
