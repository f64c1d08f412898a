import { createSocket } from "node:dgram";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_AVAILABLE } from "dns-packet";
import type { FakeName } from "./fake-resolver.ts";

/** What the server says of one name: the table of the fake resolver, and what only packets can say. */
export type ServedName = FakeName & {
  /** The name is an alias of this one. */
  readonly alias?: string;
  readonly ttl?: number;
};

/** One query as it came in. A behaviour may answer it in any way, at any time, or not at all. */
export type Query = {
  readonly name: string;
  readonly type: string;
  readonly by: "udp" | "tcp";
  readonly id: number;
  readonly port: number;
  readonly packet: Packet;
  /** What a server that tells the truth would say; `null` where the table says that it is silent. */
  readonly honest: Reply | null;
  readonly send: (reply: Reply | Buffer) => void;
  /** TCP only: sends these octets as they are, and closes. */
  readonly hangUp: (octets: Buffer) => void;
};

export type Reply = Packet & { readonly rcode?: number };
export type Behaviour = (query: Query) => void;

export const honestly: Behaviour = ({ honest, send }) => {
  if (honest !== null) send(honest);
};

export const soaOf = (ttl: number, minimum = ttl): Answer => ({
  type: "SOA",
  name: "test",
  ttl,
  data: { mname: "ns.test", rname: "root.test", serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

/** A recursive name server on loopback, by UDP and TCP, that tells what a table says, or lies as a test wants. */
export class DnsServer {
  readonly names: Map<string, ServedName>;
  readonly asked: Query[] = [];
  behave: Behaviour = honestly;
  readonly #udp = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  readonly #connections = new Set<Socket>();
  readonly #tcp = createServer((socket) => this.#listenTo(socket));
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(names: Readonly<Record<string, ServedName>>) {
    this.names = new Map(Object.entries(names));
  }

  static async start(names: Readonly<Record<string, ServedName>>): Promise<DnsServer> {
    // A port that is free for both kinds: another process may take it in between, so it may need a second look.
    for (let look = 0; ; look++) {
      const server = new DnsServer(names);
      try {
        await server.#open();
        return server;
      } catch (error) {
        if (look === 10) throw error;
        server.#tcp.close();
      }
    }
  }

  /** A server that ends with its test. */
  static async during(t: TestContext, names: Readonly<Record<string, ServedName>> = {}): Promise<DnsServer> {
    const server = await DnsServer.start(names);
    t.after(() => server.close());
    return server;
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  /** As the boot file names it. */
  get place(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** "MX a.test udp", in the order in which they came. */
  get heard(): string[] {
    return this.asked.map(({ type, name, by }) => `${type} ${name} ${by}`);
  }

  /** Resolves when so many queries have come in all. */
  async hasHeard(count: number): Promise<void> {
    if (this.asked.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** A place where nobody listens. */
  static async deadPlace(): Promise<string> {
    const server = await DnsServer.start({});
    const { place } = server;
    await server.close();
    return place;
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => void this.#tcp.close(() => resolve())),
      new Promise<void>((resolve) => this.#udp.close(() => resolve())),
    ]);
  }

  async #open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once("error", reject);
      this.#tcp.listen(0, "127.0.0.1", resolve);
    });
    await new Promise<void>((resolve, reject) => {
      this.#udp.once("error", reject);
      this.#udp.bind(this.port, "127.0.0.1", resolve);
    });
    this.#udp.on("error", () => {});
    this.#udp.on("message", (message, { port, address }) => {
      const send = (octets: Buffer) => this.#udp.send(octets, port, address);
      this.#take(message, { by: "udp", port, send, hangUp: () => {} });
    });
  }

  #listenTo(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("error", () => {});
    const port = socket.remotePort ?? 0;
    let received = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < received.readUInt16BE(0) + 2) return;
      const message = received.subarray(2, received.readUInt16BE(0) + 2);
      received = Buffer.alloc(0);
      const send = (octets: Buffer) => socket.write(framed(octets));
      this.#take(message, { by: "tcp", port, send, hangUp: (octets) => void socket.end(octets) });
    });
  }

  #take(
    message: Buffer,
    { by, port, send, hangUp }: Pick<Query, "by" | "port" | "hangUp"> & { send: (octets: Buffer) => void },
  ): void {
    const packet = decode(message);
    const { name = "", type = "" } = packet.questions?.[0] ?? {};
    const query: Query = {
      name,
      type,
      by,
      id: packet.id ?? 0,
      port,
      packet,
      honest: this.#truth(packet),
      send: (reply) => send(Buffer.isBuffer(reply) ? reply : replyOctets(reply)),
      hangUp,
    };
    this.asked.push(query);
    this.behave(query);
    for (const { resolve } of this.#waiting.filter(({ count }) => count <= this.asked.length)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count > this.asked.length);
  }

  #truth({ id = 0, questions = [] }: Packet): Reply | null {
    const answers: Answer[] = [];
    const reply = { id, questions, answers, flags: RECURSION_AVAILABLE };
    const [question] = questions;
    let name = question?.name.toLowerCase() ?? "";
    let known = this.names.get(name);
    for (let step = 0; known?.alias !== undefined && step < 20; step++) {
      answers.push({ type: "CNAME", name, ttl: known.ttl ?? 300, data: known.alias });
      name = known.alias;
      known = this.names.get(name);
    }
    const authorities = [soaOf(known?.ttl ?? 300)];
    const nxDomain = { ...reply, authorities, rcode: 3 };
    if (known === undefined) return nxDomain;
    const said = question?.type === "MX" ? known.mx : question?.type === "A" ? known.a : known.aaaa;
    if (said === undefined || said === "nodata" || said.length === 0) return { ...reply, authorities };
    if (said === "nxdomain") return nxDomain;
    if (said === "timeout") return null;
    if (said === "malformed")
      return { ...reply, answers: [{ type: "A", name, data: "192.0.2.1" }], rcode: 0, flags: -1 };
    if (said === "lame") return { ...reply, flags: 0, authorities: [{ type: "NS", name: "test", data: "ns.test" }] };
    if (typeof said === "string") return { ...reply, rcode: 2 };
    for (const one of said) {
      const ttl = known.ttl ?? 300;
      if (typeof one !== "string") {
        answers.push({ type: "MX", name, ttl, data: { preference: one[0], exchange: one[1] } });
      } else answers.push({ type: question?.type === "A" ? "A" : "AAAA", name, ttl, data: one });
    }
    return { ...reply, ...(known.isAuthentic === true ? { flags: reply.flags | authentic } : {}) };
  }
}

const authentic = 1 << 5;
export const authoritative = AUTHORITATIVE_ANSWER;

/** The octets of a reply; a reply with impossible flags loses its end. */
export function replyOctets({ rcode = 0, ...packet }: Reply): Buffer {
  const isBroken = packet.flags === -1;
  const flags = isBroken ? RECURSION_AVAILABLE : (packet.flags ?? 0) | rcode;
  const octets = encode({ ...packet, type: "response", flags });
  return isBroken ? octets.subarray(0, octets.length - 3) : octets;
}

export function framed(octets: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  return Buffer.concat([length, octets]);
}
