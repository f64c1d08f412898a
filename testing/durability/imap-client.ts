import { connect, type Socket } from "node:net";
import { localDomain, password } from "./numbered-message.ts";

/** One line of the server's, each literal in it as `{}` in the text and as octets beside it. */
export type Told = { readonly text: string; readonly literals: readonly Buffer[] };

export type Answer = {
  readonly status: string;
  /** The tagged line. */
  readonly text: string;
  readonly untagged: readonly Told[];
};

/** Octets of a literal up to which the client does not wait to be asked for it (RFC 7888). */
const unasked = 4_096;

/** A client that says one command at a time and hears all of its answer; what a broken connection leaves of one is none. */
export class ImapClient {
  readonly #socket: Socket;
  readonly #name: string;
  #commands = 0;
  #rest: Buffer = Buffer.alloc(0);
  #told: Told[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  /** `name`: begins its tags, which then nobody else has. */
  constructor(port: number, name: string) {
    this.#name = name;
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // A server that was killed resets its connections.
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.once("close", () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Hears the greeting and logs in; false: the server is gone. */
  async login(account: string): Promise<boolean> {
    if (!((await this.#next())?.text.startsWith("* OK") ?? false)) return false;
    const answer = await this.say(`LOGIN ${account}@${localDomain} "${password}"`);
    if (answer !== null && answer.status !== "OK") throw new Error(answer.text);
    return answer !== null;
  }

  /** Buffers are sent as literals. Null: the connection ended before the answer did. */
  async say(...pieces: readonly (string | Buffer)[]): Promise<Answer | null> {
    const tag = `${this.#name}.${++this.#commands}`;
    const untagged: Told[] = [];
    let waiting = `${tag} `;
    for (const piece of pieces) {
      if (typeof piece === "string") {
        waiting += piece;
        continue;
      }
      const isAsked = piece.length > unasked;
      this.#socket.write(`${waiting}{${piece.length}${isAsked ? "" : "+"}}\r\n`);
      waiting = "";
      const answer = isAsked ? await this.#hear(tag, untagged) : "go on";
      if (answer !== "go on") return answer;
      this.#socket.write(piece);
    }
    this.#socket.write(`${waiting}\r\n`);
    const answer = await this.#hear(tag, untagged);
    if (answer === "go on") throw new Error(`${tag}: nothing was to follow`);
    return answer;
  }

  end(): void {
    this.#socket.destroy();
  }

  async #hear(tag: string, untagged: Told[]): Promise<Answer | "go on" | null> {
    for (;;) {
      const told = await this.#next();
      if (told === null) return null;
      const { text } = told;
      if (text.startsWith("+")) return "go on";
      if (text.startsWith(`${tag} `)) return { status: text.split(" ")[1] ?? "", text, untagged };
      untagged.push(told);
    }
  }

  async #next(): Promise<Told | null> {
    while (this.#told.length === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#told.shift() ?? null;
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let told = this.#whole(); told !== null; told = this.#whole()) this.#told.push(told);
    this.#wake();
  }

  /** Takes the first line with its literals out of what has come, if all of it has. */
  #whole(): Told | null {
    const literals: Buffer[] = [];
    let text = "";
    for (let at = 0; ;) {
      const end = this.#rest.indexOf("\r\n", at);
      if (end < 0) return null;
      const line = this.#rest.toString("latin1", at, end);
      const size = /\{(\d+)\}$/.exec(line)?.[1];
      at = end + 2;
      if (size === undefined) {
        this.#rest = this.#rest.subarray(at);
        return { text: text + line, literals };
      }
      text += line.replace(/\{\d+\}$/, "{}");
      if (this.#rest.length < at + Number(size)) return null;
      literals.push(this.#rest.subarray(at, at + Number(size)));
      at += Number(size);
    }
  }
}
