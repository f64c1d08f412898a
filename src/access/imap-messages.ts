import type { Mail, MessageWriter, WrittenMessage } from "../imap/mail.ts";

/**
 * Messages of the command that is being read (APPEND, REPLACE, CATENATE): they go to the store while they come, so that a large one never
 * stands in memory. What was written belongs to the command's handler once that has it; until then it is forgotten here.
 */
export class IncomingMessages {
  #writer: MessageWriter | null = null;
  #written: WrittenMessage[] = [];

  begin(mail: Mail): void {
    this.#writer = mail.write();
  }

  /** null: read on; else it resolves when so many octets have gone to the disk that more may come. */
  write(octets: Buffer): Promise<void> | null {
    if (this.#writer === null) throw new Error("octets of no message");
    // A copy, because the rest of the socket's chunk must not live as long as the message.
    if (octets.length > 0) this.#writer.write(Buffer.from(octets));
    return this.#writer.isFull ? this.#writer.drained() : null;
  }

  async finish(): Promise<WrittenMessage> {
    const writer = this.#writer;
    if (writer === null) throw new Error("the end of no message");
    const written = await writer.finish();
    // The command was given up meanwhile.
    if (this.#writer !== writer) written.discard();
    else {
      this.#writer = null;
      this.#written.push(written);
    }
    return written;
  }

  /** A handler has them now. */
  handOver(): void {
    this.#written = [];
  }

  /** The command comes to nothing. */
  discard(): void {
    this.#writer?.discard();
    this.#writer = null;
    for (const written of this.#written) written.discard();
    this.#written = [];
  }
}
