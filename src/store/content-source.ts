import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { ContentSource } from "../queue/entry.ts";

/** Where the bytes of a content are, as its row says. */
export type ContentRow = {
  readonly size: number;
  readonly inline: Uint8Array | null;
  readonly file: string | null;
};

/**
 * The bytes of a message are missing or are not as many as they were: it is set aside for people to look at, and the rest goes
 * on. Thrown by `ContentSource.stream` before the first octet.
 */
export class ContentDamaged extends Error {
  override readonly name = "ContentDamaged";
}

/** `root` is the folder `content/`. Looks at nothing yet: what is damaged shows when it is read. */
export function sourceOf(root: string, { size, inline, file }: ContentRow): ContentSource {
  if (inline !== null && inline.length === size) {
    return {
      size,
      bytes: inline,
      flaw: () => Promise.resolve(null),
      async *stream(range) {
        yield range === undefined ? inline : inline.subarray(range.from, range.to);
      },
    };
  }
  return {
    size,
    bytes: null,
    flaw: () => flawOf(root, { size, file }),
    stream: (range) => readFile(root, { size, file }, range),
  };
}

type FileRow = Omit<ContentRow, "inline">;

/** Rejects with what the disk says when that is no word about this file. */
async function flawOf(root: string, row: FileRow): Promise<string | null> {
  try {
    const handle = await openWhole(root, row);
    await handle.close();
    return null;
  } catch (error) {
    if (error instanceof ContentDamaged) return error.message;
    throw error;
  }
}

async function* readFile(
  root: string,
  row: FileRow,
  range: { readonly from: number; readonly to: number } = { from: 0, to: row.size },
): AsyncGenerator<Uint8Array> {
  const handle = await openWhole(root, row);
  try {
    if (range.to > range.from)
      yield* handle.createReadStream({ autoClose: false, start: range.from, end: range.to - 1 });
  } finally {
    await handle.close();
  }
}

/** Throws `ContentDamaged` unless the file is there with all its octets. */
async function openWhole(root: string, { size, file }: FileRow): Promise<FileHandle> {
  // Our own names are "<epoch>/<id>": nothing else in a row leads to a file.
  if (file === null || !/^[0-9]+\/[0-9]+$/.test(file))
    throw new ContentDamaged("the bytes of the message are not there");
  const handle = await open(join(root, file), "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new ContentDamaged(`content/${file} is missing`, { cause: error });
    }
    throw error;
  });
  const found = (await handle.stat()).size;
  if (found === size) return handle;
  await handle.close();
  throw new ContentDamaged(`content/${file} has ${found} octets where ${size} were written`);
}
