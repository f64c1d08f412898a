import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";

/** An SMTP client that says a line and hears the whole reply to it, its lines joined by "\n". */
export class LineClient {
  #socket: Socket;
  #text = "";
  #isEnded = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects and hears the greeting. `from`: any address of 127.0.0.0/8 is a client of its own. */
  static async dial(port: number, { from = "127.0.0.1", to = "127.0.0.1" } = {}): Promise<LineClient> {
    const client = await LineClient.connect(port, { from, to });
    assert.match(await client.hear(), /^220 /);
    return client;
  }

  /** Connects and hears nothing yet. */
  static async connect(port: number, { from = "127.0.0.1", to = "127.0.0.1" } = {}): Promise<LineClient> {
    const socket = connect({ port, host: to, ...(to.includes(":") ? {} : { localAddress: from }) });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new LineClient(socket);
  }

  send(octets: string | Uint8Array): void {
    this.#socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  }

  /** Sends, and waits while the server does not read. */
  async push(octets: Uint8Array): Promise<void> {
    if (!this.#socket.write(octets)) await new Promise<void>((resolve) => this.#socket.once("drain", resolve));
  }

  say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.hear();
  }

  /** Says lines one by one; the replies. */
  async sayAll(lines: readonly string[]): Promise<string[]> {
    const heard: string[] = [];
    for (const line of lines) heard.push(await this.say(line));
    return heard;
  }

  /** The next reply; "" when the server closed. */
  async hear(): Promise<string> {
    for (;;) {
      const reply = /^(?:\d{3}-[^\n]*\r\n)*\d{3}(?: [^\n]*)?\r\n/.exec(this.#text);
      if (reply !== null) {
        this.#text = this.#text.slice(reply[0].length);
        return reply[0].trimEnd().replaceAll("\r\n", "\n");
      }
      if (this.#isEnded) return "";
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** After 220 to STARTTLS; the certificate is not verified. */
  async handshake(): Promise<void> {
    const raw = this.#socket;
    raw.removeAllListeners();
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    this.#socket = secure;
    this.#listen();
  }

  /** The name in the server's certificate. */
  get subject(): string {
    return this.#socket instanceof TLSSocket ? String(this.#socket.getPeerCertificate().subject.CN) : "";
  }

  /** Goes away without a word, as a client that lost its patience or its line. */
  break(): void {
    this.#socket.resetAndDestroy();
  }

  end(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#wake?.();
    });
    const over = () => {
      this.#isEnded = true;
      this.#wake?.();
    };
    this.#socket.on("close", over).on("end", over).on("error", over);
  }
}
