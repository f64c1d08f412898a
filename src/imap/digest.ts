import { encodeParts } from "../message/parts.ts";
import type { Part } from "../message/structure.ts";
import { formatBodyStructure } from "./body-structure.ts";
import { formatEnvelope } from "./envelope.ts";

/** What is kept of a message's structure, so that it is not parsed again. */
export type Digest = {
  /** ENVELOPE and BODYSTRUCTURE as they are sent. */
  readonly envelope: Buffer;
  readonly structure: Buffer;
  /** Where its parts are (`message/parts.ts`). */
  readonly parts: string;
};

/** Of what `StructureReader.finish` returned. */
export function digestOf(message: Part): Digest {
  return {
    envelope: Buffer.from(formatEnvelope(message.header.envelope), "latin1"),
    structure: Buffer.from(formatBodyStructure(message), "latin1"),
    parts: encodeParts(message),
  };
}
