import { isAscii } from "node:buffer";
import { previewOf } from "../../message/preview.ts";
import { readStructure } from "../../message/source.ts";
import type { PartPlace } from "../../message/structure.ts";
import { digestOf } from "../digest.ts";
import type { MessageContent, MessageRow } from "../mail.ts";
import { placesOf, surrogateContent } from "../surrogate-content.ts";

/** A message as the client sees it, with what it takes to answer for its parts. */
export class FetchedMessage {
  readonly row: MessageRow;
  readonly content: MessageContent;
  #places: PartPlace | null;

  private constructor(row: MessageRow, content: MessageContent, places: PartPlace | null) {
    this.row = row;
    this.content = content;
    this.#places = places;
  }

  /**
   * `needsSurrogate`: the client knows nothing of UTF-8 in headers. What it gets then is made anew from the message, structure and
   * all (RFC 6858). `needsDigest`: the row is to have envelope and structure.
   */
  static async of(
    row: MessageRow,
    stored: MessageContent,
    { needsSurrogate, needsDigest }: { readonly needsSurrogate: boolean; readonly needsDigest: boolean },
  ): Promise<FetchedMessage> {
    const content = putTogether(stored);
    const surrogate = needsSurrogate ? await surrogateContent(content, row.parts) : null;
    if (surrogate !== null) {
      const structure = await readStructure(surrogate);
      return new FetchedMessage({ ...row, ...digestOf(structure) }, surrogate, structure);
    }
    if (!needsDigest || (row.envelope !== null && row.structure !== null))
      return new FetchedMessage(row, content, null);
    const structure = await readStructure(content);
    return new FetchedMessage({ ...row, ...digestOf(structure) }, content, structure);
  }

  async places(): Promise<PartPlace> {
    return (this.#places ??= await placesOf(this.content, this.row.parts));
  }

  async preview(): Promise<string> {
    return this.row.preview ?? previewOf(this.content, await readStructure(this.content));
  }
}

/** Whether what was read of a row is for clients, too, that know nothing of UTF-8 in headers. */
export function suitsEveryClient({ envelope, structure, parts }: MessageRow): boolean {
  if (envelope !== null && !isAscii(envelope)) return false;
  return structure === null || (parts !== null && !/[A-Z]/.test(parts));
}

/** With octets that are put together once, however often they are looked at. */
function putTogether(stored: MessageContent): MessageContent {
  const { bytes } = stored;
  return bytes === null ? stored : { size: bytes.length, bytes, stream: (range) => stored.stream(range) };
}
