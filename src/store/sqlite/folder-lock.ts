import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as after } from "node:timers/promises";
import { DataFolderInUse } from "../store.ts";
import { isBusy } from "./outcome.ts";

export interface FolderLock {
  release(): void;
}

/**
 * Keeps a second server out of the data folder: two would sweep and claim against each other. The lock is that of an
 * empty database, so that it ends with the process however that ends; a file beside it names the holder.
 * Throws `DataFolderInUse`.
 */
export function lockFolder(folder: string): FolderLock {
  const holder = join(folder, "pid");
  const database = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw isBusy(error) ? new DataFolderInUse(folder, pidIn(holder)) : error;
  }
  writeFileSync(holder, `${process.pid}\n`);
  return {
    release() {
      rmSync(holder, { force: true });
      database.close();
    },
  };
}

/** The same, waiting for one who holds it shortly: a command that works on a server's folder at rest. */
export async function lockFolderWithin(folder: string, waitMs: number): Promise<FolderLock> {
  for (let waited = 0; ; waited += lookEveryMs) {
    try {
      return lockFolder(folder);
    } catch (error) {
      if (!(error instanceof DataFolderInUse) || waited >= waitMs) throw error;
    }
    await after(lookEveryMs);
  }
}

const lookEveryMs = 50;

function pidIn(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, "latin1"));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
