import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { formatIp } from "../address/ip.ts";
import type { Ip } from "../address/address.ts";

export type Dial = (to: { readonly ip: Ip; readonly port: number; readonly timeoutMs: number }) => Promise<Duplex>;

/** Connects; rejects with the system's error, or after `timeoutMs`. */
export function dial(to: { readonly ip: Ip; readonly port: number; readonly timeoutMs: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: formatIp(to.ip), port: to.port, noDelay: true });
    const timer = setTimeout(() => fail(new Error("connection timed out")), to.timeoutMs);
    function fail(error: Error): void {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    }
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeListener("error", fail);
      resolve(socket);
    });
  });
}
