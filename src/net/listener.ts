import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { Account } from "../accounts/account.ts";
import type { Ip } from "../address/address.ts";
import { formatIp, isAnyAddress, parseIp } from "../address/ip.ts";
import type { ListenerConfig } from "../config/schema.ts";
import type { SessionEnd } from "../events/catalogue.ts";
import type { Emit } from "../events/emit.ts";
import type { Occupancy, Refused } from "./occupancy.ts";
import type { Visit } from "./visit.ts";

/** One session as its listener sees it, whatever its protocol. */
export interface Conversation {
  readonly visit: { readonly account: Account | null };
  /** Milliseconds since 1970 after which `expire` is called. */
  readonly deadline: number;
  expire(): void;
  /** Ends at once when nothing is under way, else after that. */
  stop(): void;
  destroy(reason: SessionEnd): void;
}

/** What is behind an open port: the protocol that is spoken there. */
export type Door<Kind extends ListenerConfig["kind"] = ListenerConfig["kind"]> = {
  readonly config: ListenerConfig & { readonly kind: Kind };
  readonly admits: (client: Ip) => boolean;
  /** Last words to a client that finds no place, or is not admitted. */
  readonly turnAway: (why: Refused | "not admitted") => string;
  /** Called once; `closed`: the session with this visit is over, its socket closed. */
  readonly open: (closed: (visit: Visit<Kind>) => void) => (socket: Socket, visit: Visit<Kind>) => Conversation;
};

export type ListenerContext = {
  readonly occupancy: Occupancy;
  readonly nextSession: () => string;
  readonly emit: Emit;
};

/** Connections that may wait to be accepted: a burst of clients must not meet a closed door. */
const backlog = 4_096;

/** One open port of the boot file with its conversations. */
export class Listener<Kind extends ListenerConfig["kind"] = ListenerConfig["kind"]> {
  readonly #door: Door<Kind>;
  readonly #context: ListenerContext;
  readonly #converse: (socket: Socket, visit: Visit<Kind>) => Conversation;
  readonly #server: Server;
  readonly #conversations = new Map<Visit<Kind>, Conversation>();
  /** What each connection reaches, where it can only be one address. */
  #local: Ip | null = null;

  constructor(door: Door<Kind>, context: ListenerContext) {
    this.#door = door;
    this.#context = context;
    this.#converse = door.open((visit) => this.#closed(visit));
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Resolves to the address that was opened; throws with the listener's name when it cannot be. */
  async open(): Promise<AddressInfo> {
    const { name, port, address: ip } = this.#door.config;
    const address = formatIp(ip);
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
    this.#local = isAnyAddress(ip) ? null : ip;
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
    if (limit !== null) return this.#turnAway(socket, client, limit);
    if (!this.#door.admits(client)) {
      this.#context.occupancy.leave(client);
      return this.#turnAway(socket, client, "not admitted");
    }
    const { name } = this.#door.config;
    const visit: Visit<Kind> = {
      session: this.#context.nextSession(),
      client,
      clientText: formatIp(client),
      local: this.#local ?? parseIp(socket.localAddress ?? ""),
      listener: this.#door.config,
      tls: null,
      account: null,
    };
    this.#context.emit({ name: "session-opened", session: visit.session, listener: name, client: visit.clientText });
    this.#conversations.set(visit, this.#converse(socket, visit));
  }

  #turnAway(socket: Socket, client: Ip, why: Refused | "not admitted"): void {
    const { name, tls } = this.#door.config;
    const reason = why === "not admitted" ? "connection-refused" : `too many connections: ${why}`;
    this.#context.emit({ name: "session-refused", listener: name, client: formatIp(client), reason });
    socket.on("error", () => socket.destroy());
    // With implicit TLS there is nobody to read a reply in clear.
    if (tls === "implicit") return void socket.destroy();
    socket.end(this.#door.turnAway(why), "latin1", () => socket.destroy());
  }

  #closed(visit: Visit<Kind>): void {
    if (this.#conversations.delete(visit)) this.#context.occupancy.leave(visit.client);
  }
}

function describe(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") return "another program listens there already";
  if (error.code === "EACCES") return "no permission (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
  if (error.code === "EADDRNOTAVAIL") return "this machine has no such address";
  return error.message;
}
