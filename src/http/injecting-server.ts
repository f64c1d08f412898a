import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer, type AddressInfo, type Server as NetServer } from "node:net";
import { TLSSocket } from "node:tls";
import type { Certificates } from "../tls/certificates.ts";

/** Octets and milliseconds that a request may take: strangers can ask here. */
const limits = { headerOctets: 16 * 1024, headersMs: 10_000, requestMs: 20_000, idleMs: 5_000, connections: 1_000 };

/** An HTTP server without a socket of its own: connections are put into it, in clear or inside TLS. */
export function createInjectedServer(handler: RequestListener): Server {
  const server = createHttpServer(
    {
      maxHeaderSize: limits.headerOctets,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: 1_000,
    },
    handler,
  );
  server.maxRequestsPerSocket = 100;
  return server;
}

export type HttpSocket = { readonly port: number; close(): Promise<void> };

/**
 * Listens and puts what connects into `server`. TLS is done here, by the certificate of the moment, so that a renewed one serves the
 * next connection like those of mail.
 */
export async function listenFor(
  server: Server,
  {
    host,
    port,
    certificates,
  }: { readonly host: string; readonly port: number; readonly certificates: Certificates | null },
): Promise<HttpSocket> {
  const sockets = new Set<{ destroy(): void }>();
  const net: NetServer = createServer((raw) => {
    sockets.add(raw);
    raw.once("close", () => sockets.delete(raw));
    raw.on("error", () => raw.destroy());
    if (certificates === null) return void server.emit("connection", raw);
    raw.setTimeout(limits.headersMs, () => raw.destroy());
    const secure = new TLSSocket(raw, { isServer: true, secureContext: certificates.current() });
    secure.on("error", () => raw.destroy());
    secure.once("secure", () => {
      raw.setTimeout(0);
      server.emit("connection", secure);
    });
  });
  net.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    net.once("error", reject);
    net.listen({ host, port }, resolve);
  });
  return {
    port: (net.address() as AddressInfo).port,
    async close() {
      const ended = new Promise<void>((resolve) => void net.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  };
}
