import type { Socket } from "node:net";
import type { SessionEnd } from "../events/catalogue.ts";
import type { MailRefusal, MessageContent, OpenMailbox } from "../imap/mail.ts";
import { numbersOf } from "../imap/number-set.ts";
import type { Conversation } from "../net/listener.ts";
import { maxAuthLine, maxCommandLine, parseCommand } from "../pop3/command.ts";
import { Maildrop } from "../pop3/maildrop.ts";
import * as replies from "../pop3/replies.ts";
import { formatReply, type Reply } from "../pop3/reply.ts";
import { afterLogin, afterTls, greet, next, type Offer, type Session, type Step } from "../pop3/session.ts";
import { Transparency } from "../pop3/transparency.ts";
import { type Line, LineDecoder } from "../smtp/line-decoder.ts";
import type { Account } from "../accounts/account.ts";
import { Connection, type ConnectionContext, type Speaker, type Visit } from "./connection.ts";
import { Login, type LoginContext, type LoginFailure, type LoginStep } from "./login.ts";
import type { Maildrops, Taken } from "./pop3-maildrops.ts";
import { ReadAhead } from "./pop3-read-ahead.ts";

/** What POP3 needs of the mail of an account. */
export interface MailWithInbox {
  open(name: "INBOX", how: "read-write"): Promise<Inbox | MailRefusal>;
}
export type Inbox = Pick<OpenMailbox, "rows" | "content" | "remove" | "close"> & {
  readonly opened: Pick<OpenMailbox["opened"], "uidValidity" | "uids">;
};

/** What all POP3 sessions of a listener share. */
export type Pop3Context = ConnectionContext &
  LoginContext & {
    readonly offer: Offer;
    readonly isTlsImplicit: boolean;
    readonly mailOf: (account: Account) => MailWithInbox;
    readonly maildrops: Maildrops;
    /** Waiting for a command: ten minutes at least (RFC 1939 §3). */
    readonly idleMs: number;
    /** Waiting for the next answer of a login exchange. */
    readonly loginMs: number;
    readonly maxErrors: number;
  };

/** What the session waits for. `working`: for ourselves. */
type Doing = "commands" | "login" | "working";

/** The maildrop of an account while a session has it. */
type Open = {
  readonly mailbox: Inbox;
  readonly contents: ReadAhead;
  readonly maildrop: Maildrop;
  readonly taken: Taken;
};

/** Octets of commands that a client may send ahead. */
const maxAhead = 64 * 1024;

/** The driver of one POP3 session: feeds the machine with lines and does its steps. Nothing in it decides. */
export class Pop3Conversation implements Conversation, Speaker {
  readonly #context: Pop3Context;
  readonly #connection: Connection;
  readonly #lines = new LineDecoder();
  readonly #login: Login;
  #session: Session;
  #greeting: Reply | null;
  #doing: Doing = "commands";
  #open: Open | null = null;
  #hasFinished = false;
  #isStopping = false;

  constructor(context: Pop3Context, socket: Socket, visit: Visit) {
    this.#context = context;
    this.#connection = new Connection(context, { socket, visit }, this);
    this.#login = new Login(context, this.#connection);
    const [session, greeting] = greet(context.offer, { tls: context.isTlsImplicit });
    this.#session = session;
    this.#greeting = greeting;
    if (context.isTlsImplicit) this.#connection.startTls();
    else this.#welcome();
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

  /** Without UPDATE: what was marked stays. */
  stop(): void {
    this.#isStopping = true;
    if (this.#doing !== "working") this.#connection.end("shutdown", formatReply(replies.shuttingDown));
  }

  destroy(reason: SessionEnd): void {
    this.#connection.destroy(reason);
  }

  // What the connection tells

  receive(octets: Buffer): void {
    this.#lines.push(octets);
    if (this.#mayRead) this.#readLines();
    else if (this.#lines.size > maxAhead) this.#connection.hold();
  }

  clientFinished(): void {
    this.#hasFinished = true;
    this.#closeAfterLast();
  }

  secured(): void {
    if (this.#greeting !== null) return this.#welcome();
    this.#session = afterTls(this.#session);
    this.#wait();
  }

  /** Autologout: no reply, nothing is removed (RFC 1939 §3). What we are slow at is not the client's fault. */
  timedOut(): void {
    if (this.#doing === "working" && !this.#connection.isBlocked) this.#wait();
    else this.#connection.end("timeout");
  }

  drained(): void {
    this.#wait();
    this.#readLines();
  }

  /** However it ended, the next session may have the maildrop now (field case O-51), or when an UPDATE under way is done. */
  over(): void {
    if (this.#doing !== "working") this.#release();
  }

  // Commands

  #welcome(): void {
    if (this.#greeting !== null) this.#say(this.#greeting);
    this.#greeting = null;
    this.#connection.flush();
    this.#wait();
  }

  get #mayRead(): boolean {
    return this.#doing !== "working" && !this.#connection.isBlocked && !this.#connection.isOver;
  }

  /** Takes lines while there are any and nothing else is to be done. */
  #readLines(): void {
    let hasRead = false;
    try {
      while (this.#mayRead && !this.#connection.isInHandshake) {
        const line = this.#lines.next(this.#doing === "login" ? maxAuthLine : maxCommandLine);
        if (line === null) break;
        hasRead = true;
        if (this.#doing === "login") this.#take(this.#login.answer(line.flaw === null ? line.text : null));
        else this.#command(line);
      }
    } catch (error) {
      this.#fault(error);
    }
    this.#connection.flush();
    if (this.#lines.size <= maxAhead) this.#connection.release();
    if (hasRead && !this.#connection.isInHandshake) this.#wait();
    this.#closeAfterLast();
  }

  /** When the client closed its side and all that it sent is answered. */
  #closeAfterLast(): void {
    if (this.#hasFinished && this.#mayRead) this.#connection.end("closed by client");
  }

  #command(line: Line): void {
    const [session, step] = next(this.#session, parseCommand(line));
    this.#session = session;
    this.#do(step);
    if (session.faults > this.#context.maxErrors)
      this.#connection.end("too many errors", formatReply(replies.tooManyErrors));
  }

  #do(step: Step): void {
    switch (step.do) {
      case "reply":
        if (step.isSecretExposed === true) this.#warnOfSecret();
        return this.#say(step.reply);
      case "list":
        this.#say(step.reply);
        return this.#work(this.#list(step.lines));
      case "logIn":
        return this.#take(this.#login.byPassword(step.login, step.password));
      case "authenticate":
        return this.#take(this.#login.begin(step.mechanism, step.initial));
      case "startTls":
        this.#say(step.reply);
        // What came in clear behind STLS is never read as if it had come inside TLS (RFC 2595 §4, CVE-2011-0411).
        this.#lines.takeRest();
        return this.#connection.startTls();
      case "retrieve":
        return this.#retrieve(step);
      case "update":
        return this.#work(this.#update(step));
      case "close":
        return this.#connection.end("quit", formatReply(step.reply));
      default:
        return step satisfies never;
    }
  }

  #say(reply: Reply): void {
    this.#connection.say(formatReply(reply));
  }

  #warnOfSecret(): void {
    const { session, clientText, listener } = this.visit;
    this.#context.emit({ name: "secret-exposed", session, client: clientText, listener: listener.name });
  }

  /** Reads no lines until it is done; null: it is done already. */
  #work(work: Promise<void> | null): void {
    if (work === null) return;
    this.#doing = "working";
    this.#wait();
    this.#connection.flush();
    work.then(
      () => this.#goOn(),
      (error: unknown) => {
        this.#doing = "commands";
        if (this.#connection.isOver) this.#release();
        this.#fault(error);
      },
    );
  }

  #goOn(): void {
    if (this.#doing === "working") this.#doing = "commands";
    if (this.#connection.isOver) return this.#release();
    if (this.#isStopping) return this.stop();
    this.#wait();
    this.#readLines();
  }

  // Login

  #take(step: LoginStep | Promise<LoginStep>): void {
    if (step instanceof Promise) this.#work(step.then((later) => this.#taken(later) ?? undefined));
    else this.#work(this.#taken(step));
  }

  #taken(step: LoginStep): Promise<void> | null {
    switch (step.do) {
      case "challenge":
        this.#doing = "login";
        this.#connection.say(`+ ${step.data.toString("base64")}\r\n`);
        return null;
      case "accept":
        if (this.#doing === "login") this.#doing = "commands";
        return this.#openMaildrop(step.account);
      case "refuse":
        if (this.#doing === "login") this.#doing = "commands";
        if (step.isLast) this.#connection.end("too many errors", formatReply(loginRefusal(step.reason)));
        else this.#say(loginRefusal(step.reason));
        return null;
      default:
        return step satisfies never;
    }
  }

  async #openMaildrop(account: Account): Promise<void> {
    const taken = this.#context.maildrops.take(account.id);
    if (typeof taken === "string") {
      this.visit.account = null;
      return this.#say(taken === "in use" ? replies.inUse : replies.tooSoon(this.#context.offer.loginDelay));
    }
    try {
      this.#open = await readMaildrop(this.#context.mailOf(account), taken);
    } catch (error) {
      taken.release();
      this.visit.account = null;
      this.#trouble("opening a maildrop", error);
      return this.#say(replies.tryLater);
    }
    const [session, reply] = afterLogin(this.#session, this.#open.maildrop);
    this.#session = session;
    this.#say(reply);
  }

  #release(): void {
    const open = this.#open;
    this.#open = null;
    open?.mailbox.close();
    open?.taken.release();
  }

  // Messages

  /** As many lines as the client reads. */
  #list(lines: Iterable<string>): Promise<void> | null {
    const iterator = lines[Symbol.iterator]();
    return this.#listOn(iterator) ? null : this.#listSlowly(iterator);
  }

  /** Whether it came to the end. */
  #listOn(lines: Iterator<string>): boolean {
    while (!this.#connection.isBlocked) {
      const { done, value } = lines.next();
      if (done === true) {
        this.#connection.say(".\r\n");
        return true;
      }
      this.#connection.say(`${value}\r\n`);
    }
    return false;
  }

  async #listSlowly(lines: Iterator<string>): Promise<void> {
    while (!this.#connection.isOver && !this.#listOn(lines)) await this.#connection.room();
  }

  #retrieve(step: Extract<Step, { do: "retrieve" }>): void {
    const open = this.#open;
    if (open === null) throw new Error("a message without a maildrop");
    const found = open.contents.take(step.number);
    if (!(found instanceof Promise)) return this.#work(this.#send(step, found));
    this.#work(
      found.then(
        (content) => this.#send(step, content) ?? undefined,
        (error: unknown) => {
          this.#trouble("reading a message", error);
          this.#say(replies.tryLater);
        },
      ),
    );
  }

  #send(step: Extract<Step, { do: "retrieve" }>, content: MessageContent | null): Promise<void> | null {
    if (content === null) {
      this.#say(replies.messageGone);
      return null;
    }
    this.#say(step.reply);
    const hasTextLines = this.#open?.maildrop.sizeOf(step.number) === content.size;
    const out = new Transparency({ hasTextLines, lines: step.lines });
    if (content.bytes === null) return this.#stream(content, out);
    this.#sendAll(out.push(content.bytes));
    this.#sendAll(out.finish());
    return null;
  }

  async #stream(content: MessageContent, out: Transparency): Promise<void> {
    for await (const octets of content.stream({ from: 0, to: content.size })) {
      this.#sendAll(out.push(octets));
      if (this.#connection.isBlocked) await this.#connection.room();
      if (this.#connection.isOver || out.isDone) break;
    }
    this.#sendAll(out.finish());
  }

  #sendAll(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#connection.sendOctets(piece);
  }

  // UPDATE (RFC 1939 §6)

  async #update({ uids, reply }: Extract<Step, { do: "update" }>): Promise<void> {
    try {
      await this.#open?.mailbox.remove(numbersOf(uids));
    } catch (error) {
      this.#trouble("removing messages", error);
      return this.#connection.end("quit", formatReply(replies.notRemoved));
    }
    this.#connection.end("quit", formatReply(reply));
  }

  // Ending

  #wait(): void {
    this.#connection.wait(this.#doing === "login" ? this.#context.loginMs : this.#context.idleMs);
  }

  #trouble(doing: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.#context.emit({ name: "trouble", doing: `${doing}, session ${this.visit.session}`, problem });
  }

  #fault(error: unknown): void {
    this.#connection.fault(error, formatReply(replies.internalError));
  }
}

/** The INBOX of an account as it is now. */
async function readMaildrop(mail: MailWithInbox, taken: Taken): Promise<Open> {
  const mailbox = await mail.open("INBOX", "read-write");
  if ("refused" in mailbox) throw new Error(mailbox.text);
  const { uidValidity, uids: all } = mailbox.opened;
  const uids: number[] = [];
  const sizes: number[] = [];
  for await (const rows of mailbox.rows(all, {})) {
    for (const { uid, textSize } of rows) {
      uids.push(uid);
      sizes.push(textSize);
    }
  }
  const maildrop = new Maildrop(uidValidity, { uids, sizes });
  return { mailbox, maildrop, contents: new ReadAhead(mailbox, maildrop), taken };
}

/** A disabled account sounds like a wrong password: a stranger learns nothing about which accounts there are. */
function loginRefusal(reason: LoginFailure): Reply {
  switch (reason) {
    case "credentials":
    case "disabled":
      return replies.badCredentials;
    case "malformed":
      return replies.authMalformed;
    case "cancelled":
      return replies.authCancelled;
    case "not-offered":
      return replies.unknownMechanism;
    case "busy":
    case "throttled":
    case "unavailable":
      return replies.tryLater;
    default:
      return reason satisfies never;
  }
}
