import type { Socket } from "node:net";
import type { Account } from "../accounts/account.ts";
import type { SessionEnd } from "../events/catalogue.ts";
import type { Offer } from "../imap/capabilities.ts";
import type { Piece } from "../imap/command.ts";
import { CommandDecoder, type Limits, type Received } from "../imap/decoder.ts";
import type { Mail, MailboxNews } from "../imap/mail.ts";
import { parseCommand } from "../imap/parse.ts";
import type { Chunk, Completion } from "../imap/response.ts";
import { Session, type Step } from "../imap/session.ts";
import { hasUtf8Names } from "../imap/enabled.ts";
import { messageTarget, tagOf } from "../imap/literal.ts";
import type { Conversation } from "../net/listener.ts";
import { StoreUnavailable } from "../store/store.ts";
import { Connection, type ConnectionContext, type Speaker, type Visit } from "./connection.ts";
import { loginRefusal } from "./imap-login-refusal.ts";
import { IncomingMessages } from "./imap-messages.ts";
import { Login, type LoginContext, type LoginStep } from "./login.ts";

/** What all IMAP sessions of a listener share. */
export type ImapContext = ConnectionContext &
  LoginContext & {
    readonly hostname: string;
    readonly isTlsImplicit: boolean;
    /** By whether TLS is on; the mechanisms of a connection without exporter leave SCRAM-PLUS out. */
    readonly offer: (connection: Pick<Visit, "tls">) => Offer;
    readonly mailOf: (account: Account) => Mail;
    /** Waiting for a command: half an hour at least (RFC 9051 §5.4). */
    readonly idleMs: number;
    /** Until somebody is logged in. */
    readonly loginMs: number;
    /** Waiting for the next octets of a message. */
    readonly contentMs: number;
    readonly maxErrors: number;
  };

/** What the session waits for. `working`: for ourselves. */
type Doing = "commands" | "login" | "idle" | "working";

/** Octets that a client may send ahead of what is being done. */
const maxAhead = 64 * 1024;
/** DONE, and what others say instead. */
const maxDoneLine = 1_024;
/** Of an answer in AUTHENTICATE (RFC 4954 §4 says the same of SMTP). */
const maxAuthLine = 12_288;

/** ID alone may have 30 fields of a kilobyte each (RFC 2971 §3.3). */
const beforeLogin: Limits = { argumentOctets: 40 * 1024, messageOctets: 64 * 1024, discardOctets: 64 * 1024 };
const argumentOctets = 64 * 1024;
const discardOctets = 1024 * 1024;

/** The driver of one IMAP session: feeds the machine with commands and does its steps. Nothing in it decides. */
export class ImapConversation implements Conversation, Speaker {
  readonly #context: ImapContext;
  readonly #connection: Connection;
  readonly #decoder = new CommandDecoder();
  readonly #messages = new IncomingMessages();
  readonly #login: Login;
  readonly #session: Session;
  #limits = beforeLogin;
  #doing: Doing = "commands";
  /** Of the command that is being done: LOGIN, AUTHENTICATE, IDLE. */
  #tag = "";
  #hasGreeted = false;
  #hasFinished = false;
  #isStopping = false;
  /** News are being told outside a command. */
  #isTelling = false;
  #unwatch: (() => void) | null = null;

  constructor(context: ImapContext, socket: Socket, visit: Visit) {
    this.#context = context;
    this.#connection = new Connection(context, { socket, visit }, this);
    this.#login = new Login(context, this.#connection);
    this.#session = new Session({ offer: () => context.offer(visit), now: context.now });
    if (context.isTlsImplicit) this.#connection.startTls();
    else this.#greet();
  }

  get visit(): Visit {
    return this.#connection.visit;
  }

  get deadline(): number {
    return this.#connection.deadline;
  }

  expire(): void {
    this.#connection.expire();
  }

  stop(): void {
    this.#isStopping = true;
    if (this.#doing !== "working" && !this.#isTelling) this.#bye("shutdown", "The server stops");
  }

  destroy(reason: SessionEnd): void {
    this.#connection.destroy(reason);
  }

  // What the connection tells

  receive(octets: Buffer): void {
    this.#decoder.push(octets);
    if (this.#mayRead) this.#read();
    else if (this.#decoder.size > maxAhead) this.#connection.hold();
  }

  clientFinished(): void {
    this.#hasFinished = true;
    this.#closeAfterLast();
  }

  secured(): void {
    if (this.#hasGreeted) this.#wait();
    else this.#greet();
  }

  /** Autologout (RFC 9051 §5.4). What we are slow at is not the client's fault. */
  timedOut(): void {
    if (this.#doing === "working" && !this.#connection.isBlocked) this.#wait();
    else this.#bye("timeout", "Nothing was heard for too long");
  }

  drained(): void {
    this.#wait();
    if (this.#mayRead) this.#read();
  }

  over(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    this.#messages.discard();
    this.#session.close();
  }

  // Reading

  #greet(): void {
    this.#hasGreeted = true;
    this.#connection.say(this.#session.greeting(this.#context.hostname));
    this.#connection.flush();
    this.#wait();
  }

  get #mayRead(): boolean {
    const { isBlocked, isOver, isInHandshake } = this.#connection;
    return this.#doing !== "working" && !this.#isTelling && !isBlocked && !isOver && !isInHandshake;
  }

  /** Takes what came while nothing else is to be done; pipelined commands are answered one after the other. */
  #read(): void {
    let hasRead = false;
    try {
      while (this.#mayRead && this.#readNext()) hasRead = true;
    } catch (error) {
      this.#connection.fault(error, "* BYE Something is wrong here\r\n");
    }
    this.#connection.flush();
    if (this.#decoder.size <= maxAhead) this.#connection.release();
    if (hasRead && !this.#connection.isInHandshake) this.#wait();
    this.#closeAfterLast();
  }

  /** False: nothing whole is there. */
  #readNext(): boolean {
    switch (this.#doing) {
      case "login": {
        const line = this.#decoder.nextLine(maxAuthLine);
        if (line === null) return false;
        if (line === "too-long") this.#bye("too many errors", "The line is too long");
        else this.#loginTakes(this.#login.answer(line.toString("latin1")));
        return true;
      }
      case "idle": {
        const line = this.#decoder.nextLine(maxDoneLine);
        if (line === null) return false;
        if (line === "too-long") this.#bye("too many errors", "The line is too long");
        else this.#endIdle(line.toString("latin1"));
        return true;
      }
      case "commands": {
        const received = this.#decoder.next(this.#limits);
        if (received !== null) this.#take(received);
        return received !== null;
      }
      case "working":
        return false;
      default:
        return this.#doing satisfies never;
    }
  }

  /** When the client closed its side and all that it sent is answered. */
  #closeAfterLast(): void {
    if (this.#hasFinished && this.#mayRead) this.#connection.end("closed by client");
  }

  #take(received: Received): void {
    switch (received.is) {
      case "command":
        return this.#command(received.pieces);
      case "literal":
        return this.#beginLiteral(received);
      case "octets":
        return this.#takeOctets(received);
      case "refused":
        this.#messages.discard();
        this.#connection.say(this.#session.complete(received.tag, received.completion));
        return this.#endIfHopeless();
      case "hopeless":
        return this.#bye("too many errors", received.text);
      default:
        return received satisfies never;
    }
  }

  #command(pieces: readonly Piece[]): void {
    const parsed = parseCommand(pieces, { isUtf8: hasUtf8Names(this.#session.enabled) });
    if ("refused" in parsed) {
      this.#messages.discard();
      this.#connection.say(this.#session.complete(parsed.tag, parsed.refused));
    } else {
      this.#do(parsed.tag, this.#session.next(parsed.tag, parsed.command));
    }
    this.#endIfHopeless();
  }

  #endIfHopeless(): void {
    if (this.#session.faults > this.#context.maxErrors) this.#bye("too many errors", "Too many commands were wrong");
  }

  // Literals

  #beginLiteral({ isMessage, isSynchronising, pieces }: Extract<Received, { is: "literal" }>): void {
    const { mail } = this.#session;
    if (isMessage && mail === null) {
      const tag = messageTarget(pieces)?.tag ?? tagOf(pieces[0] ?? Buffer.alloc(0));
      this.#decoder.refuse();
      this.#connection.say(this.#session.complete(tag, { status: "BAD", text: "Log in first" }));
      return;
    }
    this.#decoder.accept();
    if (isMessage && mail !== null) {
      this.#tag = messageTarget(pieces)?.tag ?? "";
      this.#messages.begin(mail);
    }
    if (isSynchronising) this.#connection.say("+ go on\r\n");
  }

  #takeOctets({ octets, isLast }: Extract<Received, { is: "octets" }>): void {
    this.#connection.wait(this.#context.contentMs);
    const full = this.#messages.write(octets);
    if (isLast) return this.#work(this.#endMessage());
    if (full !== null) this.#work(full);
  }

  async #endMessage(): Promise<void> {
    try {
      this.#decoder.keep({ elsewhere: await this.#messages.finish() });
    } catch (error) {
      this.#messages.discard();
      this.#decoder.refuse();
      this.#trouble(error);
      this.#connection.say(this.#session.complete(this.#tag, sorryFor(error)));
    }
  }

  // Steps

  #do(tag: string, step: Step): void {
    switch (step.do) {
      case "say":
        if (step.isSecretExposed === true) this.#warnOfSecret();
        return this.#connection.say(step.text);
      case "answer":
        this.#messages.handOver();
        return this.#work(this.#send(step.chunks), tag);
      case "login":
        this.#tag = tag;
        return this.#loginTakes(this.#login.byPassword(step.login, step.password));
      case "authenticate":
        this.#tag = tag;
        return this.#loginTakes(this.#login.begin(step.mechanism, step.initial));
      case "startTls":
        this.#connection.say(step.text);
        // What came in clear behind STARTTLS is never read as if it had come inside TLS (RFC 9051 §11.1, CVE-2011-0411).
        this.#decoder.takeRest();
        return this.#connection.startTls();
      case "idle":
        this.#tag = tag;
        return this.#beginIdle(step.text);
      case "logout":
        return this.#connection.end("quit", step.text);
      default:
        return step satisfies never;
    }
  }

  #warnOfSecret(): void {
    const { session, clientText, listener } = this.visit;
    this.#context.emit({ name: "secret-exposed", session, client: clientText, listener: listener.name });
  }

  /** Reads no commands until it is done. */
  #work(work: Promise<void>, tag?: string): void {
    this.#doing = "working";
    this.#wait();
    work.then(
      () => this.#goOn(),
      (error: unknown) => this.#failed(error, tag),
    );
  }

  #goOn(): void {
    if (this.#connection.isOver) return;
    if (this.#doing === "working") this.#doing = "commands";
    if (this.#session.isOver) return this.#bye("quit");
    if (this.#isStopping) return this.stop();
    this.#wait();
    this.#keepWatch();
    this.#tellNews();
    this.#read();
  }

  /** The whole answer, as fast as the client reads it. */
  async #send(chunks: AsyncIterable<Chunk>): Promise<void> {
    let isLineOpen = false;
    try {
      for await (const chunk of chunks) {
        isLineOpen = typeof chunk !== "string" || /(?:[^\n]|\{\d+\}\r\n)$/.test(chunk);
        const full = this.#connection.send(chunk);
        if (full !== null) await full;
        if (this.#connection.isOver) return;
      }
    } catch (error) {
      // In the middle of a literal nothing can be said any more that the client would not take for a part of it.
      if (isLineOpen) this.#connection.destroy("broken");
      throw error;
    }
  }

  #failed(error: unknown, tag: string | undefined): void {
    this.#trouble(error);
    if (this.#connection.isOver) return;
    if (tag === undefined) return this.#bye("broken", "Something is wrong here");
    this.#connection.say(this.#session.complete(tag, sorryFor(error)));
    this.#goOn();
  }

  #trouble(error: unknown): void {
    const isOurs = error instanceof Error && !(error instanceof StoreUnavailable);
    const problem = error instanceof Error ? ((isOurs ? error.stack : undefined) ?? error.message) : String(error);
    this.#context.emit({ name: "trouble", doing: `session ${this.visit.session}`, problem });
  }

  #bye(reason: SessionEnd, text = ""): void {
    this.#connection.end(reason, text === "" ? "" : `* BYE ${text}\r\n`);
  }

  // Login

  #loginTakes(step: LoginStep | Promise<LoginStep>): void {
    if (!(step instanceof Promise)) return this.#loginTaken(step);
    this.#work(step.then((later) => this.#loginTaken(later)));
  }

  #loginTaken(step: LoginStep): void {
    if (this.#connection.isOver) return;
    switch (step.do) {
      case "challenge":
        this.#doing = "login";
        return this.#connection.say(`+ ${step.data.toString("base64")}\r\n`);
      case "accept": {
        this.#doing = "commands";
        const mail = this.#context.mailOf(step.account);
        this.#limits = { argumentOctets, messageOctets: mail.appendLimit, discardOctets };
        return this.#connection.say(this.#session.loggedIn(this.#tag, mail));
      }
      case "refuse": {
        this.#doing = "commands";
        const line = this.#session.complete(this.#tag, loginRefusal(step.reason));
        if (step.isLast) return this.#connection.end("too many errors", `${line}* BYE Too many logins failed\r\n`);
        return this.#connection.say(line);
      }
      default:
        return step satisfies never;
    }
  }

  // IDLE

  #beginIdle(text: string): void {
    this.#doing = "idle";
    this.#connection.say(text);
    this.#keepWatch();
    this.#tellNews();
  }

  #endIdle(line: string): void {
    this.#doing = "commands";
    this.#keepWatch();
    this.#connection.say(this.#session.idled(this.#tag, line));
    this.#endIfHopeless();
  }

  /** Hears of what happens in the mail while somebody wants to be told. */
  #keepWatch(): void {
    if (this.#doing === "idle" || this.#session.isNotified) {
      this.#unwatch ??= this.#session.mail?.watch(this.#onNews) ?? null;
    } else {
      this.#unwatch?.();
      this.#unwatch = null;
    }
  }

  readonly #onNews = (news: MailboxNews): void => {
    this.#session.hear(news);
    this.#tellNews();
  };

  /** Tells what happened, and once more what happens meanwhile. */
  #tellNews(): void {
    const isIdle = this.#doing === "idle";
    if (this.#isTelling || !(isIdle || (this.#doing === "commands" && this.#session.isNotified))) return;
    if (!this.#session.hasNews({ isIdle })) return;
    this.#isTelling = true;
    this.#send(this.#session.news({ isIdle })).then(
      () => {
        this.#isTelling = false;
        if (this.#connection.isOver) return;
        this.#connection.flush();
        if (this.#session.isOver) return this.#bye("quit");
        if (this.#isStopping) return this.stop();
        if (this.#session.hasNews({ isIdle })) this.#tellNews();
        else this.#read();
      },
      (error: unknown) => {
        this.#isTelling = false;
        this.#failed(error, undefined);
      },
    );
  }

  #wait(): void {
    const { idleMs, loginMs } = this.#context;
    this.#connection.wait(this.#session.mail === null ? loginMs : idleMs);
  }
}

/** We, or the disk, are wrong: the command failed, the session goes on. */
function sorryFor(error: unknown): Completion {
  const code = error instanceof StoreUnavailable ? "UNAVAILABLE" : "SERVERBUG";
  return { status: "NO", code, text: "Something is wrong here, try again later" };
}
