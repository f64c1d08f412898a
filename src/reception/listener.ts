import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Account } from "../accounts/account.ts";
import type { Ip } from "../address/address.ts";
import { formatIp, isAnyAddress, parseIp } from "../address/ip.ts";
import type { ListenerConfig } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import * as replies from "../smtp/replies.ts";
import { formatReply, type Reply } from "../smtp/reply.ts";
import { Conversation } from "./conversation.ts";
import type { Occupancy } from "./occupancy.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Visit } from "./visit.ts";

export type ListenerContext = {
  readonly occupancy: Occupancy;
  readonly admitsConnection: (client: Ip) => boolean;
  readonly nextSession: () => string;
  readonly emit: Emit;
};

/** Connections that may wait to be accepted: a burst of clients must not meet a closed door. */
const backlog = 4_096;

/** One open port of the boot file with its conversations. */
export class Listener {
  readonly #config: ListenerConfig;
  readonly #context: ListenerContext;
  readonly #around: Surroundings;
  readonly #server: Server;
  readonly #conversations = new Map<Visit, Conversation>();
  /** What each connection reaches, where it can only be one address. */
  #local: Ip | null = null;

  constructor(config: ListenerConfig, context: ListenerContext, around: Omit<Surroundings, "closed">) {
    this.#config = config;
    this.#context = context;
    this.#around = { ...around, closed: (visit) => this.#closed(visit) };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Resolves to the address that was opened; throws with the listener's name when it cannot be. */
  async open(): Promise<AddressInfo> {
    const { name, port } = this.#config;
    const address = formatIp(this.#config.address);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        reject(
          new Error(`listener ${name}: cannot listen on ${address} port ${port}: ${describe(error)}`, { cause: error }),
        );
      });
      this.#server.listen({ host: address, port, backlog }, resolve);
    });
    const opened = this.#server.address();
    if (opened === null || typeof opened === "string") throw new Error(`listener ${name}: has no address`);
    this.#local = isAnyAddress(this.#config.address) ? null : this.#config.address;
    return opened;
  }

  /** Ends what waited longer than it may. Called once a second for all conversations: no timer each. */
  sweep(now: number): void {
    for (const conversation of this.#conversations.values()) if (conversation.deadline < now) conversation.expire();
  }

  /** Ends the sessions of accounts that were disabled or deleted, or whose password was changed. */
  endSessions(isStillWelcome: (account: Account) => boolean): void {
    for (const conversation of this.#conversations.values()) {
      const { account } = conversation.visit;
      if (account !== null && !isStillWelcome(account)) conversation.stop();
    }
  }

  /** No new connections; those with nothing under way end now. Resolves when all have ended or `graceMs` is over. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const conversation of this.#conversations.values()) conversation.stop();
    const grace = setTimeout(() => {
      for (const conversation of this.#conversations.values()) conversation.destroy("shutdown");
    }, graceMs);
    await closed;
    clearTimeout(grace);
  }

  #accept(socket: Socket): void {
    const client = parseIp(socket.remoteAddress ?? "");
    // Gone before it was accepted.
    if (client === null) return void socket.destroy();
    const limit = this.#context.occupancy.enter(client);
    if (limit !== null) {
      const reply = limit === "all" ? replies.tooManyConnections : replies.tooManyFromYou;
      return this.#turnAway(socket, { client, reply, reason: `too many connections: ${limit}` });
    }
    if (!this.#context.admitsConnection(client)) {
      this.#context.occupancy.leave(client);
      return this.#turnAway(socket, { client, reply: replies.connectionRefused(), reason: "connection-refused" });
    }
    const visit: Visit = {
      session: this.#context.nextSession(),
      client,
      clientText: formatIp(client),
      local: this.#local ?? parseIp(socket.localAddress ?? ""),
      listener: this.#config,
      tls: null,
      account: null,
    };
    this.#context.emit({
      name: "session-opened",
      session: visit.session,
      listener: this.#config.name,
      client: visit.clientText,
    });
    this.#conversations.set(visit, new Conversation(this.#around, socket, visit));
  }

  #turnAway(socket: Socket, why: { readonly client: Ip; readonly reply: Reply; readonly reason: string }): void {
    const { client, reply, reason } = why;
    this.#context.emit({ name: "session-refused", listener: this.#config.name, client: formatIp(client), reason });
    socket.on("error", () => socket.destroy());
    // With implicit TLS there is nobody to read a reply in clear.
    if (this.#config.tls === "implicit") return void socket.destroy();
    socket.end(formatReply(reply), "latin1", () => socket.destroy());
  }

  #closed(visit: Visit): void {
    if (this.#conversations.delete(visit)) this.#context.occupancy.leave(visit.client);
  }
}

function describe(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") return "another program listens there already";
  if (error.code === "EACCES") return "no permission (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
  if (error.code === "EADDRNOTAVAIL") return "this machine has no such address";
  return error.message;
}
