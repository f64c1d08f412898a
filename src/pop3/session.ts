import { decodeInitialResponse } from "../sasl/base64.ts";
import type { Command } from "./command.ts";
import type { Maildrop } from "./maildrop.ts";
import { capabilities, mayUsePassword, mechanismsNow, type Offer } from "./offer.ts";
import * as replies from "./replies.ts";
import type { Reply } from "./reply.ts";

// The server's side of POP3 as a value machine: session and command in, session and step out. RFC 1939 §3 to §6.

export type { Offer };

export type Session = {
  readonly offer: Offer;
  readonly tls: boolean;
  /** What USER named, until PASS. */
  readonly user: string | null;
  /** Null: AUTHORIZATION; else TRANSACTION. UPDATE is the step that ends a session. */
  readonly maildrop: Maildrop | null;
  /** The client asked for UTF-8 (RFC 6856 §2.1). */
  readonly isUtf8: boolean;
  /** Commands that did not fit the grammar, the order or the offer. */
  readonly faults: number;
};

/** What the driver has to do now. */
export type Step =
  | {
      readonly do: "reply";
      readonly reply: Reply;
      /** A password crossed the wire in clear although it was not asked for there (field case O-20): say so aloud. */
      readonly isSecretExposed?: true;
    }
  /** Send the reply, the lines, and the final dot. No line begins with a dot. */
  | { readonly do: "list"; readonly reply: Reply; readonly lines: Iterable<string> }
  /** Check the password; then `afterLogin`, or say what is wrong. */
  | { readonly do: "logIn"; readonly login: string; readonly password: string }
  /** Run the exchange; then `afterLogin`, or say what is wrong. */
  | { readonly do: "authenticate"; readonly mechanism: string; readonly initial: Buffer | null }
  /** Send the reply, drop the bytes that came behind STLS, shake hands, then `afterTls`. */
  | { readonly do: "startTls"; readonly reply: Reply }
  /** Send the reply and the message, of its body at most `lines`; where it is gone, `messageGone`. */
  | {
      readonly do: "retrieve";
      readonly number: number;
      readonly uid: number;
      readonly lines: number | null;
      readonly reply: Reply;
    }
  /** UPDATE (§6): remove these in one unit, then the reply; where that cannot be, `notRemoved`. Then the end. */
  | { readonly do: "update"; readonly uids: readonly number[]; readonly reply: Reply }
  /** Send the reply, then end the connection. */
  | { readonly do: "close"; readonly reply: Reply };

type Phase = "authorization" | "transaction";

/** Which command may come in which phase (§3 to §6), and what it hears where it may not. */
const mayCome = {
  CAPA: { authorization: "yes", transaction: "yes" },
  QUIT: { authorization: "yes", transaction: "yes" },
  LANG: { authorization: "yes", transaction: "yes" },
  USER: { authorization: "yes", transaction: replies.loggedInAlready },
  PASS: { authorization: "yes", transaction: replies.loggedInAlready },
  AUTH: { authorization: "yes", transaction: replies.loggedInAlready },
  STLS: { authorization: "yes", transaction: replies.loggedInAlready },
  // RFC 6856 §2.1.
  UTF8: { authorization: "yes", transaction: replies.loggedInAlready },
  STAT: { authorization: replies.logInFirst, transaction: "yes" },
  LIST: { authorization: replies.logInFirst, transaction: "yes" },
  UIDL: { authorization: replies.logInFirst, transaction: "yes" },
  RETR: { authorization: replies.logInFirst, transaction: "yes" },
  TOP: { authorization: replies.logInFirst, transaction: "yes" },
  DELE: { authorization: replies.logInFirst, transaction: "yes" },
  NOOP: { authorization: replies.logInFirst, transaction: "yes" },
  RSET: { authorization: replies.logInFirst, transaction: "yes" },
} as const satisfies Record<Exclude<Command["verb"], "invalid">, Record<Phase, "yes" | Reply>>;

/** A new session and what it hears first. `standing.tls`: the handshake came before the greeting (RFC 8314 §3.3). */
export function greet(offer: Offer, standing: { readonly tls: boolean }): [Session, Reply] {
  const session = { offer, tls: standing.tls, user: null, maildrop: null, isUtf8: false, faults: 0 };
  return [session, replies.greeting(offer.hostname)];
}

/** What a command leads to. */
export function next(session: Session, command: Command): [Session, Step] {
  const { maildrop } = session;
  if (command.verb === "invalid")
    return command.isHopeless ? [session, { do: "close", reply: command.reply }] : fault(session, command.reply);
  const verdict = mayCome[command.verb][maildrop === null ? "authorization" : "transaction"];
  if (verdict !== "yes") return fault(session, verdict);
  return maildrop === null ? beforeLogin(session, command) : [session, inTransaction(session, maildrop, command)];
}

/** As after the greeting: nothing learnt in clear is kept (RFC 2595 §4), only what we counted. */
export function afterTls(session: Session): Session {
  return { ...session, tls: true, user: null, isUtf8: false };
}

/** The maildrop is open and locked: TRANSACTION. */
export function afterLogin(session: Session, maildrop: Maildrop): [Session, Reply] {
  return [{ ...session, user: null, maildrop }, replies.maildropOpen(maildrop.count, maildrop.octets)];
}

type Valid = Exclude<Command, { readonly verb: "invalid" }>;

function beforeLogin(session: Session, command: Valid): [Session, Step] {
  const { offer, tls } = session;
  switch (command.verb) {
    case "USER":
      // Also after another USER: the last one counts.
      return mayUsePassword(offer, session)
        ? say({ ...session, user: command.login }, replies.sendPassword)
        : fault(session, passwordsNotHere(session));
    case "PASS":
      return nextPass(session, command.password);
    case "AUTH":
      return nextAuth(session, command);
    case "STLS":
      if (tls) return fault(session, replies.tlsActive);
      return offer.startTls
        ? [session, { do: "startTls", reply: replies.readyForTls }]
        : fault(session, replies.tlsNotOffered);
    case "UTF8":
      return say({ ...session, isUtf8: true }, replies.utf8Enabled);
    case "QUIT":
      return [session, { do: "close", reply: replies.bye }];
    case "LANG":
      return [session, nextLang(command.tag)];
    case "CAPA":
      return [session, capa(session)];
    default:
      throw new Error(`${command.verb} came before the login`);
  }
}

function inTransaction(session: Session, maildrop: Maildrop, command: Valid): Step {
  switch (command.verb) {
    case "STAT":
      return { do: "reply", reply: replies.stat(maildrop.count, maildrop.octets) };
    case "LIST":
      return command.number === null
        ? { do: "list", reply: replies.listing(maildrop.count, maildrop.octets), lines: sizes(maildrop) }
        : ofMessage(maildrop, command.number, (number) => oneOf(number, maildrop.sizeOf(number)));
    case "UIDL":
      return command.number === null
        ? { do: "list", reply: replies.uniqueIds, lines: uniqueIds(maildrop) }
        : ofMessage(maildrop, command.number, (number) => oneOf(number, maildrop.uniqueId(number)));
    case "RETR":
      return ofMessage(maildrop, command.number, (number) => ({
        do: "retrieve",
        number,
        uid: maildrop.uidOf(number),
        lines: null,
        reply: replies.message(maildrop.sizeOf(number)),
      }));
    case "TOP":
      return ofMessage(maildrop, command.number, (number) => ({
        do: "retrieve",
        number,
        uid: maildrop.uidOf(number),
        lines: command.lines,
        reply: replies.topOfMessage,
      }));
    case "DELE":
      return ofMessage(maildrop, command.number, (number) => {
        maildrop.mark(number);
        return { do: "reply", reply: replies.marked(number) };
      });
    case "NOOP":
      return { do: "reply", reply: replies.nothingDone };
    case "RSET":
      maildrop.unmark();
      return { do: "reply", reply: replies.unmarked(maildrop.count, maildrop.octets) };
    case "QUIT":
      return nextQuit(maildrop);
    case "LANG":
      return nextLang(command.tag);
    case "CAPA":
      return capa(session);
    default:
      throw new Error(`${command.verb} came after the login`);
  }
}

function nextPass(session: Session, password: string): [Session, Step] {
  if (!mayUsePassword(session.offer, session)) {
    const [after, step] = fault(session, passwordsNotHere(session));
    return [after, session.tls || step.do !== "reply" ? step : { ...step, isSecretExposed: true }];
  }
  if (session.user === null) return fault(session, replies.userFirst);
  // Whatever comes of it, the next try begins with USER (RFC 1939 §7).
  return [
    { ...session, user: null },
    { do: "logIn", login: session.user, password },
  ];
}

function nextAuth(session: Session, command: Extract<Command, { verb: "AUTH" }>): [Session, Step] {
  const { mechanism } = command;
  const offered = mechanismsNow(session.offer, session);
  // Not in any RFC that is in force; old clients ask so, and read names up to a dot.
  if (mechanism === null) return [session, { do: "list", reply: replies.mechanisms, lines: offered }];
  if (!offered.includes(mechanism)) {
    const isForTls = !session.tls && session.offer.mechanismsOverTls.includes(mechanism);
    const [after, step] = fault(session, isForTls ? replies.tlsFirst : replies.unknownMechanism);
    const isExposed = !session.tls && command.initial !== null && !mechanism.startsWith("SCRAM-");
    return [after, isExposed && step.do === "reply" ? { ...step, isSecretExposed: true } : step];
  }
  const initial = command.initial === null ? null : decodeInitialResponse(command.initial);
  if (initial === "malformed") return fault(session, replies.authMalformed);
  return [
    { ...session, user: null },
    { do: "authenticate", mechanism, initial },
  ];
}

function nextQuit(maildrop: Maildrop): Step {
  const uids = maildrop.markedUids();
  return uids.length === 0
    ? { do: "close", reply: replies.bye }
    : { do: "update", uids, reply: replies.updated(uids.length) };
}

/** We speak one language: whoever asks for any other keeps it (RFC 6856 §3.2). "i-default" is the same in other words. */
function nextLang(tag: string | null): Step {
  if (tag === null)
    return { do: "list", reply: replies.languages, lines: ["en English", "i-default Default language"] };
  const known = { en: "en", "i-default": "i-default", "*": "en" }[tag.toLowerCase()];
  return { do: "reply", reply: known === undefined ? replies.unknownLanguage : replies.language(known) };
}

function capa(session: Session): Step {
  const lines = capabilities(session.offer, { tls: session.tls, isLoggedIn: session.maildrop !== null });
  return { do: "list", reply: replies.capabilities, lines };
}

/** A message that was marked is not there for any command (§5, field case O-49). */
function ofMessage(maildrop: Maildrop, number: number, act: (number: number) => Step): Step {
  switch (maildrop.state(number)) {
    case "here":
      return act(number);
    case "marked":
      return { do: "reply", reply: replies.isMarked };
    case "none":
      return { do: "reply", reply: replies.noSuchMessage };
  }
}

function oneOf(number: number, what: number | string): Step {
  return { do: "reply", reply: replies.oneOf(number, what) };
}

function* sizes(maildrop: Maildrop): Generator<string> {
  for (const number of maildrop.numbers()) yield `${number} ${maildrop.sizeOf(number)}`;
}

function* uniqueIds(maildrop: Maildrop): Generator<string> {
  for (const number of maildrop.numbers()) yield `${number} ${maildrop.uniqueId(number)}`;
}

function passwordsNotHere({ offer, tls }: Session): Reply {
  return !tls && offer.mechanismsOverTls.includes("PLAIN") && offer.startTls
    ? replies.tlsFirst
    : replies.unknownCommand;
}

function say(session: Session, reply: Reply): [Session, Step] {
  return [session, { do: "reply", reply }];
}

function fault(session: Session, reply: Reply): [Session, Step] {
  return [
    { ...session, faults: session.faults + 1 },
    { do: "reply", reply },
  ];
}
