import type { MessageContent, MessageWriter, WrittenMessage } from "../imap/mail.ts";
import { TextLines } from "../message/line-ends.ts";
import { StructureReader } from "../message/structure-reader.ts";
import type { Contents, ContentWriter, StoredContent } from "../store/content.ts";
import type { Statement } from "../store/store.ts";
import { StoredMessage } from "./message-content.ts";
import { structureRead } from "./structures.ts";

/** A content that is written and in no mailbox yet. */
export class UnsavedMessage extends StoredMessage implements WrittenMessage, MessageContent {
  readonly content: StoredContent;
  /** Octets more when every line ends with CRLF, the last one too. */
  readonly textExtra: number;
  readonly #writer: ContentWriter;
  #isKept = false;

  /** What is committed with it: the content, and its structure. */
  readonly inserts: readonly Statement[];

  constructor(
    content: StoredContent,
    found: { readonly textExtra: number; readonly structure: Statement },
    writer: ContentWriter,
  ) {
    super("", content.source);
    this.content = content;
    this.textExtra = found.textExtra;
    this.inserts = [content.insert, found.structure];
    this.#writer = writer;
  }

  /** A mailbox has it: nobody may take it away any more. */
  keep(): void {
    this.#isKept = true;
  }

  discard(): void {
    if (!this.#isKept) this.#writer.discard();
  }
}

export function writeMessage(contents: Pick<Contents, "create">): MessageWriter {
  const writer = contents.create();
  const lines = new TextLines();
  const structure = new StructureReader();
  return {
    write(chunk) {
      lines.push(chunk);
      structure.push(chunk);
      writer.write(chunk);
    },
    get isFull() {
      return writer.isFull;
    },
    drained: () => writer.drained(),
    async finish() {
      const content = await writer.finish();
      const found = { textExtra: lines.size - content.size, structure: structureRead(content.id, structure) };
      return new UnsavedMessage(content, found, writer);
    },
    discard: () => writer.discard(),
  };
}
