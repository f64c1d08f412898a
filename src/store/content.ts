import { statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { ContentSource } from "../queue/entry.ts";
import { ContentFile } from "./content-file.ts";
import { type ContentRow, sourceOf } from "./content-source.ts";
import { type Swept, sweepContents } from "./content-sweep.ts";
import { epochOf } from "./epoch.ts";
import { type Holder, Memory } from "./memory.ts";
import type { Statement, Store } from "./store.ts";

/** Takes the bytes of one message as they arrive: few stay in memory, more go to a file. */
export interface ContentWriter {
  /** Keeps the chunk without copying it: the caller does not change it afterwards. */
  write(chunk: Uint8Array): void;
  /** More waits to be written than the memory should hold: stop reading the socket until `drained`. */
  readonly isFull: boolean;
  /** Never rejects: what went wrong shows at `finish`. */
  drained(): Promise<void>;
  readonly size: number;
  /**
   * Small contents are ready at once. For large ones file and folder are synced when it resolves; it rejects with
   * `StoreUnavailable` when the disk is full or broken, and leaves no file.
   */
  finish(): StoredContent | Promise<StoredContent>;
  /** Forgets the bytes; a file is removed. Also for what was finished and could not be committed. May be called twice. */
  discard(): void;
}

export type StoredContent = {
  readonly id: number;
  readonly size: number;
  /** To be committed in the unit that needs the content. */
  readonly insert: Statement;
  readonly source: ContentSource;
};

export interface Contents {
  create(): ContentWriter;
  /** `stream` throws `ContentDamaged` when the bytes are missing or not as many as the row says. */
  open(row: ContentRow): ContentSource;
  /** After the commit that deleted the row. What is missed here is found by the sweep of a later start. */
  remove(file: string): Promise<void>;
  /** Octets that are free for new contents; 0 when no file can be made any more. */
  freeBytes(): Promise<number>;
  /** Looks after what earlier starts left behind; once after a start, beside all other work. */
  sweep(now: number, signal?: AbortSignal): Promise<Swept>;
}

export type ContentsOptions = {
  /** The data folder. */
  readonly folder: string;
  readonly store: Pick<Store, "nextId" | "read">;
  /** Octets up to which a content is kept in the database. */
  readonly inlineLimit?: number;
  /** Counts the octets of contents that are being written; without it they may be as many as they are. */
  readonly memory?: Memory;
};

/** Octets of a content that is kept in the database, and read from it in one piece. */
export const mostInline = 64 * 1024;
/** A disk with fewer free file entries counts as full. */
const fewestEntries = 1000;

export function openContents({ folder, store, inlineLimit = mostInline, ...options }: ContentsOptions): Contents {
  const memory = options.memory ?? new Memory(Infinity);
  const root = join(folder, "content");
  const epoch = epochOf(store.nextId());
  return {
    create: () => new Writer(store.nextId(), { root, inlineLimit, memory }),
    open: (row) => sourceOf(root, row),
    remove: (file) => unlink(join(root, file)).catch(() => {}),
    async freeBytes() {
      const { bavail, bsize, files, ffree } = await statfs(folder);
      // Some file systems have no such limit and say 0.
      return files > 0 && ffree < fewestEntries ? 0 : bavail * bsize;
    },
    sweep: (now, signal) => sweepContents({ root, quarantine: join(folder, "quarantine"), store, epoch, now, signal }),
  };
}

const insertContent = "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, ?)";

/** Pieces in memory from which on they are joined: a client that sends single octets must not cost a hundred times as many. */
const manyPieces = 64;

class Writer implements ContentWriter, Holder {
  readonly #id: number;
  readonly #root: string;
  readonly #inlineLimit: number;
  readonly #memory: Memory;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #file: ContentFile | null = null;

  constructor(id: number, options: { readonly root: string; readonly inlineLimit: number; readonly memory: Memory }) {
    this.#id = id;
    this.#root = options.root;
    this.#inlineLimit = options.inlineLimit;
    this.#memory = options.memory;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#file?.isFull ?? false;
  }

  drained(): Promise<void> {
    return this.#file?.drained() ?? Promise.resolve();
  }

  write(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#size += chunk.length;
    if (this.#file !== null) this.#file.write(chunk);
    else this.#keep(chunk);
    // Last: it may ask us to let go. The file gives back what it has written.
    this.#memory.take(chunk.length);
  }

  /** Few octets do in a file as well as many: it is only slower. */
  letGo(): void {
    this.#goOnInFile();
  }

  #keep(chunk: Uint8Array): void {
    if (this.#chunks.push(chunk) === 1) this.#memory.addHolder(this);
    if (this.#size > this.#inlineLimit) this.#goOnInFile();
    else if (this.#chunks.length === manyPieces) this.#chunks = [joined(this.#chunks)];
  }

  finish(): StoredContent | Promise<StoredContent> {
    if (this.#file !== null) return this.#finishFile(this.#file);
    const inline = joined(this.#chunks);
    this.#forget();
    return this.#stored({ size: this.#size, inline, file: null });
  }

  discard(): void {
    if (this.#file === null) this.#forget();
    else this.#file.discard();
  }

  #forget(): void {
    if (this.#chunks.length > 0) this.#memory.give(this.#size);
    this.#chunks = [];
    this.#memory.removeHolder(this);
  }

  #goOnInFile(): void {
    this.#memory.removeHolder(this);
    this.#file = new ContentFile(join(this.#root, this.#name()), this.#memory);
    for (const waiting of this.#chunks) this.#file.write(waiting);
    this.#chunks = [];
  }

  async #finishFile(file: ContentFile): Promise<StoredContent> {
    await file.finish();
    return this.#stored({ size: this.#size, inline: null, file: this.#name() });
  }

  /** The folder is the start's epoch: a sweep looks only at folders of earlier starts. */
  #name(): string {
    return `${epochOf(this.#id)}/${this.#id}`;
  }

  #stored(row: ContentRow): StoredContent {
    const insert = { sql: insertContent, parameters: [this.#id, row.size, row.inline, row.file] };
    return { id: this.#id, size: row.size, insert, source: sourceOf(this.#root, row) };
  }
}

/** One buffer of exactly this size and of its own: it keeps no socket's slab alive. */
function joined(chunks: readonly Uint8Array[]): Buffer {
  const all = Buffer.allocUnsafeSlow(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
