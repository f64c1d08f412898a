import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Random } from "./seeded.ts";
import type { SystemCall } from "./system-calls.ts";

/** A change that a power cut may undo until a sync covers it. `ended`: the line of the trace at which it was done. */
type Write = { readonly ended: number; readonly offset: number; readonly bytes: Buffer };
type Truncation = { readonly ended: number; readonly size: number };
type EntryChange = { readonly ended: number; readonly name: string; readonly node: Node | null };

type FileNode = { readonly is: "file"; safe: Bytes; pending: (Write | Truncation)[]; size: number };
type FolderNode = {
  readonly is: "folder";
  /** As the processes see it, and as it is on the disk. */
  readonly entries: Map<string, Node>;
  readonly safe: Map<string, Node>;
  pending: EntryChange[];
};
type Node = FileNode | FolderNode;

/** What a power cut leaves of changes that no sync covered: none, all, or some by chance. */
export type Leaves = "none" | "all" | Random;

/**
 * A folder as a disk keeps it, told by the system calls of a process: a write lasts when a sync of its file that began after it
 * has returned, a name when one of its folder has. Nothing else lasts: not the order of writes, not a name because its
 * file was synced.
 */
export class DiskModel {
  readonly #rootPath: string;
  readonly #root: FolderNode = emptyFolder();
  readonly #open = new Map<number, { readonly node: Node; position: number; readonly appends: boolean }>();

  /** `rootPath` is there and empty. */
  constructor(rootPath: string) {
    this.#rootPath = rootPath;
  }

  /** In the order in which the calls returned; those of a process that ended, then those of the next. */
  apply(call: SystemCall): void {
    switch (call.name) {
      case "openat":
        return this.#openFile(call);
      case "mkdir":
      case "mkdirat":
        return this.#change(call.ended, this.#pathOf(call), emptyFolder());
      case "unlink":
      case "unlinkat":
      case "rmdir":
        return this.#change(call.ended, this.#pathOf(call), null);
      case "rename":
      case "renameat":
      case "renameat2":
        return this.#rename(call);
      case "ftruncate":
        return this.#truncate(call);
      case "write":
      case "writev":
      case "pwrite64":
      case "pwritev":
        return this.#write(call);
      case "fsync":
      case "fdatasync":
        return this.#sync(call);
      default:
        // None of the others changes a file in a way that is known here.
        if (this.#isOurs(call.file)) throw new Error(`${call.name} on ${call.file} is not modelled`);
    }
  }

  /** Puts the folder as it would be found after a power cut into `folder`, an empty one. */
  restore(folder: string, leaves: Leaves): void {
    restoreFolder(this.#root, folder, leaves);
  }

  #isOurs(path: string | null): boolean {
    return path !== null && (path === this.#rootPath || path.startsWith(`${this.#rootPath}/`));
  }

  /** Of the first path among the arguments, absolute. */
  #pathOf({ file, strings }: SystemCall, which = 0): string | null {
    const path = resolve(file ?? "/", strings[which]?.toString() ?? "");
    return this.#isOurs(path) ? path.slice(this.#rootPath.length) : null;
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of namesOf(path)) node = node?.is === "folder" ? node.entries.get(name) : undefined;
    return node;
  }

  #change(ended: number, path: string | null, node: Node | null): void {
    if (path === null) return;
    const folder = this.#find(dirname(path));
    if (folder?.is !== "folder") throw new Error(`${path}: its folder is not known`);
    const name = basename(path);
    if (node === null) folder.entries.delete(name);
    else folder.entries.set(name, node);
    folder.pending.push({ ended, name, node });
  }

  #rename(call: SystemCall): void {
    const [from, to] = [this.#pathOf(call), this.#pathOf(call, 1)];
    if (from === null || to === null) return;
    const node = this.#find(from) ?? null;
    this.#change(call.ended, to, node);
    this.#change(call.ended, from, null);
  }

  #openFile(call: SystemCall): void {
    const path = this.#pathOf(call);
    if (path === null) return void this.#open.delete(call.result);
    let node = this.#find(path);
    if (node === undefined) {
      node = { is: "file", safe: new Bytes(), pending: [], size: 0 };
      this.#change(call.ended, path, node);
    } else if (call.text.includes("O_TRUNC") && node.is === "file") cut(node, 0, call.ended);
    this.#open.set(call.result, { node, position: 0, appends: call.text.includes("O_APPEND") });
  }

  #opened(call: SystemCall) {
    return this.#isOurs(call.file) ? this.#open.get(Number.parseInt(call.text, 10)) : undefined;
  }

  #truncate(call: SystemCall): void {
    const node = this.#opened(call)?.node;
    if (node?.is === "file") cut(node, Number(/(\d+)$/.exec(call.text)?.[1]), call.ended);
  }

  #write(call: SystemCall): void {
    const opened = this.#opened(call);
    if (opened?.node.is !== "file") return;
    const { node } = opened;
    // Less than all may have been written.
    const bytes = Buffer.concat(call.strings).subarray(0, call.result);
    const isPositioned = call.name.startsWith("p");
    const offset = isPositioned ? Number(/(\d+)$/.exec(call.text)?.[1]) : opened.appends ? node.size : opened.position;
    if (!isPositioned) opened.position = offset + bytes.length;
    node.size = Math.max(node.size, offset + bytes.length);
    node.pending.push({ ended: call.ended, offset, bytes });
  }

  #sync(call: SystemCall): void {
    const node = this.#opened(call)?.node;
    if (node?.is === "file") {
      for (const change of node.pending) if (change.ended < call.began) node.safe.apply(change);
      node.pending = node.pending.filter(({ ended }) => ended > call.began);
    } else if (node?.is === "folder") {
      for (const change of node.pending) if (change.ended < call.began) applyEntry(node.safe, change);
      node.pending = node.pending.filter(({ ended }) => ended > call.began);
    }
  }
}

const emptyFolder = (): FolderNode => ({ is: "folder", entries: new Map(), safe: new Map(), pending: [] });
const namesOf = (path: string): string[] => path.split("/").filter((name) => name !== "");

function cut(node: FileNode, size: number, ended: number): void {
  node.size = size;
  node.pending.push({ ended, size });
}

function applyEntry(entries: Map<string, Node>, { name, node }: EntryChange): void {
  if (node === null) entries.delete(name);
  else entries.set(name, node);
}

/** What a disk writes as a whole. */
const sector = 512;

function restoreFolder(folder: FolderNode, path: string, leaves: Leaves): void {
  const entries = new Map(folder.safe);
  // Names change in their order: a file system that keeps a journal of them replays it up to some place.
  const { pending } = folder;
  const kept = leaves === "none" ? 0 : leaves === "all" ? pending.length : leaves.between(0, pending.length);
  for (const change of pending.slice(0, kept)) applyEntry(entries, change);
  for (const [name, node] of entries) {
    const below = join(path, name);
    if (node.is === "folder") {
      mkdirSync(below);
      restoreFolder(node, below, leaves);
    } else writeFileSync(below, restoredBytes(node, leaves));
  }
}

function restoredBytes({ safe, pending }: FileNode, leaves: Leaves): Buffer {
  if (leaves === "none" || pending.length === 0) return safe.whole();
  const bytes = new Bytes(safe.whole());
  for (const change of pending) {
    if (leaves === "all") bytes.apply(change);
    else if ("size" in change) {
      if (leaves.next() < 0.5) bytes.apply(change);
    } else for (const piece of sectorsOf(change)) if (leaves.next() < 0.5) bytes.apply(piece);
  }
  return bytes.whole();
}

/** A write may come to the disk in part: each sector for itself. */
function* sectorsOf({ ended, offset, bytes }: Write): Generator<Write> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sector - ((offset + at) % sector));
    yield { ended, offset: offset + at, bytes: bytes.subarray(at, end) };
    at = end;
  }
}

/** Bytes that grow; what was never written is zero. */
class Bytes {
  #buffer: Buffer;
  #size: number;

  constructor(from: Buffer = Buffer.alloc(0)) {
    this.#buffer = Buffer.from(from);
    this.#size = from.length;
  }

  /** Not a copy. */
  whole(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  apply(change: Write | Truncation): void {
    if ("size" in change) {
      this.#reach(change.size);
      if (change.size < this.#size) this.#buffer.fill(0, change.size, this.#size);
      this.#size = change.size;
    } else {
      const end = change.offset + change.bytes.length;
      this.#reach(end);
      this.#size = Math.max(this.#size, end);
      change.bytes.copy(this.#buffer, change.offset);
    }
  }

  #reach(size: number): void {
    if (size <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(size, this.#buffer.length * 2));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}
