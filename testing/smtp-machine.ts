import { BlockList, isIPv6 } from "node:net";
import type { Address } from "../src/address/address.ts";
import { formatAddress } from "../src/address/path.ts";
import { type LoginState, nextLogin } from "../src/sasl/login.ts";
import { parsePlain, type PlainClaim } from "../src/sasl/plain.ts";
import { parseAuthResponse } from "../src/smtp/auth-response.ts";
import { parseCommand } from "../src/smtp/command.ts";
import { ContentDecoder } from "../src/smtp/content-decoder.ts";
import { type Line, LineDecoder, maxAuthLine } from "../src/smtp/line-decoder.ts";
import { formatReply, type Reply } from "../src/smtp/reply.ts";
import * as replies from "../src/smtp/replies.ts";
import {
  afterContent,
  afterLogin,
  afterTls,
  type Answer,
  greet,
  next,
  type Offer,
  type Question,
  resume,
  type Session,
  type Step,
} from "../src/smtp/server-session.ts";
import type { Given } from "../src/cli/dialogue-file.ts";

/** An accepted message. */
export type Accepted = { readonly recipients: readonly string[]; readonly content: Buffer };
export type Happened = { readonly name: string; readonly fields: Readonly<Record<string, string>> };

/**
 * The SMTP machines put together without a socket, in a world that a dialogue's `given` lines describe: the smallest
 * driver there can be. Its answers are a stand-in for the policy, right for what the dialogues ask.
 */
export class SmtpMachine {
  readonly accepted: Accepted[] = [];
  readonly events: Happened[] = [];
  isClosed = false;
  readonly #world: World;
  readonly #lines = new LineDecoder();
  #session: Session;
  #out: string;
  #content: { readonly decoder: ContentDecoder; readonly pieces: Buffer[] } | null = null;
  #login: ((response: Buffer) => void) | null = null;
  #isShakingHands = false;

  constructor(given: readonly Given[]) {
    this.#world = readWorld(given);
    const [session, greeting] = greet(this.#world.offer, { tls: this.#world.isTls });
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
    // What comes in clear behind STARTTLS reaches the TLS layer, never us.
    if (this.isClosed || this.#isShakingHands) return;
    if (this.#content !== null) return this.#receiveContent(chunk);
    this.#lines.push(chunk);
    this.#readLines();
  }

  handshake(): void {
    if (!this.#isShakingHands) throw new Error("nobody asked for TLS");
    this.#isShakingHands = false;
    this.#session = afterTls(this.#session);
  }

  #readLines(): void {
    while (!this.isClosed && !this.#isShakingHands && this.#content === null) {
      const line = this.#login === null ? this.#lines.next() : this.#lines.next(maxAuthLine);
      if (line === null) return;
      if (this.#login === null) this.#command(line);
      else this.#continueLogin(line);
    }
  }

  #command(line: Line): void {
    const [session, step] = next(this.#session, parseCommand(line, this.#session.syntax));
    this.#session = session;
    this.#do(step);
  }

  #do(step: Step): void {
    switch (step.do) {
      case "reply":
        if (step.isSecretExposed === true) this.events.push({ name: "secret-exposed", fields: {} });
        return this.#say(step.reply);
      case "ask": {
        const [session, answered] = resume(this.#session, step.question, this.#answer(step.question));
        this.#session = session;
        return this.#do(answered);
      }
      case "receiveContent": {
        this.#say(step.reply);
        this.#content = { decoder: new ContentDecoder(this.#world.content), pieces: [] };
        return this.#receiveContent(this.#lines.takeRest());
      }
      case "startTls":
        this.#say(step.reply);
        this.#lines.takeRest();
        this.#isShakingHands = true;
        return;
      case "authenticate":
        return this.#startLogin(step.mechanism, step.initial);
      case "discard":
        this.#say(step.reply);
        return this.#lines.skip(step.octets);
      case "close":
        this.#say(step.reply);
        this.isClosed = true;
        return;
      default:
        return step satisfies never;
    }
  }

  #say(reply: Reply): void {
    this.#out += formatReply(reply);
  }

  #receiveContent(chunk: Buffer): void {
    if (this.#content === null) return;
    const { decoder, pieces: kept } = this.#content;
    const { pieces, ended, rest } = decoder.push(chunk);
    kept.push(...pieces);
    if (!ended) return;
    this.#say(this.#storeContent(decoder, Buffer.concat(kept)));
    this.#content = null;
    this.#session = afterContent(this.#session);
    if (rest !== null) this.#lines.push(rest);
    this.#readLines();
  }

  #storeContent(decoder: ContentDecoder, content: Buffer): Reply {
    if (decoder.flaw === "too-large") return replies.messageTooBig;
    if (decoder.flaw === "bare-line-end") return replies.bareLineEnds;
    if (decoder.receivedFields > 100) return replies.mailLoop;
    const recipients = this.#session.transaction?.recipients ?? [];
    this.accepted.push({ recipients: recipients.map(({ forwardPath }) => formatAddress(forwardPath)), content });
    return replies.contentAccepted(`M${this.accepted.length}`);
  }

  #answer(question: Question): Answer {
    const { kind } = this.#world.offer;
    if (question.ask !== "recipient") {
      const mustLogIn = kind === "submission" && this.#session.login === null;
      return mustLogIn ? { ok: false, reply: replies.authenticationRequired() } : { ok: true };
    }
    const { forwardPath } = question;
    const rule = this.#ruleAgainst(forwardPath);
    if (rule === null) return { ok: true };
    this.events.push({ name: "recipient-refused", fields: { rule } });
    return { ok: false, reply: refusals[rule]("R3F") };
  }

  #ruleAgainst({ localPart, domain }: Address): keyof typeof refusals | null {
    const { locals, mayRelay } = this.#world;
    const mailboxes = locals.get(domain);
    if (domain === "" || (mailboxes !== undefined && localPart.toLowerCase() === "postmaster")) return null;
    if (mailboxes === undefined) return mayRelay || this.#session.login !== null ? null : "relay-denied";
    if (mailboxes.has(localPart.toLowerCase())) return null;
    return /[%!@]/.test(localPart) ? "malformed" : "unknown-mailbox";
  }

  #startLogin(mechanism: string, initial: Buffer | null): void {
    this.#login =
      mechanism === "LOGIN" ? this.#loginStep({ wants: "name" }) : (response) => this.#check(parsePlain(response));
    if (initial !== null) this.#login(initial);
    else if (mechanism === "LOGIN") this.#say(replies.challenge(Buffer.from("Username:")));
    else this.#say(replies.challenge(Buffer.alloc(0)));
  }

  #loginStep(state: LoginState): (response: Buffer) => void {
    return (response) => {
      const step = nextLogin(state, response);
      if (step.do !== "challenge") return this.#check(step.do === "check" ? step.claim : step);
      this.#login = this.#loginStep(step.state);
      this.#say(replies.challenge(step.data));
    };
  }

  #continueLogin(line: Line): void {
    const response = parseAuthResponse(line);
    if (Buffer.isBuffer(response)) return this.#login?.(response);
    this.#login = null;
    this.#say(response);
  }

  #check(claim: PlainClaim | { readonly refused: string }): void {
    this.#login = null;
    if ("refused" in claim) return this.#say(replies.authMalformed);
    if (this.#world.passwords.get(claim.login) !== claim.password || claim.password === "") {
      return this.#say(replies.badCredentials);
    }
    this.#session = afterLogin(this.#session, claim.login);
    this.#say(replies.authenticated);
  }
}

const refusals = {
  "relay-denied": replies.relayDenied,
  "unknown-mailbox": replies.unknownMailbox,
  malformed: replies.indirectAddress,
} as const;

type World = {
  readonly offer: Offer;
  readonly content: ConstructorParameters<typeof ContentDecoder>[0];
  readonly isTls: boolean;
  readonly mayRelay: boolean;
  /** Mailboxes, lower case, by domain. */
  readonly locals: ReadonlyMap<string, ReadonlySet<string>>;
  readonly passwords: ReadonlyMap<string, string>;
};

function readWorld(given: readonly Given[]): World {
  const locals = new Map<string, Set<string>>();
  const passwords = new Map<string, string>();
  const settings = new Map<string, string>();
  let [kind, client, isTls]: ["relay" | "submission", string, boolean] = ["relay", "203.0.113.50", false];
  for (const one of given) {
    if (one.given === "local") locals.set(one.domain, new Set(one.mailboxes.map((name) => name.toLowerCase())));
    else if (one.given === "account") passwords.set(one.name, one.password);
    else if (one.given === "setting") settings.set(one.name, one.value);
    else if (one.given === "listener") [kind, client, isTls] = [one.kind, one.client ?? client, one.isTls];
  }
  const covers = (list: "relay" | "never") => given.some((one) => one.given === list && isWithin(client, one.clients));
  const mayRelay = covers("relay") && !covers("never");
  const maxSize = Number(settings.get("size") ?? 0);
  return {
    offer: makeOffer(settings, { kind, maxSize, dsn: mayRelay, hasAccounts: passwords.size > 0 }),
    content: { maxSize, bareLineEnds: settings.get("bare-line-ends") === "normalise" ? "normalise" : "refuse" },
    isTls,
    mayRelay,
    locals,
    passwords,
  };
}

const knownSettings = new Set(["size", "recipients", "brackets", "bare-line-ends", "auth-in-clear", "off"]);

function makeOffer(
  settings: ReadonlyMap<string, string>,
  world: Pick<Offer, "kind" | "maxSize" | "dsn"> & { readonly hasAccounts: boolean },
): Offer {
  for (const name of settings.keys()) if (!knownSettings.has(name)) throw new Error(`no setting ${name}`);
  const { hasAccounts, ...part } = world;
  const mechanisms = hasAccounts ? ["PLAIN", "LOGIN"] : [];
  const off = new Set((settings.get("off") ?? "").split(" "));
  return {
    ...part,
    hostname: "mx.example.test",
    maxRecipients: Number(settings.get("recipients") ?? 100),
    startTls: !off.has("STARTTLS"),
    mechanismsInClear: settings.get("auth-in-clear") === "yes" ? mechanisms : [],
    mechanismsOverTls: mechanisms,
    smtpUtf8: !off.has("SMTPUTF8"),
    eightBitMime: !off.has("8BITMIME"),
    brackets: settings.get("brackets") === "optional" ? "optional" : "required",
  };
}

function isWithin(client: string, clients: string): boolean {
  const family = isIPv6(client) ? "ipv6" : "ipv4";
  const [network = "", prefix = family === "ipv6" ? "128" : "32"] = clients.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), isIPv6(network) ? "ipv6" : "ipv4");
  return list.check(client, family);
}
