import { connect } from "node:net";
import type { Asking, Heard } from "./by-udp.ts";
import type { NameServer } from "./name-server.ts";
import { isReplyTo } from "./question.ts";

/** Asks over a connection of its own, with the length before each message (RFC 1035 §4.2.2). */
export function askByTcp(server: NameServer, query: Buffer, { clock, timeoutMs, signal }: Asking): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const socket = connect({ host: server.address, port: server.port, noDelay: true });
  const timer = clock.after(timeoutMs, () => end("timeout"));
  const abort = () => end("unreachable");
  let received: Buffer = Buffer.alloc(0);
  function end(heard: Heard): void {
    timer.cancel();
    signal.removeEventListener("abort", abort);
    socket.destroy();
    resolve(heard);
  }
  socket.on("error", abort);
  socket.on("close", () => end(received.length > 0 ? "malformed" : "unreachable"));
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    if (received.length < 2) return;
    const length = received.readUInt16BE(0);
    if (received.length < length + 2) return;
    const reply = received.subarray(2, length + 2);
    end(isReplyTo(query, reply) ? reply : "malformed");
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  return promise;
}
