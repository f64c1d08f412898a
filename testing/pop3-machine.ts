import { maxAuthLine, maxCommandLine, parseCommand } from "../src/pop3/command.ts";
import { Maildrop } from "../src/pop3/maildrop.ts";
import * as replies from "../src/pop3/replies.ts";
import { formatReply, type Reply } from "../src/pop3/reply.ts";
import { afterLogin, afterTls, greet, next, type Session, type Step } from "../src/pop3/session.ts";
import { Transparency } from "../src/pop3/transparency.ts";
import { textSizeOf } from "../src/message/line-ends.ts";
import { decodeBase64 } from "../src/sasl/base64.ts";
import { parsePlain } from "../src/sasl/plain.ts";
import { type Line, LineDecoder } from "../src/smtp/line-decoder.ts";

export type Pop3World = {
  readonly passwords: ReadonlyMap<string, string>;
  readonly messages: readonly Buffer[];
  readonly isTls: boolean;
  readonly mayUseClear: boolean;
};

/** The POP3 machines put together without a socket: the smallest driver there can be. */
export class Pop3Machine {
  isClosed = false;
  /** Messages that UPDATE removed, by number. */
  removed: readonly number[] = [];
  readonly #world: Pop3World;
  readonly #lines = new LineDecoder();
  #session: Session;
  #out: string;
  #login: ((response: Buffer) => void) | null = null;
  #isShakingHands = false;

  constructor(world: Pop3World) {
    this.#world = world;
    const mechanisms = ["PLAIN", "LOGIN"];
    const [session, greeting] = greet(
      {
        hostname: "mail.example.test",
        startTls: true,
        mechanismsInClear: world.mayUseClear ? mechanisms : [],
        mechanismsOverTls: mechanisms,
        loginDelay: 0,
        expire: null,
      },
      { tls: world.isTls },
    );
    this.#session = session;
    this.#out = formatReply(greeting);
  }

  /** What the server said since the last call. */
  takeOutput(): string {
    const out = this.#out;
    this.#out = "";
    return out;
  }

  receive(chunk: Buffer): void {
    // What comes in clear behind STLS reaches the TLS layer, never us.
    if (this.isClosed || this.#isShakingHands) return;
    this.#lines.push(chunk);
    while (!this.isClosed && !this.#isShakingHands) {
      const line = this.#lines.next(this.#login === null ? maxCommandLine : maxAuthLine);
      if (line === null) return;
      if (this.#login === null) this.#command(line);
      else this.#answer(line);
    }
  }

  handshake(): void {
    if (!this.#isShakingHands) throw new Error("nobody asked for TLS");
    this.#isShakingHands = false;
    this.#session = afterTls(this.#session);
  }

  #command(line: Line): void {
    const [session, step] = next(this.#session, parseCommand(line));
    this.#session = session;
    this.#do(step);
    if (session.faults > 50 && !this.isClosed) this.#end(replies.tooManyErrors);
  }

  #do(step: Step): void {
    switch (step.do) {
      case "reply":
        return this.#say(step.reply);
      case "list":
        this.#say(step.reply);
        for (const line of step.lines) this.#out += `${line}\r\n`;
        this.#out += ".\r\n";
        return;
      case "logIn":
        return this.#check(step.login, step.password);
      case "authenticate":
        // LOGIN is `sasl/login.ts` and no matter of ours.
        this.#login = (response) => {
          const claim = parsePlain(response);
          if ("refused" in claim) this.#say(replies.authMalformed);
          else this.#check(claim.login, claim.password);
        };
        if (step.initial === null) this.#out += "+ \r\n";
        else this.#respond(step.initial);
        return;
      case "startTls":
        this.#say(step.reply);
        this.#lines.takeRest();
        this.#isShakingHands = true;
        return;
      case "retrieve":
        return this.#retrieve(step);
      case "update":
        this.removed = step.uids;
        return this.#end(step.reply);
      case "close":
        return this.#end(step.reply);
      default:
        return step satisfies never;
    }
  }

  #retrieve({ reply, uid, lines }: Extract<Step, { do: "retrieve" }>): void {
    this.#say(reply);
    const out = new Transparency({ hasTextLines: false, lines });
    const pieces = [...out.push(this.#world.messages[uid - 1] ?? Buffer.alloc(0)), ...out.finish()];
    this.#out += Buffer.concat(pieces).toString("latin1");
  }

  #answer(line: Line): void {
    const response = line.flaw === null && line.text !== "*" ? decodeBase64(line.text) : null;
    if (response !== null) return this.#respond(response);
    this.#login = null;
    this.#say(line.flaw === null && line.text === "*" ? replies.authCancelled : replies.authMalformed);
  }

  #respond(response: Buffer): void {
    const login = this.#login;
    this.#login = null;
    login?.(response);
  }

  #check(login: string, password: string): void {
    if (password === "" || this.#world.passwords.get(login) !== password) return this.#say(replies.badCredentials);
    const { messages } = this.#world;
    const maildrop = new Maildrop(1_001, {
      uids: messages.map((_, index) => index + 1),
      sizes: messages.map((message) => textSizeOf(message)),
    });
    const [session, reply] = afterLogin(this.#session, maildrop);
    this.#session = session;
    this.#say(reply);
  }

  #say(reply: Reply): void {
    this.#out += formatReply(reply);
  }

  #end(reply: Reply): void {
    this.#say(reply);
    this.isClosed = true;
  }
}
