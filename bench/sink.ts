import { type AddressInfo, createServer, type Server } from "node:net";

/** The next hop of the relay suite: takes everything, keeps nothing, counts messages and knows when the last one came. */
export class Sink {
  readonly #server: Server;
  #messages = 0;
  #lastAt = 0;
  #wanted: { readonly messages: number; readonly resolve: (lastAt: number) => void } | null = null;

  static async open(): Promise<Sink> {
    const sink = new Sink();
    await new Promise<void>((resolve) => sink.#server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve));
    return sink;
  }

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      let [text, isContent] = ["", false];
      socket.on("error", () => socket.destroy());
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        for (;;) {
          const end = text.indexOf(isContent ? "\r\n.\r\n" : "\r\n");
          // A dot whose line end came ahead of it is still found: that much of the content is looked at again.
          if (end < 0) return void (isContent ? (text = text.slice(-4)) : null);
          const verb = text.slice(0, 4).toUpperCase();
          text = text.slice(end + (isContent ? 5 : 2));
          if (isContent) this.#took();
          isContent = !isContent && verb === "DATA";
          if (isContent) socket.write("354 go\r\n");
          else if (verb === "EHLO") socket.write("250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
          else if (verb === "QUIT") socket.end("221 bye\r\n");
          else socket.write("250 ok\r\n");
        }
      });
      socket.write("220 sink.test\r\n");
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Counts from nothing again. */
  begin(): void {
    this.#messages = 0;
  }

  /** Resolves to the time at which the last of so many messages had come. */
  has(messages: number): Promise<number> {
    if (this.#messages >= messages) return Promise.resolve(this.#lastAt);
    return new Promise((resolve) => (this.#wanted = { messages, resolve }));
  }

  #took(): void {
    this.#messages++;
    this.#lastAt = performance.now();
    if (this.#wanted === null || this.#messages < this.#wanted.messages) return;
    this.#wanted.resolve(this.#lastAt);
    this.#wanted = null;
  }
}
