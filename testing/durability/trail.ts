import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { anyMark, dataFolder } from "./numbered-message.ts";
import type { Recording, Reply } from "./recording.ts";
import { isSync, isWrite, type SystemCall } from "./system-calls.ts";

/** A content that was written to a file. */
type ContentFile = { readonly path: string; readonly opened: SystemCall; lastWrite: number; number: number | null };

/** Where in a recording the bytes of messages were written and synced, by the marks in them. */
export class Trail {
  readonly folder: string;
  /** Of each mark, and of each content file's name in the log, the call that first synced it. */
  readonly syncOf = new Map<string, SystemCall>();
  /** The call that first wrote a content file's name into the log. */
  readonly namedBy = new Map<string, SystemCall>();
  readonly #files = new Map<string, ContentFile>();
  readonly #syncs: SystemCall[];
  readonly #folders: SystemCall[];

  constructor({ folder, calls }: Recording) {
    this.folder = folder;
    this.#syncs = calls.filter(isSync);
    this.#folders = calls.filter(({ name }) => name === "mkdir");
    const log = join(folder, dataFolder, "gatepost.db-wal");
    /** Of each file, what was written and not synced yet. */
    const waiting = new Map<string, { readonly marks: readonly string[]; readonly ended: number }[]>();
    for (const call of calls) {
      const { file } = call;
      if (call.name === "openat" && call.text.includes("O_CREAT")) this.#open(call);
      else if (file === null || (file !== log && !this.#files.has(file))) continue;
      else if (isWrite(call)) {
        const marks = file === log ? this.#inLog(call) : this.#inFile(file, call);
        if (!waiting.has(file)) waiting.set(file, []);
        waiting.get(file)?.push({ marks, ended: call.ended });
      } else if (isSync(call)) {
        const writes = waiting.get(file) ?? [];
        for (const { marks } of writes.filter(({ ended }) => ended < call.began)) {
          for (const mark of marks) if (!this.syncOf.has(mark)) this.syncOf.set(mark, call);
        }
        waiting.set(
          file,
          writes.filter(({ ended }) => ended > call.began),
        );
      }
    }
  }

  fileOf(number: number): ContentFile | undefined {
    return [...this.#files.values()].find((file) => file.number === number);
  }

  /** Whether a file or folder was synced after one line of the trace and before another. */
  isSynced(path: string, between: { readonly after: number; readonly before: number }): boolean {
    return this.#syncs.some(
      ({ file, began, ended }) => file === path && began > between.after && ended < between.before,
    );
  }

  /** Folders that were made, from `path` upwards, each with the line at which it was there. */
  foldersAbove(path: string): { readonly path: string; readonly made: number }[] {
    return this.#folders
      .map((call) => ({ path: call.strings[0]?.toString() ?? "", made: call.ended }))
      .filter((folder) => path.startsWith(`${folder.path}/`) && folder.path.startsWith(this.folder));
  }

  #open(call: SystemCall): void {
    const path = call.resultFile ?? "";
    if (!path.startsWith(join(this.folder, dataFolder, "content/"))) return;
    this.#files.set(path, { path, opened: call, lastWrite: 0, number: null });
  }

  #inFile(path: string, call: SystemCall): string[] {
    const file = this.#files.get(path);
    const text = Buffer.concat(call.strings).toString("latin1");
    if (file !== undefined) {
      file.lastWrite = call.ended;
      file.number ??= Number(/^X-Number: (\d+)\r$/m.exec(text)?.[1] ?? assert.fail(`${path}: whose is it?`));
    }
    return text.match(anyMark) ?? [];
  }

  #inLog(call: SystemCall): string[] {
    const text = Buffer.concat(call.strings).toString("latin1");
    const names = [...this.#files.keys()].map(nameOf).filter((name) => text.includes(name));
    for (const name of names) if (!this.namedBy.has(name)) this.namedBy.set(name, call);
    return [...names, ...(text.match(anyMark) ?? [])];
  }
}

/** As the row of a content calls its file. */
const nameOf = (path: string): string => `${basename(dirname(path))}/${basename(path)}`;
const pageSize = 8_192;

/** A sync that covers the bytes of the message returned before its 250 was written. Returns where the bytes are. */
export function assertSyncedBefore(trail: Trail, { given, written }: Reply): "log" | "file" {
  const { number, marks, bytes } = given;
  const synced = marks.filter((mark) => (trail.syncOf.get(mark)?.ended ?? Infinity) < written.began);
  // A mark may lie across the border of two pages, or of two writes.
  const borders = Math.ceil(bytes.length / (pageSize - 100)) + 2;
  assert.ok(synced.length >= marks.length - borders, `message ${number}: ${synced.length} of ${marks.length} marks`);
  assert.ok(marks.length <= borders || synced.length > 0);
  const file = trail.fileOf(number);
  if (file === undefined) return "log";
  const name = nameOf(file.path);
  const named = trail.namedBy.get(name) ?? assert.fail(`message ${number}: the log never names ${name}`);
  const before = named.began;
  assert.ok(
    trail.isSynced(file.path, { after: file.lastWrite, before }),
    `${name} is named before its bytes are synced`,
  );
  const folder = dirname(file.path);
  assert.ok(
    trail.isSynced(folder, { after: file.opened.ended, before }),
    `${name} is named before its folder is synced`,
  );
  for (const { path, made } of trail.foldersAbove(file.path)) {
    assert.ok(trail.isSynced(dirname(path), { after: made, before }), `${name} is named before ${path} is synced`);
  }
  assert.ok((trail.syncOf.get(name)?.ended ?? Infinity) < written.began, `message ${number}: its row is not synced`);
  return "file";
}
