import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Octets that may wait for the disk before the writer counts as full. */
const highWater = 256 * 1024;

/** One content as a file below `root`: written in order, synced with its folder before anybody names it. */
export class ContentFile {
  readonly #path: string;
  #work: Promise<FileHandle>;
  #waiting: Uint8Array[] = [];
  #waitingSize = 0;
  #isWriting = false;
  #failure: unknown = null;

  constructor(root: string, name: string) {
    this.#path = join(root, name);
    this.#work = openNew(this.#path);
    // Whoever waits for the work hears of its failure; nobody may be waiting yet.
    this.#work.catch((error: unknown) => (this.#failure = error));
  }

  get isFull(): boolean {
    return this.#waitingSize > highWater;
  }

  write(chunk: Uint8Array): void {
    if (this.#failure !== null) return;
    this.#waiting.push(chunk);
    this.#waitingSize += chunk.length;
    if (!this.#isWriting) this.#writeWaiting();
  }

  async drained(): Promise<void> {
    while (this.isFull) await this.#work;
    await this.#work;
  }

  async finish(): Promise<void> {
    while (this.#isWriting) await this.#work;
    const file = await this.#work;
    await file.datasync();
    await file.close();
    await syncFolder(dirname(this.#path));
  }

  discard(): void {
    this.#waiting = [];
    this.#failure = new Error("discarded");
    void this.#work
      .then((file) => file.close())
      .catch(() => {})
      .then(() => unlink(this.#path))
      .catch(() => {});
  }

  #writeWaiting(): void {
    this.#isWriting = true;
    this.#work = this.#work.then(async (file) => {
      while (this.#waiting.length > 0) {
        const chunks = this.#waiting;
        const size = this.#waitingSize;
        this.#waiting = [];
        const { bytesWritten } = await file.writev(chunks);
        if (bytesWritten !== size) throw new Error(`${bytesWritten} of ${size} octets were written to ${this.#path}`);
        this.#waitingSize -= size;
      }
      this.#isWriting = false;
      return file;
    });
    this.#work.catch((error: unknown) => {
      this.#failure = error;
      this.#isWriting = false;
      this.#waitingSize = 0;
      this.#waiting = [];
    });
  }
}

async function openNew(path: string): Promise<FileHandle> {
  const folder = dirname(path);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  // A new folder is safe only when its parent is synced too.
  if (made !== undefined) await syncFolder(dirname(folder));
  return open(path, "wx", 0o600);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
