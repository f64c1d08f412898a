import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./safe-folder.ts";

/**
 * Writes a file that is whole or not there, however the process or the machine ends: its bytes are synced under another name
 * before it gets its own, and that is synced before this resolves. What was there before is replaced.
 */
export async function writeWholeFile(path: string, bytes: string, { mode }: { readonly mode: number }): Promise<void> {
  const making = `${path}.new`;
  const handle = await open(making, "w", mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(making, path);
  await syncFolder(dirname(path));
}
