import type { Socket } from "node:net";

/** Calls `take` for each line that has come with its CRLF: what a connection that broke leaves of a line is none. */
export function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = "";
  socket.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
