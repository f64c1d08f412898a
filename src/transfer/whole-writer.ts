import { type FileHandle, open, rename, unlink } from "node:fs/promises";

/** A file that has its name only when all of it is written and synced. */
export class WholeWriter {
  readonly #making: string;
  readonly #handle: FileHandle;

  private constructor(making: string, handle: FileHandle) {
    this.#making = making;
    this.#handle = handle;
  }

  static async create(making: string): Promise<WholeWriter> {
    return new WholeWriter(making, await open(making, "w", 0o600));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#handle.write(bytes);
  }

  /** `at`: the file's time, milliseconds since 1970; null: now. */
  async finish(path: string, at: number | null): Promise<void> {
    await this.#handle.sync();
    if (at !== null) await this.#handle.utimes(at / 1000, at / 1000);
    await this.#handle.close();
    await rename(this.#making, path);
  }

  async abandon(): Promise<void> {
    await this.#handle.close();
    await unlink(this.#making).catch(() => {});
  }
}
