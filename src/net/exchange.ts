import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Exchange } from "../accounts/exchange.ts";
import type { Visit } from "./visit.ts";

/** Begins a login by SASL on this socket; null: there is no such mechanism here. */
export function beginExchange(
  authenticator: Authenticator,
  { client, listener }: Visit,
  { mechanism, socket }: { readonly mechanism: string; readonly socket: Socket },
): Exchange | null {
  const tls = socket instanceof TLSSocket ? { exporter: () => exporterOf(socket) } : null;
  const purpose = listener.kind === "imap" || listener.kind === "pop3" ? "read" : "send";
  return authenticator.begin(mechanism, { client, listener: listener.name, purpose, tls });
}

/** RFC 9266: the tls-exporter channel binding, which only TLS 1.3 has without further conditions. */
function exporterOf(socket: TLSSocket): Buffer | null {
  if (socket.getProtocol() !== "TLSv1.3") return null;
  return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}
