import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job, Outcome, Reading } from "./job.ts";

/** The processes that `npm run bench` starts: a server, and the load generator. Both end with it. */

const cache = process.env["NODE_COMPILE_CACHE"] ?? fileURLToPath(new URL("../.cache/compile", import.meta.url));

export type ServerName = "ours" | "floor";
const programs: Record<ServerName, URL> = {
  ours: new URL("peer.ts", import.meta.url),
  floor: new URL("floor.ts", import.meta.url),
};

export type ServerSettings = {
  readonly name: ServerName;
  /** Its queue, journal and log: kept after it ended. */
  readonly folder: string;
  /** What it does with a message: keeps it, sends it on, or refuses its recipients. */
  readonly mode: "queue" | "relay" | "policy";
  readonly sinkPort: number;
  /** Connections at the same time. */
  readonly connections: number;
  /** For STARTTLS of the floor. */
  readonly tls?: { readonly key: string; readonly certificate: string };
};

export class ServerProcess {
  readonly port: number;
  /** From the start of the process to the first octet of a greeting. */
  readonly startMs: number;
  readonly #child: ChildProcess;

  static async start(settings: ServerSettings): Promise<ServerProcess> {
    mkdirSync(settings.folder, { recursive: true });
    const port = await freePort();
    const begun = performance.now();
    const child = fork(programs[settings.name], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: cache,
        PORT: String(port),
        SINK: String(settings.sinkPort),
        SPOOL: settings.folder,
        MODE: settings.mode,
        MAXCONN: String(settings.connections + 100),
        TLS_KEY: settings.tls?.key,
        TLS_CERTIFICATE: settings.tls?.certificate,
      },
    });
    while (!(await greets(port))) {
      if (child.exitCode !== null) throw new Error(`${settings.name} ended with ${child.exitCode} before it greeted`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return new ServerProcess({ port, child, startMs: performance.now() - begun });
  }

  private constructor({ port, child, startMs }: { port: number; child: ChildProcess; startMs: number }) {
    this.port = port;
    this.#child = child;
    this.startMs = startMs;
  }

  read(): Promise<Reading> {
    return answer(this.#child, "read");
  }

  stop(): Promise<void> {
    return ended(this.#child, () => this.#child.kill("SIGTERM"));
  }
}

export class LoadProcess {
  readonly sinkPort: number;
  readonly #child: ChildProcess;

  static async start(): Promise<LoadProcess> {
    const child = fork(new URL("load.ts", import.meta.url), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [],
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
    });
    const { sinkPort } = await answer<{ readonly sinkPort: number }>(child, null);
    return new LoadProcess(child, sinkPort);
  }

  private constructor(child: ChildProcess, sinkPort: number) {
    this.#child = child;
    this.sinkPort = sinkPort;
  }

  do(job: Job): Promise<Outcome> {
    return answer(this.#child, job);
  }

  stop(): Promise<void> {
    return ended(this.#child, () => this.#child.disconnect());
  }
}

/** One question is open at a time. */
function answer<Answer>(child: ChildProcess, question: Job | "read" | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error("a process of the bench ended"));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message as Answer);
    });
    if (question !== null) child.send(question);
  });
}

function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => resolve(true));
    socket.once("close", () => resolve(false));
    socket.once("error", () => {});
    socket.once("data", () => socket.destroy());
  });
}

/** A folder for one run, on the disk of the project unless another one is asked for. */
export function runFolder(parent: string): { readonly path: string; readonly remove: () => void } {
  const path = join(parent, `bench-${process.pid}`);
  mkdirSync(path, { recursive: true });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
