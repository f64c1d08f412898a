import type { MessageContent } from "../imap/mail.ts";
import type { ContentSource } from "../queue/entry.ts";
import type { Contents } from "../store/content.ts";
import type { Row } from "../store/store.ts";

/** What a message is made of: the fields that delivery put on top, and the content that it may share with others. */
export class StoredMessage implements MessageContent {
  readonly size: number;
  readonly #prefix: Buffer;
  readonly #source: ContentSource;

  constructor(prefix: string, source: ContentSource) {
    this.#prefix = Buffer.from(prefix);
    this.#source = source;
    this.size = this.#prefix.length + source.size;
  }

  /** Put together when asked for. */
  get bytes(): Buffer | null {
    const { bytes } = this.#source;
    if (bytes === null) return null;
    if (this.#prefix.length === 0) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return Buffer.concat([this.#prefix, bytes], this.size);
  }

  async *stream({ from, to }: { readonly from: number; readonly to: number }): AsyncGenerator<Uint8Array> {
    const prefix = this.#prefix.length;
    const end = Math.min(to, this.size);
    if (from < prefix && from < end) yield this.#prefix.subarray(from, Math.min(prefix, end));
    const begin = Math.max(from, prefix);
    if (begin < end) yield* this.#source.stream({ from: begin - prefix, to: end - prefix });
  }
}

/** Of a row with `prefix`, `content_size`, `inline` and `file`; null when the row of the content is missing (a damaged store). */
export function contentOf(row: Row, contents: Pick<Contents, "open">): StoredMessage | null {
  const size = row["content_size"] ?? null;
  if (size === null) return null;
  const inline = row["inline"];
  const file = row["file"] ?? null;
  const source = contents.open({
    size: Number(size),
    inline: inline instanceof Uint8Array ? inline : null,
    file: file === null ? null : String(file),
  });
  return new StoredMessage(String(row["prefix"] ?? ""), source);
}
