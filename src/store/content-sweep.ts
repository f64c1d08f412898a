import { mkdir, opendir, readdir, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "./safe-folder.ts";
import type { Store } from "./store.ts";

/** What a sweep did, for the log. */
export type Swept = {
  /** Files that no row names, set aside. */
  readonly quarantined: number;
  /** Files that stood in quarantine for long enough. */
  readonly deleted: number;
};

export type SweepOptions = {
  /** The folder `content/`. */
  readonly root: string;
  readonly quarantine: string;
  readonly store: Pick<Store, "read">;
  /** Of this start. Its files and those of later ones are in the making: they are left alone. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Ends it soon: the next sweep goes on. */
  readonly signal?: AbortSignal | undefined;
};

const keptMs = 7 * 24 * 3_600_000;
/** Files asked about in one read. */
const atOnce = 200;

/**
 * Finds files that no content names: their commit never came, or the row is gone and the file was missed. They are set
 * aside first and deleted by a sweep a week later: when a database was put back from a copy, the files are still there.
 * Rejects with what the disk or the database says; the next sweep goes on.
 */
export async function sweepContents(options: SweepOptions): Promise<Swept> {
  const { root, quarantine, epoch, now } = options;
  const deleted = await empty(quarantine, now);
  let quarantined = 0;
  for (const name of await namesIn(root)) {
    if (!/^[0-9]+$/.test(name) || Number(name) >= epoch) continue;
    if (options.signal?.aborted === true) break;
    quarantined += await sweepFolder(name, options);
    // Only when nothing is left in it.
    await rmdir(join(root, name)).catch(() => {});
  }
  return { quarantined, deleted };
}

async function sweepFolder(epoch: string, options: SweepOptions): Promise<number> {
  let names: string[] = [];
  let moved = 0;
  for await (const { name } of await opendir(join(options.root, epoch))) {
    names.push(name);
    if (names.length < atOnce) continue;
    moved += await setAside(epoch, names, options);
    names = [];
    if (options.signal?.aborted === true) break;
  }
  return moved + (await setAside(epoch, names, options));
}

async function setAside(epoch: string, names: readonly string[], options: SweepOptions): Promise<number> {
  const named = await namedOf(names, options.store);
  const unnamed = names.filter((name) => !named.has(`${epoch}/${name}`));
  if (unnamed.length === 0) return 0;
  await mkdir(options.quarantine, { recursive: true, mode: 0o700 });
  for (const name of unnamed) {
    await rename(join(options.root, epoch, name), join(options.quarantine, `${options.now}-${epoch}-${name}`));
  }
  await syncFolder(options.quarantine);
  return unnamed.length;
}

const whichAreNamed = `SELECT file FROM content WHERE id IN (${"?, ".repeat(atOnce - 1)}?) AND file IS NOT NULL`;

/** Of the files, those that a row names. A name that is no id of ours is named by none. */
async function namedOf(names: readonly string[], store: Pick<Store, "read">): Promise<Set<string>> {
  const ids = names.map(Number).filter((id) => Number.isSafeInteger(id));
  // One text for every number of ids: filled up with an id that no content has.
  const parameters = Array.from({ length: atOnce }, (_, index) => ids[index] ?? -1);
  const rows = ids.length === 0 ? [] : await store.read({ sql: whichAreNamed, parameters });
  return new Set(rows.map(({ file }) => String(file)));
}

/** Names in quarantine begin with the time at which they came there. */
async function empty(quarantine: string, now: number): Promise<number> {
  let deleted = 0;
  for (const name of await namesIn(quarantine)) {
    const since = Number(name.slice(0, name.indexOf("-")));
    if (!(since > 0) || since + keptMs > now) continue;
    await unlink(join(quarantine, name));
    deleted++;
  }
  return deleted;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
