import { statfs, unlink } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { ContentSource } from "../queue/entry.ts";
import { ContentFile } from "./content-file.ts";
import { epochOf } from "./epoch.ts";
import type { Statement, Store } from "./store.ts";

/** Takes the bytes of one message as they arrive: few stay in memory, more go to a file. */
export interface ContentWriter {
  write(chunk: Uint8Array): void;
  /** More waits to be written than the memory should hold: stop reading the socket until `drained`. */
  readonly isFull: boolean;
  /** Rejects when the file cannot be written. */
  drained(): Promise<void>;
  readonly size: number;
  /** File and folder are synced when it resolves; small contents are ready at once. */
  finish(): StoredContent | Promise<StoredContent>;
  /** Forgets the bytes; a file is removed. */
  discard(): void;
}

export type StoredContent = {
  readonly id: number;
  readonly size: number;
  /** To be committed in the unit that needs the content. */
  readonly insert: Statement;
  readonly source: ContentSource;
};

export type ContentRow = {
  readonly size: number;
  readonly inline: Uint8Array | null;
  readonly file: string | null;
};

export interface Contents {
  create(): ContentWriter;
  /** A missing file shows when it is read, as an error of the stream. */
  open(row: ContentRow): ContentSource;
  /** After the commit that deleted the row. What is missed here is found by the sweep of a later start. */
  remove(file: string): Promise<void>;
  /** Octets that are free for new contents. */
  freeBytes(): Promise<number>;
}

export type ContentsOptions = {
  /** The data folder. */
  readonly folder: string;
  readonly store: Pick<Store, "nextId">;
  /** Octets up to which a content is kept in the database. */
  readonly inlineLimit?: number;
};

const usualInlineLimit = 64 * 1024;

export function openContents({ folder, store, inlineLimit = usualInlineLimit }: ContentsOptions): Contents {
  const root = join(folder, "content");
  return {
    create: () => new Writer(store.nextId(), { root, inlineLimit }),
    open: (row) => sourceOf(root, row),
    remove: (file) => unlink(join(root, file)).catch(() => {}),
    async freeBytes() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

export function sourceOf(root: string, { size, inline, file }: ContentRow): ContentSource {
  if (inline !== null) {
    return {
      size,
      bytes: inline,
      async *stream() {
        yield inline;
      },
    };
  }
  return { size, bytes: null, stream: () => createReadStream(join(root, file ?? "missing")) };
}

const insertContent = "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, ?)";

class Writer implements ContentWriter {
  readonly #id: number;
  readonly #root: string;
  readonly #inlineLimit: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #file: ContentFile | null = null;

  constructor(id: number, options: { readonly root: string; readonly inlineLimit: number }) {
    this.#id = id;
    this.#root = options.root;
    this.#inlineLimit = options.inlineLimit;
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
    this.#size += chunk.length;
    if (this.#file !== null) return this.#file.write(chunk);
    this.#chunks.push(chunk);
    if (this.#size <= this.#inlineLimit) return;
    this.#file = new ContentFile(this.#root, this.#name());
    for (const waiting of this.#chunks) this.#file.write(waiting);
    this.#chunks = [];
  }

  finish(): StoredContent | Promise<StoredContent> {
    if (this.#file !== null) return this.#finishFile(this.#file);
    const inline = joined(this.#chunks, this.#size);
    this.#chunks = [];
    return this.#stored({ size: this.#size, inline, file: null });
  }

  discard(): void {
    this.#chunks = [];
    this.#file?.discard();
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

/** One buffer of exactly this size and of its own: it crosses to the database's thread without its socket's slab. */
function joined(chunks: readonly Uint8Array[], size: number): Buffer {
  const all = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
