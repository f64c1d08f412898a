import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Read by one callback at a time, so one for all. */
const shared = Buffer.allocUnsafeSlow(65_536);

export type Opening = {
  readonly port: number;
  /** Of ours; on loopback there are 2^24. */
  readonly localAddress?: string;
  /** It will change to TLS, which does not go with a buffer of one's own. */
  readonly willSecure?: boolean;
};

/** A connection of the load generator, so lean that it is not the limit: replies are counted by their last lines, not read. */
export class LoadClient {
  #socket: Socket;
  #awaited = 0;
  #refusals = 0;
  #waiter: PromiseWithResolvers<number> | null = null;
  #broken: Error | null = null;
  /** Of the line that is coming in. */
  #column = 0;
  #firstDigit = 0;
  #isContinued = false;

  /** Resolves once the server has greeted. */
  static async open(opening: Opening): Promise<LoadClient> {
    const client = new LoadClient(opening);
    await client.replies(1);
    return client;
  }

  private constructor({ port, localAddress, willSecure = false }: Opening) {
    const count = (octets: number, buffer: Uint8Array): boolean => {
      this.#count(buffer, octets);
      return true;
    };
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(willSecure ? {} : { onread: { buffer: shared, callback: count } }),
    });
    if (willSecure) this.#socket.on("data", (chunk) => this.#count(chunk, chunk.length));
    this.#watch();
  }

  write(octets: Buffer): void {
    this.#socket.write(octets);
  }

  /** Resolves once `count` replies came, to how many of them were 4yz or 5yz. Rejects when the connection ends before. */
  replies(count: number): Promise<number> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    this.#awaited = count;
    this.#refusals = 0;
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  exchange(octets: Buffer, count: number): Promise<number> {
    const answered = this.replies(count);
    this.write(octets);
    return answered;
  }

  /** After the answer to STARTTLS. */
  async secure(): Promise<void> {
    this.#socket.removeAllListeners("data");
    const secured = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secured.once("secureConnect", resolve);
      secured.once("error", reject);
    });
    this.#socket = secured;
    this.#watch();
    secured.on("data", (chunk) => this.#count(chunk, chunk.length));
  }

  close(): void {
    this.#socket.destroy();
  }

  #watch(): void {
    const broken = (error: Error): void => {
      this.#broken = error;
      this.#waiter?.reject(error);
      this.#waiter = null;
    };
    this.#socket.on("error", broken);
    this.#socket.on("close", () => broken(new Error("the connection ended")));
  }

  #count(chunk: Uint8Array, octets: number): void {
    for (let at = 0; at < octets; at++) {
      const octet = chunk[at] ?? 0;
      if (octet === 10) {
        this.#column = 0;
        if (!this.#isContinued) this.#reply();
      } else {
        if (this.#column === 0) this.#firstDigit = octet;
        // "250-" goes on, "250 " ends a reply (RFC 5321 §4.2.1).
        else if (this.#column === 3) this.#isContinued = octet === 0x2d;
        this.#column++;
      }
    }
  }

  #reply(): void {
    if (this.#firstDigit >= 0x34) this.#refusals++;
    if (--this.#awaited > 0) return;
    this.#waiter?.resolve(this.#refusals);
    this.#waiter = null;
  }
}
