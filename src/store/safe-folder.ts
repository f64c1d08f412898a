import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder, and those above it, where they are not there, and syncs each new name: it resolves when a power cut cannot take
 * the folder away any more. The name of the last one is synced in any case: a start before this one may have been killed
 * right after it had made it.
 */
export async function makeSafeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return syncFolder(dirname(folder)).catch(ifAllowed);
  for (let above = folder; above.length >= first.length;) await syncFolder((above = dirname(above)));
}

const making = new Map<string, Promise<void>>();

/** The same once for all who ask: nobody goes on before the one who makes the folder has synced it. */
export function makeSafeFolderOnce(folder: string): Promise<void> {
  let made = making.get(folder);
  if (made === undefined) {
    made = makeSafeFolder(folder);
    making.set(folder, made);
    made.catch(() => making.delete(folder));
  }
  return made;
}

/** It is found missing: the next who asks makes it again. */
export function forgetSafeFolder(folder: string): void {
  making.delete(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder above the data folder need not be ours to read. */
function ifAllowed(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code !== "EACCES" && code !== "EPERM") throw error;
}
