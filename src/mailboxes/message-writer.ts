import type { MessageContent, MessageWriter, WrittenMessage } from "../imap/mail.ts";
import type { Contents, ContentWriter, StoredContent } from "../store/content.ts";
import { StoredMessage } from "./message-content.ts";

/** A content that is written and in no mailbox yet. */
export class UnsavedMessage extends StoredMessage implements WrittenMessage, MessageContent {
  readonly content: StoredContent;
  /** Octets more when every line ends with CRLF, the last one too. */
  readonly textExtra: number;
  readonly #writer: ContentWriter;
  #isKept = false;

  constructor(content: StoredContent, textExtra: number, writer: ContentWriter) {
    super("", content.source);
    this.content = content;
    this.textExtra = textExtra;
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
  return {
    write(chunk) {
      ends.add(chunk);
      writer.write(chunk);
    },
    get isFull() {
      return writer.isFull;
    },
    drained: () => writer.drained(),
    finish: async () => new UnsavedMessage(await writer.finish(), ends.missing, writer),
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
