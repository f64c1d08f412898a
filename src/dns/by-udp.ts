import { createSocket } from "node:dgram";
import type { Clock } from "../time/clock.ts";
import type { NameServer } from "./name-server.ts";
import { isReplyTo } from "./question.ts";

/** `besieged`: so many packets came that are no reply to the question that somebody seems to guess (RFC 5452 §9.3). */
export type Heard = Buffer | "timeout" | "unreachable" | "malformed" | "besieged";

export type Asking = {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait: "unreachable". */
  readonly signal: AbortSignal;
};

const mostStrangers = 20;

/**
 * Asks over a socket of its own: its port is a random one, chosen by the kernel, and so is the number of the question
 * (RFC 5452 §9.2). The socket is connected, so the kernel passes only packets from the address and port that were asked.
 */
export function askByUdp(server: NameServer, query: Buffer, { clock, timeoutMs, signal }: Asking): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const socket = createSocket(server.ip.family === 4 ? "udp4" : "udp6");
  const timer = clock.after(timeoutMs, () => end("timeout"));
  const abort = () => end("unreachable");
  let strangers = 0;
  let isOpen = true;
  function end(heard: Heard): void {
    if (!isOpen) return;
    isOpen = false;
    timer.cancel();
    signal.removeEventListener("abort", abort);
    socket.close();
    resolve(heard);
  }
  socket.on("error", abort);
  socket.on("message", (reply) => {
    if (isReplyTo(query, reply)) end(reply);
    else if (++strangers >= mostStrangers) end("besieged");
  });
  socket.on("connect", () => {
    if (isOpen) socket.send(query);
  });
  socket.connect(server.port, server.address);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  return promise;
}
