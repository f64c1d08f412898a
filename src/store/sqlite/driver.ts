import { join } from "node:path";
import { epochOfRows, Ids, takeEpoch } from "../epoch.ts";
import { makeSafeFolder } from "../safe-folder.ts";
import type { Pace, Returned, Row, Statement, Store, Unit } from "../store.ts";
import { type FolderLock, lockFolderWithin } from "./folder-lock.ts";
import { DatabaseThread } from "./thread.ts";

export type SqliteOptions = {
  /** The data folder; made when it is not there. */
  readonly folder: string;
  /** The disk or a thread failed: nothing more is accepted and the process must end. Called once. */
  readonly onFatal: (problem: string) => void;
  /** How long to wait for another process to leave the folder. */
  readonly waitMs?: number;
};

/**
 * Opens `<folder>/gatepost.db`: one thread that writes, one that reads. Throws `DataFolderInUse`, and an error that says what
 * is wrong with the database.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { opened } = await launchSqlite(options);
  return opened;
}

/** The same, handed back as soon as the threads are on their way: from then on they come up by themselves. */
export async function launchSqlite({
  folder,
  onFatal,
  waitMs = 0,
}: SqliteOptions): Promise<{ readonly opened: Promise<Store> }> {
  await makeSafeFolder(folder);
  const lock = await lockFolderWithin(folder, waitMs);
  return { opened: openLocked({ folder, onFatal, lock }) };
}

async function openLocked({
  folder,
  onFatal,
  lock,
}: Pick<SqliteOptions, "folder" | "onFatal"> & { readonly lock: FolderLock }): Promise<Store> {
  const threads: DatabaseThread[] = [];
  let isOver = false;
  /** One without the other is of no use, and must not keep the process alive. */
  const onDeath = (problem: string): void => {
    if (isOver) return;
    isOver = true;
    for (const thread of threads) thread.die(problem);
    onFatal(`${folder}: ${problem}`);
  };
  try {
    const path = join(folder, "gatepost.db");
    // Side by side: a thread takes longer to come up than a database to open.
    const opened = await Promise.allSettled(
      (["writer", "reader"] as const).map((role) => DatabaseThread.open({ role, path }, onDeath)),
    );
    for (const one of opened) if (one.status === "fulfilled") threads.push(one.value);
    for (const one of opened) if (one.status === "rejected") throw one.reason;
    const [writer, reader] = threads;
    if (writer === undefined || reader === undefined) throw new Error("the threads of the database are gone");
    return new SqliteStore({ writer, reader, lock, epoch: await epochFrom(writer) });
  } catch (error) {
    isOver = true;
    for (const thread of threads) await thread.close();
    lock.release();
    throw error;
  }
}

type Parts = {
  readonly writer: DatabaseThread;
  readonly reader: DatabaseThread;
  readonly lock: FolderLock;
  readonly epoch: number;
};

class SqliteStore implements Store {
  readonly #writer: DatabaseThread;
  readonly #reader: DatabaseThread;
  readonly #lock: FolderLock;
  readonly #ids: Ids;
  #closing: Promise<void> | null = null;

  constructor({ writer, reader, lock, epoch }: Parts) {
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
    this.#ids = new Ids(epoch, () => epochFrom(writer));
  }

  commit(unit: Unit, pace: Pace = "now"): Promise<Returned> {
    return this.#writer.hand(unit, pace);
  }

  async read({ sql, parameters }: Pick<Statement, "sql" | "parameters">): Promise<readonly Row[]> {
    const [rows] = await this.#reader.hand([{ sql, parameters, returns: true }]);
    return rows ?? [];
  }

  nextId(): number {
    return this.#ids.next();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    // The reader first: the writer's last checkpoint wants to be alone.
    await this.#reader.close();
    await this.#writer.close();
    this.#lock.release();
  }
}

async function epochFrom(writer: DatabaseThread): Promise<number> {
  const [rows] = await writer.hand(takeEpoch);
  return epochOfRows(rows);
}
