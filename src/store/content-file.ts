import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { forgetSafeFolder, makeSafeFolderOnce, syncFolder } from "./safe-folder.ts";
import type { Memory } from "./memory.ts";
import { StoreUnavailable } from "./store.ts";

/** Octets that may wait for the disk before the writer counts as full. */
const highWater = 256 * 1024;

/** One content as a file: written in order, synced with its folder before anybody names it. */
export class ContentFile {
  readonly #path: string;
  readonly #memory: Pick<Memory, "give">;
  #handle: FileHandle | null = null;
  #waiting: Uint8Array[] = [];
  /** Octets that are not written yet, those under way included. */
  #waitingSize = 0;
  #writing: Promise<void> | null = null;
  #failure: unknown = null;

  /** `memory` has counted what is written here; it is given back once it is on its way to the disk. */
  constructor(path: string, memory: Pick<Memory, "give">) {
    this.#path = path;
    this.#memory = memory;
  }

  get isFull(): boolean {
    return this.#waitingSize > highWater;
  }

  /** After a failure nothing is kept any more: `finish` tells of it. */
  write(chunk: Uint8Array): void {
    if (this.#failure !== null) return this.#memory.give(chunk.length);
    this.#waiting.push(chunk);
    this.#waitingSize += chunk.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing waits to be written, also when the disk failed. */
  async drained(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** Rejects with `StoreUnavailable`; no part of the file is left then. */
  async finish(): Promise<void> {
    try {
      await this.drained();
      if (this.#failure !== null) throw this.#failure;
      await this.#handle?.datasync();
      await this.#close();
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await this.#remove();
      throw unavailable(error, this.#path);
    }
  }

  /** Also after `finish`: the commit that would have named the file failed. */
  discard(): void {
    this.#failure ??= new Error("discarded");
    this.#drop(sizeOf(this.#waiting));
    void this.drained().then(() => this.#remove());
  }

  async #writeAll(): Promise<void> {
    try {
      this.#handle ??= await openNew(this.#path);
      while (this.#waiting.length > 0) {
        const chunks = this.#waiting;
        const size = sizeOf(chunks);
        this.#waiting = [];
        const { bytesWritten } = await this.#handle.writev(chunks);
        // A file takes less than all only when the disk cannot hold more.
        if (bytesWritten < size) throw diskFull(`${bytesWritten} of ${size} octets could be written`);
        this.#waitingSize -= size;
        this.#memory.give(size);
      }
    } catch (error) {
      this.#failure ??= error;
      this.#drop(this.#waitingSize);
    }
    this.#writing = null;
  }

  /** Forgets what waits, and whatever was under way: `size` octets in all. */
  #drop(size: number): void {
    this.#waiting = [];
    this.#waitingSize -= size;
    this.#memory.give(size);
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** Never rejects: what is left behind, a later sweep finds. */
  async #remove(): Promise<void> {
    await this.#close().catch(() => {});
    await unlink(this.#path).catch(() => {});
  }
}

async function openNew(path: string): Promise<FileHandle> {
  const folder = dirname(path);
  await makeSafeFolderOnce(dirname(folder));
  await makeSafeFolderOnce(folder);
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    // Somebody took the folders away: this message is refused, the next one finds new ones.
    forgetSafeFolder(dirname(folder));
    forgetSafeFolder(folder);
    throw error;
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function diskFull(problem: string): Error {
  return Object.assign(new Error(problem), { code: "ENOSPC" });
}

/** Not fatal, whatever it is: only this message was to rest on this file, and it is refused. */
function unavailable(error: unknown, path: string): StoreUnavailable {
  const code = error instanceof Error && "code" in error ? error.code : null;
  const message = error instanceof Error ? error.message : String(error);
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new StoreUnavailable(`${path} cannot be written: ${message}`, { isFatal: false, isFull }, error);
}
