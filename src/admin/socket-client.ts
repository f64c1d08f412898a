import { connect } from "node:net";
import { LineReader } from "./line-reader.ts";
import type { Outcome, Run } from "./operation.ts";
import { answer, longestLine, progress } from "./protocol.ts";
import type { Answer, Request } from "./protocol.ts";
import { socketPath } from "./socket-path.ts";

/** Asks the server that runs on this data folder; `null` when none does. Rejects when it runs and cannot be spoken to. */
export function askServer(
  dataFolder: string,
  request: Request,
  tell: Run["progress"] = () => {},
): Promise<Outcome | null> {
  const path = socketPath(dataFolder);
  if (path === null) return Promise.resolve(null);
  const { promise, resolve, reject } = Promise.withResolvers<Outcome | null>();
  const socket = connect(path);
  const reader = new LineReader(longestLine);
  socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`));
  socket.on("data", (chunk: Buffer) => {
    const lines = reader.push(chunk);
    const words = (lines ?? ["null"]).map((line): unknown => JSON.parse(line));
    const far = words.map((one) => progress.safeParse(one));
    for (const { data } of far) if (data !== undefined) tell(data.progress.done, data.progress.total);
    const last = words.find((_, index) => far[index]?.success === false);
    if (last === undefined) return;
    const read = answer.safeParse(last);
    if (read.success) resolve(outcomeOf(read.data));
    else reject(new Error("the running server gave an answer that this version does not know"));
    socket.destroy();
  });
  socket.once("error", (error: NodeJS.ErrnoException) => {
    // No socket, or one that a crash left behind.
    if (error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR") resolve(null);
    else if (error.code === "EACCES") reject(new Error(`the server of ${dataFolder} belongs to another user`));
    else reject(error);
  });
  socket.once("close", () => reject(new Error("the server ended before it answered")));
  return promise;
}

function outcomeOf(read: Answer): Outcome {
  if (!("failed" in read)) return { done: read.done };
  const { failed, message, problems } = read;
  return problems === undefined ? { failed, message } : { failed, message, problems };
}
