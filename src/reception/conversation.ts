import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { addressOf } from "../accounts/account.ts";
import { formatAddress } from "../address/path.ts";
import type { Config } from "../config/schema.ts";
import type { SessionEnd } from "../events/catalogue.ts";
import { parseCommand } from "../smtp/command.ts";
import { type Line, LineDecoder, maxAuthLine, maxCommandLine } from "../smtp/line-decoder.ts";
import * as replies from "../smtp/replies.ts";
import type { Reply } from "../smtp/reply.ts";
import {
  afterContent,
  afterLogin,
  afterTls,
  type Answer,
  greet,
  next,
  type Question,
  resume,
  type Session,
  type Step,
} from "../smtp/server-session.ts";
import type { Admitted, RecipientAnswer } from "./gate.ts";
import { Incoming } from "./incoming.ts";
import { Login, type LoginStep } from "./login.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Visit } from "./visit.ts";

/** What the conversation waits for; in each state it reads the socket differently. */
type Doing = "commands" | "asking" | "login" | "checking" | "content" | "storing" | "handshake" | "closed";

/** Octets of commands that a client may send ahead while a question is open. */
const maxAhead = 64 * 1024;
/** How long a client has to close its side and to read our last words. */
const lingerMs = 10_000;
/** Wrong passwords in one session before it is closed. */
const maxLoginFailures = 5;

/**
 * The driver of one SMTP session: the only place with its socket. Reads, feeds the machine, does its step, writes; owns
 * deadlines, back-pressure and the TLS upgrade. Nothing in it decides.
 */
export class Conversation {
  readonly visit: Visit;
  /** Milliseconds since 1970 after which the listener ends the conversation: see `expire`. */
  deadline = 0;
  readonly #around: Surroundings;
  readonly #lines = new LineDecoder();
  readonly #out: Outbox;
  #socket: Socket;
  #session: Session;
  #doing: Doing = "commands";
  #hasEnded = false;
  #isStopping = false;
  #commands = 0;
  #loginFailures = 0;
  #admitted: Admitted[] = [];
  #login: Login | null = null;
  #incoming: Incoming | null = null;

  constructor(around: Surroundings, socket: Socket, visit: Visit) {
    this.#around = around;
    this.#socket = socket;
    this.visit = visit;
    this.#out = new Outbox(socket, () => this.#goOn());
    const [session, greeting] = greet(around.offerFor(visit), { tls: around.listener.tls === "implicit" });
    this.#session = session;
    if (around.listener.tls === "implicit") this.#startTls(greeting);
    else {
      this.#listen(socket);
      this.#out.say(greeting);
      this.#out.flush();
    }
    this.#wait();
  }

  /** Whether a transaction or a login is under way that a graceful stop should let end. */
  get isBusy(): boolean {
    return this.#doing !== "commands" || this.#session.transaction !== null;
  }

  /** The deadline is over: 421 where a reply can be read, then the end (RFC 5321 §3.8, §4.5.3.2). */
  expire(): void {
    if (this.#doing === "closed") return void this.#socket.destroy();
    // The store answers or the process ends; a slow disk is not the client's fault.
    if (this.#doing === "storing" || this.#isHeldUp) return this.#wait();
    this.#end(replies.timedOut, "timeout");
  }

  /** Ends at once when nothing is under way, else after the transaction. */
  stop(): void {
    this.#isStopping = true;
    if (!this.isBusy) this.#end(replies.shuttingDown, "shutdown");
  }

  destroy(reason: SessionEnd): void {
    this.#close(reason);
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#doing === "content") return this.#receive(chunk);
    // No more time for that: a command has its time as a whole, however slowly its octets come.
    this.#lines.push(chunk);
    if (this.#isReadingLines && !this.#out.isBlocked) this.#readLines();
    else if (this.#lines.size > maxAhead) this.#socket.pause();
  };

  /** The client will send no more; what it sent is answered, then we end too. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#doing === "content") this.#close("closed by client");
    else this.#closeAfterLast();
  };

  readonly #onClose = (): void => {
    this.#close(this.#doing === "handshake" ? "tls failed" : "closed by client");
    this.#around.closed(this.visit);
  };

  readonly #onError = (error: Error): void => {
    if (this.#doing === "handshake") {
      const { session, clientText } = this.visit;
      this.#around.emit({ name: "tls-failed", session, client: clientText, reason: error.message });
    }
    this.#close(this.#doing === "handshake" ? "tls failed" : "broken");
  };

  get #isReadingLines(): boolean {
    return this.#doing === "commands" || this.#doing === "login";
  }

  /** Takes lines while there are any and nothing is open. */
  #readLines(): void {
    let hasRead = false;
    try {
      while (this.#isReadingLines && !this.#out.isBlocked) {
        const line = this.#lines.next(this.#doing === "login" ? maxAuthLine : maxCommandLine);
        if (line === null) break;
        hasRead = true;
        if (this.#doing === "login") this.#answerLogin(line);
        else this.#command(line);
      }
    } catch (error) {
      this.#fault(error);
    }
    this.#out.flush();
    if (hasRead && this.#doing !== "closed") this.#wait();
    this.#closeAfterLast();
  }

  /** When the client closed its side and all that it sent is answered. */
  #closeAfterLast(): void {
    if (this.#hasEnded && this.#isReadingLines && !this.#out.isBlocked) this.#close("closed by client");
  }

  #command(line: Line): void {
    if (++this.#commands > this.#around.limits.commands) return this.#end(replies.tooManyCommands, "too many errors");
    const command = parseCommand(line, this.#session.syntax);
    const [session, step] = next(this.#session, command);
    this.#session = session;
    this.#do(step);
    if (this.#session.faults > this.#around.limits.errors) this.#end(replies.tooManyErrors, "too many errors");
    else if (this.#isStopping && !this.isBusy) this.#end(replies.shuttingDown, "shutdown");
  }

  #do(step: Step): void {
    switch (step.do) {
      case "reply":
        if (step.isSecretExposed === true) this.#warnOfSecret();
        return this.#out.say(step.reply);
      case "ask":
        return this.#ask(step.question);
      case "receiveContent":
        return this.#startContent(step.reply);
      case "startTls":
        this.#out.say(step.reply);
        this.#out.flush();
        return this.#startTls(null);
      case "authenticate":
        return this.#startLogin(step.mechanism, step.initial);
      case "discard":
        this.#lines.skip(step.octets);
        return this.#out.say(step.reply);
      case "close":
        return this.#end(step.reply, "quit");
      default:
        return step satisfies never;
    }
  }

  #warnOfSecret(): void {
    const { session, clientText, listener } = this.visit;
    this.#around.emit({ name: "secret-exposed", session, client: clientText, listener: listener.name });
  }

  // Questions

  #ask(question: Question): void {
    if (question.ask === "malformed sender") return this.#resume(question, this.#around.gate.sender(this.visit, null));
    if (question.ask === "sender") {
      this.#admitted = [];
      const answer = this.#around.gate.sender(this.visit, question.reversePath);
      const shortage = answer.ok ? this.#around.shortage() : null;
      return this.#resume(question, shortage === null ? answer : refusal(shortage));
    }
    const reversePath = this.#session.transaction?.reversePath ?? null;
    const answer = this.#around.gate.recipient(this.visit, { reversePath, forwardPath: question.forwardPath });
    if (!(answer instanceof Promise)) return this.#admit(question, answer);
    this.#doing = "asking";
    this.#out.flush();
    answer.then(
      (later) => this.#resumeReading("asking", () => this.#admit(question, later)),
      (error: unknown) => this.#fault(error),
    );
  }

  #admit(question: Question, { answer, admitted }: RecipientAnswer): void {
    if (admitted !== null) {
      this.#admitted.push(admitted);
      // Recipients have a limit of their own.
      this.#commands--;
    }
    this.#resume(question, answer);
  }

  #resume(question: Question, answer: Answer): void {
    const [session, step] = resume(this.#session, question, answer);
    this.#session = session;
    this.#do(step);
  }

  /** Back to lines after something that took time; the conversation may have ended meanwhile. */
  #resumeReading(was: Doing, act: () => void): void {
    if (this.#doing !== was) return;
    this.#doing = "commands";
    try {
      act();
    } catch (error) {
      return this.#fault(error);
    }
    if (this.#isStopping && !this.isBusy) return this.#end(replies.shuttingDown, "shutdown");
    this.#wait();
    this.#readLines();
    this.#readOn();
  }

  // Content

  #startContent(reply: Reply): void {
    const { transaction, hello } = this.#session;
    if (transaction === null || hello === null) throw new Error("content without a transaction");
    const { limits, listener, intake, timeouts } = this.#around;
    const agreed = { visit: this.visit, hello, transaction, admitted: this.#admitted };
    const incoming = new Incoming(intake, agreed, {
      maxSize: limits.messageSize,
      bareLineEnds: listener.bareLineEnds,
      pace: { lateMs: timeouts.content, leastRate: limits.contentRate },
      heldUpChanged: () => this.#heldUpChanged(),
      failed: (error) => this.#fault(error),
    });
    this.#incoming = incoming;
    this.#doing = "content";
    this.#out.say(reply);
    this.#out.flush();
    incoming.begin();
    const early = this.#lines.takeRest();
    if (early.length > 0) this.#receive(early);
  }

  #receive(chunk: Buffer): void {
    const incoming = this.#incoming;
    if (incoming === null) return;
    try {
      const rest = incoming.push(chunk);
      this.#wait();
      if (rest !== null) this.#store(incoming, rest);
    } catch (error) {
      this.#fault(error);
    }
  }

  get #isHeldUp(): boolean {
    return this.#incoming?.isHeldUp === true;
  }

  #heldUpChanged(): void {
    if (this.#doing !== "content") return;
    this.#wait();
    if (this.#isHeldUp) this.#socket.pause();
    else this.#readOn();
  }

  #store(incoming: Incoming, rest: Buffer): void {
    this.#doing = "storing";
    if (rest.length > 0) this.#lines.push(rest);
    incoming.finish().then(
      (reply) => {
        this.#incoming = null;
        this.#resumeReading("storing", () => {
          if (reply.code < 400) this.#commands = 0;
          const { transaction } = this.#session;
          this.#session = afterContent(this.#session);
          if (this.visit.listener.kind !== "lmtp") return this.#out.say(reply);
          // One reply for each recipient that was accepted, in their order (RFC 2033 §4.2).
          transaction?.recipients.forEach((_, index) => this.#out.say(incoming.refusalOf(index) ?? reply));
        });
      },
      (error: unknown) => this.#fault(error),
    );
  }

  // Login

  #startLogin(mechanism: string, initial: Buffer | null): void {
    this.#login = Login.open(this.#around.authenticator, this.visit, { mechanism, socket: this.#socket });
    if (this.#login === null) this.#out.say(replies.unknownMechanism);
    else this.#doLogin(this.#login.begin(initial));
  }

  #answerLogin(line: Line): void {
    if (this.#login === null) throw new Error("an answer without a login");
    this.#doLogin(this.#login.answer(line));
  }

  #doLogin(step: LoginStep | Promise<LoginStep>): void {
    if (step instanceof Promise) {
      this.#doing = "checking";
      step.then(
        (later) => this.#resumeReading("checking", () => this.#doLogin(later)),
        (error: unknown) => this.#fault(error),
      );
      return;
    }
    const { session, clientText } = this.visit;
    const { emit } = this.#around;
    switch (step.do) {
      case "challenge":
        this.#doing = "login";
        return this.#out.say(step.reply);
      case "accept": {
        const account = formatAddress(addressOf(step.account));
        this.#endLogin();
        this.visit.account = step.account;
        this.#session = afterLogin(this.#session, account);
        emit({ name: "login-accepted", session, client: clientText, account });
        return this.#out.say(step.reply);
      }
      case "refuse":
        this.#endLogin();
        emit({ name: "login-refused", session, client: clientText, reason: step.reason });
        if (++this.#loginFailures >= maxLoginFailures) return this.#end(replies.tooManyErrors, "too many errors");
        return this.#out.say(step.reply);
      default:
        return step satisfies never;
    }
  }

  #endLogin(): void {
    this.#login = null;
    this.#doing = "commands";
  }

  // TLS

  /** `greeting`: what to say first once the handshake is done (implicit TLS). */
  #startTls(greeting: Reply | null): void {
    const raw = this.#socket;
    raw.removeAllListeners();
    // What came in clear behind STARTTLS is never read as if it had come inside TLS: RFC 3207 §4.2, CVE-2011-0411.
    this.#lines.takeRest();
    this.#doing = "handshake";
    const secure = new TLSSocket(raw, { isServer: true, secureContext: this.#around.certificates.current() });
    this.#socket = secure;
    this.#out.moveTo(secure);
    this.#listen(secure);
    secure.once("secure", () => {
      if (this.#doing !== "handshake") return;
      this.visit.tls = { protocol: secure.getProtocol() ?? "TLS", cipher: secure.getCipher().name };
      this.#doing = "commands";
      if (greeting === null) this.#session = afterTls(this.#session);
      else this.#out.say(greeting);
      this.#out.flush();
      this.#wait();
    });
  }

  // Ending

  /** Reads the socket again, unless the client leaves our replies unread, or is held up for another reason. */
  #readOn(): void {
    const isAhead = this.#doing !== "content" && this.#lines.size > maxAhead;
    if (!this.#out.isBlocked && !this.#isHeldUp && !isAhead) this.#socket.resume();
  }

  /** The client reads again. */
  #goOn(): void {
    if (this.#isReadingLines) this.#readLines();
    this.#readOn();
  }

  #wait(): void {
    const { timeouts, now } = this.#around;
    const inTime = now() + timeouts[deadlineOf[this.#doing]];
    const wholeEndsAt = (this.#doing === "content" ? this.#incoming?.endsAt : null) ?? Infinity;
    this.deadline = Math.min(inTime, wholeEndsAt);
  }

  /** We are wrong: this session ends with 421, the others go on. */
  #fault(error: unknown): void {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#around.emit({ name: "trouble", doing: `session ${this.visit.session}`, problem });
    this.#end(replies.internalError, "broken");
  }

  #end(reply: Reply, reason: SessionEnd): void {
    if (this.#doing === "closed") return;
    if (this.#doing !== "handshake") {
      this.#out.say(reply);
      this.#out.flush();
    }
    this.#close(reason);
  }

  /**
   * After QUIT the client sends no more (RFC 5321 §4.1.1.10), so once the kernel has our reply nothing is left to wait for. Else
   * the other half stays open: closing over octets that were not read would reset the connection and take our last words along.
   */
  #hasSaidAll(reason: SessionEnd): boolean {
    const isInClear = this.visit.tls === null;
    return reason === "quit" && isInClear && this.#lines.size === 0 && this.#out.isEmpty;
  }

  #close(reason: SessionEnd): void {
    if (this.#doing === "closed") return;
    // A message whose commit is under way stays, although the client did not hear 250 and will send it again.
    if (this.#doing === "content") this.#incoming?.discard();
    else if (this.#doing === "storing") this.#incoming?.abandon();
    if (this.#doing === "handshake" || this.#hasSaidAll(reason)) this.#socket.destroy();
    else this.#socket.end();
    this.#doing = "closed";
    this.deadline = this.#around.now() + lingerMs;
    const { session, listener, clientText } = this.visit;
    this.#around.emit({ name: "session-closed", session, listener: listener.name, client: clientText, reason });
  }
}

const deadlineOf = {
  commands: "command",
  asking: "command",
  checking: "command",
  login: "login",
  content: "content",
  storing: "content",
  handshake: "handshake",
  closed: "command",
} as const satisfies Record<Doing, keyof Config["timeouts"]>;

const refusal = (reply: Reply): Answer => ({ ok: false, reply });
