import { IncomingMessages } from "../src/access/imap-messages.ts";
import { hasUtf8Names } from "../src/imap/enabled.ts";
import type { Piece } from "../src/imap/command.ts";
import { CommandDecoder, type Received } from "../src/imap/decoder.ts";
import { messageTarget, tagOf } from "../src/imap/literal.ts";
import type { Mail } from "../src/imap/mail.ts";
import { parseCommand } from "../src/imap/parse.ts";
import type { Chunk } from "../src/imap/response.ts";
import { Session, type Step } from "../src/imap/session.ts";
import { parsePlain } from "../src/sasl/plain.ts";

export type ImapWorld = {
  readonly mailOf: (login: string) => Mail;
  readonly passwords: ReadonlyMap<string, string>;
  readonly isTls: boolean;
  /** Passwords may pass without TLS. */
  readonly mayUseClear: boolean;
  readonly now: number;
};

const limits = { argumentOctets: 64 * 1024, messageOctets: 1_000_000, discardOctets: 64 * 1024 };

/** The IMAP machines put together without a socket: the smallest driver there can be. One command at a time. */
export class ImapMachine {
  isClosed = false;
  readonly session: Session;
  readonly #world: ImapWorld;
  readonly #decoder = new CommandDecoder();
  readonly #messages = new IncomingMessages();
  #out = "";
  #waitsFor: ((line: string) => void) | null = null;
  #isTls: boolean;
  #isShakingHands = false;

  constructor(world: ImapWorld) {
    this.#world = world;
    this.#isTls = world.isTls;
    const offer = () => ({
      mayStartTls: !this.#isTls,
      mechanisms: this.#isTls || world.mayUseClear ? ["PLAIN"] : [],
      appendLimit: limits.messageOctets,
    });
    this.session = new Session({ offer, now: () => world.now });
    this.#out = this.session.greeting("imap.example.test");
  }

  /** What the server said since the last call. */
  takeOutput(): string {
    const out = this.#out;
    this.#out = "";
    return out;
  }

  async receive(chunk: Buffer): Promise<void> {
    if (this.isClosed || this.#isShakingHands) return;
    this.#decoder.push(chunk);
    while (!this.isClosed && !this.#isShakingHands && (await this.#step()));
  }

  /** Says lines one by one, and returns what is answered to the last: lines without their ends. */
  async say(...lines: readonly string[]): Promise<string[]> {
    for (const line of lines) {
      this.takeOutput();
      await this.receive(Buffer.from(`${line}\r\n`));
    }
    return this.hear();
  }

  /** What was said since the last call, as lines. */
  hear(): string[] {
    return this.takeOutput().split("\r\n").slice(0, -1);
  }

  handshake(): void {
    this.#isShakingHands = false;
    this.#isTls = true;
  }

  /** What a driver does when the mail has news: while the session idles, or when NOTIFY asked for it. */
  async tellNews(): Promise<void> {
    const isIdle = this.#waitsFor !== null;
    if (isIdle || this.session.isNotified) await this.#send(this.session.news({ isIdle }));
  }

  async #step(): Promise<boolean> {
    if (this.#waitsFor !== null) {
      const line = this.#decoder.nextLine(10_000);
      if (line === null) return false;
      this.#waitsFor(line.toString("latin1"));
      return true;
    }
    const received = this.#decoder.next(limits);
    if (received !== null) await this.#take(received);
    return received !== null;
  }

  async #take(received: Received): Promise<void> {
    switch (received.is) {
      case "command":
        return this.#command(received.pieces);
      case "literal": {
        const { mail } = this.session;
        if (received.isMessage && mail === null) {
          const tag = messageTarget(received.pieces)?.tag ?? tagOf(received.pieces[0] ?? Buffer.alloc(0));
          this.#decoder.refuse();
          this.#out += this.session.complete(tag, { status: "BAD", text: "Log in first" });
          return;
        }
        this.#decoder.accept();
        if (received.isMessage && mail !== null) this.#messages.begin(mail);
        if (received.isSynchronising) this.#out += "+ go on\r\n";
        return;
      }
      case "octets":
        void this.#messages.write(received.octets);
        if (received.isLast) this.#decoder.keep({ elsewhere: await this.#messages.finish() });
        return;
      case "refused":
        this.#messages.discard();
        this.#out += this.session.complete(received.tag, received.completion);
        return;
      case "hopeless":
        return this.#end(`* BYE ${received.text}\r\n`);
      default:
        return received satisfies never;
    }
  }

  async #command(pieces: readonly Piece[]): Promise<void> {
    const parsed = parseCommand(pieces, { isUtf8: hasUtf8Names(this.session.enabled) });
    if (!("refused" in parsed)) return this.#do(parsed.tag, this.session.next(parsed.tag, parsed.command));
    this.#messages.discard();
    this.#out += this.session.complete(parsed.tag, parsed.refused);
  }

  async #do(tag: string, step: Step): Promise<void> {
    switch (step.do) {
      case "say":
        this.#out += step.text;
        return;
      case "answer":
        this.#messages.handOver();
        return this.#send(step.chunks);
      case "login":
        return this.#logIn(tag, step.login, step.password);
      case "authenticate":
        return this.#authenticate(tag, step.initial);
      case "startTls":
        this.#out += step.text;
        this.#decoder.takeRest();
        this.#isShakingHands = true;
        return;
      case "idle":
        this.#out += step.text;
        await this.#send(this.session.news({ isIdle: true }));
        this.#waitsFor = (line) => {
          this.#waitsFor = null;
          this.#out += this.session.idled(tag, line);
        };
        return;
      case "logout":
        return this.#end(step.text);
      default:
        return step satisfies never;
    }
  }

  async #send(chunks: AsyncIterable<Chunk>): Promise<void> {
    for await (const chunk of chunks) {
      if (typeof chunk === "string") this.#out += chunk;
      else if (chunk instanceof Uint8Array) this.#out += Buffer.from(chunk).toString();
      else for await (const octets of chunk.content.stream(chunk)) this.#out += Buffer.from(octets).toString();
    }
    if (this.session.isOver) this.#end("");
  }

  #end(text: string): void {
    this.#out += text;
    this.isClosed = true;
    this.#messages.discard();
    this.session.close();
  }

  #authenticate(tag: string, initial: Buffer | null): void {
    const check = (response: Buffer): void => {
      const claim = parsePlain(response);
      if ("refused" in claim) this.#out += this.session.complete(tag, { status: "BAD", text: claim.refused });
      else this.#logIn(tag, claim.login, claim.password);
    };
    if (initial !== null) return check(initial);
    this.#out += "+ \r\n";
    this.#waitsFor = (line) => {
      this.#waitsFor = null;
      if (line === "*") this.#out += this.session.complete(tag, { status: "BAD", text: "Cancelled" });
      else check(Buffer.from(line, "base64"));
    };
  }

  #logIn(tag: string, login: string, password: string): void {
    const isRight = password !== "" && this.#world.passwords.get(login) === password;
    if (isRight) {
      const mail = this.#world.mailOf(login);
      mail.watch((news) => this.session.hear(news));
      this.#out += this.session.loggedIn(tag, mail);
      return;
    }
    this.#out += this.session.complete(tag, { status: "NO", code: "AUTHENTICATIONFAILED", text: "Wrong" });
  }
}
