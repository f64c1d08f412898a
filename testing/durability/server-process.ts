import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where it listens for SMTP and for IMAP. */
export type Ports = { readonly port: number; readonly imapPort: number };

export type ServerProcess = {
  /** `null` when it ended before it was ready. */
  readonly ready: Promise<Ports | null>;
  /** Events of this name so far. */
  readonly trouble: readonly string[];
  /** Resolves when it has ended, to its exit code; `null`: it was killed. */
  readonly ended: Promise<number | null>;
  /** To the server itself, which must be ready when something traces it. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
};

export type StartOptions = {
  /** The data folder will be below it. */
  readonly folder: string;
  /** The port of the next hop. */
  readonly nextHop: number;
  /** How much its clock goes before the machine's. */
  readonly aheadMs?: number;
  /** A program and its arguments that start the server's. */
  readonly under?: readonly string[];
};

/** Starts `server.ts` as a process of its own. */
export function startProcess({ folder, nextHop, aheadMs = 0, under = [] }: StartOptions): ServerProcess {
  const server = [process.execPath, join(import.meta.dirname, "server.ts"), folder, `${nextHop}`, `${aheadMs}`];
  const [program = "", ...args] = [...under, ...server];
  // As the launcher does it. One that is killed writes nothing into it.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.cache/compile") };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let pid = under.length === 0 ? child.pid : undefined;
  const trouble: string[] = [];
  const ready = Promise.withResolvers<Ports | null>();
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, port, imapPort, own] = /^ready (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    if (port === undefined) return void trouble.push(line);
    pid = Number(own);
    ready.resolve({ port: Number(port), imapPort: Number(imapPort) });
  });
  void ended.then(() => ready.resolve(null));
  return {
    ready: ready.promise,
    trouble,
    ended,
    kill(signal) {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid ?? assert.fail("not ready"), signal);
    },
  };
}
