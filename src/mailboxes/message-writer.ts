import type { MessageContent, MessageWriter, WrittenMessage } from "../imap/mail.ts";
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
  const ends = new LineEnds();
  const structure = new StructureReader();
  return {
    write(chunk) {
      ends.add(chunk);
      structure.push(chunk);
      writer.write(chunk);
    },
    get isFull() {
      return writer.isFull;
    },
    drained: () => writer.drained(),
    async finish() {
      const content = await writer.finish();
      const found = { textExtra: ends.missing, structure: structureRead(content.id, structure) };
      return new UnsavedMessage(content, found, writer);
    },
    discard: () => writer.discard(),
  };
}

const LF = 10;
const CR = 13;

/** Counts the octets that are missing for every line to end with CRLF. */
class LineEnds {
  #loneFeeds = 0;
  #last = LF;

  add(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      if ((at === 0 ? this.#last : chunk[at - 1]) !== CR) this.#loneFeeds++;
    }
    this.#last = chunk.at(-1) ?? this.#last;
  }

  get missing(): number {
    if (this.#last === LF) return this.#loneFeeds;
    // A CR at the end lacks its LF only.
    return this.#loneFeeds + (this.#last === CR ? 1 : 2);
  }
}
