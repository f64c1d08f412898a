import { encodeParts } from "../message/parts.ts";
import { previewOf } from "../message/preview.ts";
import { readStructure } from "../message/source.ts";
import type { Part } from "../message/structure.ts";
import { formatBodyStructure } from "./body-structure.ts";
import { formatEnvelope } from "./envelope.ts";
import type { MessageContent } from "./mail.ts";

/** What is kept of a message's structure, so that it is not parsed again. */
export type Digest = {
  /** ENVELOPE and BODYSTRUCTURE as they are sent. */
  readonly envelope: Buffer;
  readonly structure: Buffer;
  /** Where its parts are (`message/parts.ts`). */
  readonly parts: string;
};

/** Of what `StructureReader.finish` returned, as soon as the last octet has come. */
export function digestOf(message: Part): Digest {
  return {
    envelope: Buffer.from(formatEnvelope(message.header.envelope), "latin1"),
    structure: Buffer.from(formatBodyStructure(message), "latin1"),
    parts: encodeParts(message),
  };
}

/** The same of a content that is there, and its preview: for one that was kept without. */
export async function readDigest(
  content: Pick<MessageContent, "size" | "bytes" | "stream">,
): Promise<Digest & { readonly preview: string }> {
  const message = await readStructure(content);
  return { ...digestOf(message), preview: await previewOf(content, message) };
}
