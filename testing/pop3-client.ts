import { connect, type Socket } from "node:net";

/** A POP3 client that says a line and hears what comes back. */
export class Pop3Client {
  readonly #socket: Socket;
  #text = "";
  #isEnded = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (octets: Buffer) => {
      this.#text += octets.toString("latin1");
      this.#wake?.();
    });
    for (const event of ["end", "close", "error"]) {
      socket.on(event, () => {
        this.#isEnded = true;
        this.#wake?.();
      });
    }
  }

  /** Connects and hears the greeting. */
  static async dial(port: number): Promise<Pop3Client> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const client = new Pop3Client(socket);
    await client.hear();
    return client;
  }

  /** And logs in; what it hears. */
  static async logIn(port: number, login = "anna", password = "secret"): Promise<readonly [Pop3Client, string]> {
    const client = await Pop3Client.dial(port);
    await client.say(`USER ${login}`);
    return [client, await client.say(`PASS ${password}`)];
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, "latin1"));
  }

  say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.hear();
  }

  /** The next line; "" when the server closed. */
  async hear(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#isEnded) return "";
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Lines up to the dot alone; the first is the reply. */
  async sayForMany(line: string): Promise<readonly string[]> {
    const lines = [await this.say(line)];
    if (!lines[0]?.startsWith("+OK")) return lines;
    for (let next = await this.hear(); next !== "."; next = await this.hear()) lines.push(next);
    return lines;
  }

  /** Everything until the server closes. */
  async hearAll(): Promise<string> {
    while (!this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#text;
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Says that nothing more comes, and goes on reading. */
  finish(): void {
    this.#socket.end();
  }

  /** As a cable is cut; resolves when the socket is gone here. */
  async cut(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.resetAndDestroy();
    await gone;
  }
}
