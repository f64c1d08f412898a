/** One system call of a traced process, as `strace -f -ttt -y -xx` writes it. */
export type SystemCall = {
  readonly name: string;
  /** Seconds since 1970 at which it began. */
  readonly at: number;
  /** Line of the trace at which it began and at which it had returned: what ends before another begins came before it. */
  readonly began: number;
  readonly ended: number;
  /** What it returned; calls that failed are left out. */
  readonly result: number;
  /** What the first argument and the result stand for, when they are file descriptors: a path, "socket:[…]". */
  readonly file: string | null;
  readonly resultFile: string | null;
  /** Every string among the arguments, in order: paths, or the bytes that were written. */
  readonly strings: readonly Buffer[];
  /** Letters that the strings have in the trace. */
  readonly size: number;
  /** What stands outside of strings and of descriptors' names. */
  readonly text: string;
};

/** To see all that changes files, what syncs them, and what goes to sockets. */
export const traceOptions = [
  ...["-f", "-ttt", "-y", "-xx", "--seccomp-bpf", "-s", "1000000"],
  ...["-e", "signal=none", "-e"],
  `trace=${[
    ..."openat open creat mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir".split(
      " ",
    ),
    ..."truncate ftruncate fallocate write writev pwrite64 pwritev pwritev2 sendfile copy_file_range splice".split(" "),
    ..."fsync fdatasync sync_file_range msync sync syncfs sendto sendmsg".split(" "),
  ].join()}`,
];

export function isSync({ name }: SystemCall): boolean {
  return name === "fsync" || name === "fdatasync";
}

export function isWrite({ name }: SystemCall): boolean {
  return /^p?write(v|64)?$/.test(name);
}

/** The calls that succeeded, in the order in which they returned. `after`: the last line of the traces before this one. */
export function parseTrace(trace: string, after = 0): SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { readonly began: number; readonly at: number; readonly text: string }>();
  let number = after;
  for (const line of linesOf(trace)) {
    number++;
    const [, pid = "", time = "", rest = ""] = /^(\d+) +(\d+\.\d+) (.*)$/s.exec(line) ?? [];
    if (rest === "" || rest.startsWith("+++") || rest.startsWith("---")) continue;
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest);
    if (rest.endsWith("<unfinished ...>")) {
      open.set(pid, { began: number, at: Number(time), text: rest.slice(0, -"<unfinished ...>".length) });
      continue;
    }
    const begun = resumed === null ? { began: number, at: Number(time), text: "" } : open.get(pid);
    if (begun === undefined) throw new Error(`line ${number} of the trace ends a call that nothing began`);
    open.delete(pid);
    const call = callOf(begun.text + rest.slice(resumed?.[0].length ?? 0), begun, number);
    if (call !== null) calls.push(call);
  }
  return calls;
}

/** Without a copy of the whole: a trace with its bytes written out is long. */
function* linesOf(trace: string): Generator<string> {
  for (let at = 0; at < trace.length;) {
    const end = trace.indexOf("\n", at);
    // A trace that ends in the middle of a line was cut off with its process.
    if (end < 0) return;
    yield trace.slice(at, end);
    at = end + 1;
  }
}

function callOf(
  text: string,
  begun: { readonly began: number; readonly at: number },
  ended: number,
): SystemCall | null {
  // With every string written as hexadecimal numbers no quote, bracket or equals sign is ever part of one.
  const end = text.lastIndexOf(" = ");
  const result = Number.parseInt(text.slice(end + 3), 10);
  if (end < 0 || !(result >= 0)) return null;
  const name = text.slice(0, text.indexOf("("));
  let strings: readonly Buffer[] | null = null;
  const call = text.slice(name.length + 1, text.lastIndexOf(")", end));
  return {
    name,
    ...begun,
    ended,
    size: call.length,
    result,
    file: decoded(/^-?\w+<([^>]*)>/.exec(call)?.[1]),
    resultFile: decoded(/^\d+<([^>]*)>/.exec(text.slice(end + 3))?.[1]),
    get strings() {
      return (strings ??= stringsIn(call));
    },
    text: call.replaceAll(/"[^"]*"|<[^>]*>/g, "").trim(),
  };
}

function stringsIn(call: string): Buffer[] {
  return Array.from(call.matchAll(/"([^"]*)"(\.\.\.)?/g), ([, hex = "", cut]) => {
    if (cut !== undefined) throw new Error("a string of the trace was cut short");
    return bytesOf(hex);
  });
}

const decoded = (hex: string | undefined): string | null => (hex === undefined ? null : bytesOf(hex).toString());

/** "\\x48\\x69": by hand, since a trace is mostly this. */
function bytesOf(hex: string): Buffer {
  const bytes = Buffer.allocUnsafe(hex.length / 4);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (digit(hex.charCodeAt(at * 4 + 2)) << 4) | digit(hex.charCodeAt(at * 4 + 3));
  }
  return bytes;
}

const digit = (code: number): number => (code <= 0x39 ? code - 0x30 : code - 0x57);
