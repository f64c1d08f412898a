import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { z } from "zod";
import type { AdminContext } from "./context.ts";
import { LineReader } from "./line-reader.ts";
import { perform } from "./operation.ts";
import type { Outcome, Run } from "./operation.ts";
import { longestLine, type progress, request } from "./protocol.ts";
import { socketPath } from "./socket-path.ts";

/** The control socket of a running server: `<data>/control.sock`, for the owner of the data folder only. */
export interface ControlSocket {
  /** Ends the conversations, lets operations under way finish, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Opens it. The caller holds the lock of the data folder, so a socket that lies there is left from a crash.
 * Rejects when it cannot be made; a server can live without it.
 */
export async function openControlSocket(context: AdminContext): Promise<ControlSocket> {
  const path = socketPath(context.config.data);
  if (path === null) throw new Error(`the path of the data folder is too long for a socket: ${context.config.data}`);
  rmSync(path, { force: true });
  const conversations = new Set<Socket>();
  const underWay = new Set<Promise<void>>();
  const server = createServer((socket) => {
    conversations.add(socket);
    socket.once("close", () => conversations.delete(socket));
    // The other end went away: there is nobody to tell.
    socket.on("error", () => socket.destroy());
    converse(socket, context, (answering) => {
      underWay.add(answering);
      void answering.finally(() => underWay.delete(answering));
    });
  });
  await listenForOwner(server, path);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all(underWay);
      for (const socket of conversations) socket.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** Made unreadable for others from its first moment: the mask holds while `listen` makes the file, which it does before it returns. */
function listenForOwner(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  const before = process.umask(0o177);
  try {
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve();
    });
  } finally {
    process.umask(before);
  }
  return promise;
}

/** One request after the other: the next line waits for the answer to the one before. */
function converse(socket: Socket, context: AdminContext, note: (answering: Promise<void>) => void): void {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const reader = new LineReader(longestLine);
  let before = Promise.resolve();
  socket.on("data", (chunk: Buffer) => {
    const lines = reader.push(chunk);
    if (lines === null) return void socket.destroy();
    for (const line of lines) {
      socket.pause();
      before = before.then(async () => {
        const text = await answerTo(line, context, { progress: teller(socket), signal: gone.signal });
        if (socket.writable) socket.write(`${text}\n`);
        socket.resume();
      });
      note(before);
    }
  });
}

const tellEveryMs = 200;

/** Tells how far it is, now and then; that also shows whether somebody is still there. */
function teller(socket: Socket): Run["progress"] {
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    if (now - last < tellEveryMs || !socket.writable || socket.writableLength > 0) return;
    last = now;
    socket.write(`${JSON.stringify({ progress: { done, total } } satisfies z.output<typeof progress>)}\n`);
  };
}

async function answerTo(line: string, context: AdminContext, run: Run): Promise<string> {
  try {
    return JSON.stringify(await outcomeOf(line, context, run));
  } catch (error) {
    // Our own mistake, or the store's end: the conversation goes on, the server as well.
    const problem = error instanceof Error ? error.message : String(error);
    context.emit({ name: "trouble", doing: "an administrator's operation", problem });
    return JSON.stringify({ failed: "unavailable", message: problem } satisfies Outcome);
  }
}

async function outcomeOf(line: string, context: AdminContext, run: Run): Promise<Outcome> {
  const asked = request.safeParse(parsedOrNothing(line));
  if (!asked.success) return { failed: "invalid", message: "this is no request" };
  // Loaded when somebody asks, so that the start of the server does not wait for it.
  const { operationCalled } = await import("./operations.ts");
  const operation = operationCalled(asked.data.operation);
  if (operation === null) return { failed: "invalid", message: `there is no operation "${asked.data.operation}"` };
  return perform(operation, context, asked.data.input, run);
}

function parsedOrNothing(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
