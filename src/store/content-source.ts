import { open } from "node:fs/promises";
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
      async *stream() {
        yield inline;
      },
    };
  }
  return { size, bytes: null, stream: () => readFile(root, { size, file }) };
}

async function* readFile(root: string, { size, file }: Omit<ContentRow, "inline">): AsyncGenerator<Uint8Array> {
  // Our own names are "<epoch>/<id>": nothing else in a row leads to a file.
  if (file === null || !/^[0-9]+\/[0-9]+$/.test(file))
    throw new ContentDamaged("the bytes of the message are not there");
  const handle = await open(join(root, file), "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new ContentDamaged(`content/${file} is missing`, { cause: error });
    }
    throw error;
  });
  try {
    const found = (await handle.stat()).size;
    if (found !== size) throw new ContentDamaged(`content/${file} has ${found} octets where ${size} were written`);
    yield* handle.createReadStream({ autoClose: false });
  } finally {
    await handle.close();
  }
}
