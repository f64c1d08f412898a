import { formatIp } from "../address/ip.ts";
import type { HttpConfig } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Certificates } from "../tls/certificates.ts";
import { addDiscoveryRoutes, type DiscoveryContext } from "./discovery-routes.ts";
import { createInjectedServer, listenFor } from "./injecting-server.ts";

export type HttpOptions = DiscoveryContext & {
  readonly http: HttpConfig;
  readonly certificates: Certificates;
  readonly emit: Emit;
};

/** Octets of a body: what Outlook posts is some hundred. */
const bodyLimit = 64 * 1024;

/** What is served over HTTP; rejects when it cannot listen. */
export async function openHttp({ http, certificates, emit, ...discovery }: HttpOptions): Promise<{
  readonly port: number;
  close(): Promise<void>;
}> {
  const { fastify } = await import("fastify");
  const server = fastify({
    bodyLimit,
    serverFactory: (handler) => createInjectedServer(handler),
    // The other end of a proxy is not asked who it is: nothing here depends on the client.
    trustProxy: false,
  });
  server.addHook("onSend", (_request, reply, payload, done) => {
    reply.header("x-content-type-options", "nosniff");
    done(null, payload);
  });
  server.setErrorHandler((error: { readonly statusCode?: number; readonly message: string }, _request, reply) => {
    const code = error.statusCode ?? 500;
    if (code >= 500) emit({ name: "trouble", doing: "answering over HTTP", problem: error.message });
    return reply
      .code(code)
      .type("text/plain; charset=utf-8")
      .send(code >= 500 ? "Not now.\n" : "Bad request.\n");
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).type("text/plain; charset=utf-8").send("There is nothing here.\n"),
  );
  addDiscoveryRoutes(server, discovery);
  await server.ready();
  const socket = await listenFor(server.server, {
    host: formatIp(http.address),
    port: http.port,
    certificates: http.tls === "implicit" ? certificates : null,
  });
  return {
    port: socket.port,
    async close() {
      await socket.close();
      await server.close();
    },
  };
}
