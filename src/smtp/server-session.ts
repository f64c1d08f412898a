import type { Address, ReversePath } from "../address/address.ts";
import type { Command } from "./command.ts";
import type { Offer, Syntax } from "./offer.ts";
import { ehloReply, greetingReply, heloReply, mayStartTls, mechanismsNow, syntaxFor } from "./offer.ts";
import type { MailParameters, RcptParameters } from "./parameters.ts";
import { decodeInitialResponse } from "../sasl/base64.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";

// The server's side of SMTP as a value machine: session and command in, session and step out. RFC 5321 §4.1.4.

export type { Offer };

/** One connection (RFC 5321 §3.1). It advances only on acceptance. */
export type Session = {
  readonly offer: Offer;
  /** What the parser may take now. */
  readonly syntax: Syntax;
  readonly hello: { readonly verb: "EHLO" | "HELO" | "LHLO"; readonly name: string } | null;
  readonly tls: boolean;
  /** The account that authenticated. */
  readonly login: string | null;
  readonly transaction: Transaction | null;
  /** Commands that did not fit the grammar, the order or the offer. */
  readonly faults: number;
};

/** What MAIL began: RFC 5321 §3.3. RSET is "no transaction". */
export type Transaction = {
  readonly reversePath: ReversePath;
  readonly mail: MailParameters;
  readonly recipients: readonly Recipient[];
};

export type Recipient = { readonly forwardPath: Address; readonly rcpt: RcptParameters };

/** What the driver has to do now. */
export type Step =
  | {
      readonly do: "reply";
      readonly reply: Reply;
      /** A password crossed the wire in clear although AUTH was not offered there (field case O-20): say so aloud. */
      readonly isSecretExposed?: true;
    }
  /** Find the answer, then `resume`. */
  | { readonly do: "ask"; readonly question: Question }
  /** Send the reply (354), then read content; the bytes that came behind DATA belong to it. */
  | { readonly do: "receiveContent"; readonly reply: Reply }
  /** Send the reply (220), drop the bytes that came behind STARTTLS, shake hands, then `afterTls`. */
  | { readonly do: "startTls"; readonly reply: Reply }
  /** Run the exchange: challenges 334, its outcome is the reply to AUTH; after success `afterLogin`. */
  | { readonly do: "authenticate"; readonly mechanism: string; readonly initial: Buffer | null }
  /** Send the reply and throw the next `octets` away unseen: the chunk of a BDAT that is refused (RFC 3030 §2). */
  | { readonly do: "discard"; readonly octets: number; readonly reply: Reply }
  /** Send the reply, then end the connection; whatever else came in is not looked at. */
  | { readonly do: "close"; readonly reply: Reply };

export type Question =
  | { readonly ask: "sender"; readonly reversePath: ReversePath; readonly mail: MailParameters }
  | { readonly ask: "recipient"; readonly forwardPath: Address; readonly rcpt: RcptParameters }
  /** A MAIL that the grammar refuses with this reply: on submission a missing login counts first (relay-policy §2.2). */
  | { readonly ask: "malformed sender"; readonly reply: Reply };

/** Without a reply an acceptance gets the usual one. */
export type Answer = { readonly ok: true; readonly reply?: Reply } | { readonly ok: false; readonly reply: Reply };

type Phase = "greeted" | "ready" | "sender" | "recipients";

/** Which command may come in which phase, and what it hears where it may not. Commands not named may come at any time. */
const mayCome: { readonly [V in Command["verb"]]?: Record<Phase, "yes" | Reply> } = {
  MAIL: {
    greeted: replies.helloFirst,
    ready: "yes",
    sender: replies.mailTwice,
    recipients: replies.mailTwice,
  },
  RCPT: {
    greeted: replies.helloFirst,
    ready: replies.mailFirst,
    sender: "yes",
    recipients: "yes",
  },
  DATA: {
    greeted: replies.helloFirst,
    ready: replies.mailFirst,
    sender: replies.noRecipients,
    recipients: "yes",
  },
  STARTTLS: {
    greeted: "yes",
    ready: "yes",
    sender: replies.endTransactionFirst,
    recipients: replies.endTransactionFirst,
  },
  // RFC 4954 §4: not during a mail transaction.
  AUTH: {
    greeted: replies.helloFirst,
    ready: "yes",
    sender: replies.endTransactionFirst,
    recipients: replies.endTransactionFirst,
  },
};

function phaseOf({ hello, transaction }: Session): Phase {
  if (transaction !== null) return transaction.recipients.length > 0 ? "recipients" : "sender";
  return hello === null ? "greeted" : "ready";
}

/** A new session and what it hears first. `standing.tls`: the handshake came before the greeting (RFC 8314 §3.3). */
export function greet(offer: Offer, standing: { readonly tls: boolean } = { tls: false }): [Session, Reply] {
  const session: Session = {
    offer,
    syntax: syntaxFor(offer, { tls: standing.tls, login: null }),
    hello: null,
    tls: standing.tls,
    login: null,
    transaction: null,
    faults: 0,
  };
  return [session, greetingReply(offer)];
}

/** What a command leads to. */
export function next(session: Session, command: Command): [Session, Step] {
  const { verb } = command;
  const verdict = mayCome[verb]?.[phaseOf(session)] ?? "yes";
  if (verdict !== "yes") {
    const isLmtp = verdict === replies.noRecipients && session.offer.kind === "lmtp";
    return fault(session, isLmtp ? replies.noRecipientsByLmtp : verdict, command);
  }
  switch (verb) {
    case "MAIL":
      return nextMail(session, command);
    case "RCPT":
      return nextRcpt(session, command);
    case "DATA":
      return [session, { do: "receiveContent", reply: replies.sendContent }];
    case "EHLO":
    case "HELO":
    case "LHLO":
      return nextHello(session, command);
    case "RSET":
      return [
        { ...session, transaction: null },
        { do: "reply", reply: replies.ok },
      ];
    case "NOOP":
      return say(session, replies.ok);
    case "VRFY":
      return say(session, replies.cannotVerify);
    case "HELP":
      return say(session, replies.help);
    case "QUIT":
      return [session, { do: "close", reply: replies.bye }];
    case "STARTTLS":
      return nextStartTls(session);
    case "AUTH":
      return nextAuth(session, command);
    case "BDAT":
      return [faulty(session), { do: "discard", octets: command.octets, reply: replies.chunkingNotOffered }];
    case "invalid":
      return nextInvalid(session, command);
    default:
      return verb satisfies never;
  }
}

/** Goes on after a question was answered; `session` is the one that `next` gave with the question. */
export function resume(session: Session, question: Question, answer: Answer): [Session, Step] {
  if (!answer.ok) return [session, { do: "reply", reply: answer.reply }];
  switch (question.ask) {
    case "sender": {
      if (isTooBig(session.offer, question.mail)) return [session, { do: "reply", reply: replies.messageTooBig }];
      const transaction = { reversePath: question.reversePath, mail: question.mail, recipients: [] };
      return [
        { ...session, transaction },
        { do: "reply", reply: answer.reply ?? replies.senderAccepted },
      ];
    }
    case "recipient": {
      const transaction = withRecipient(session.transaction, question);
      return [
        { ...session, transaction },
        { do: "reply", reply: answer.reply ?? replies.recipientAccepted },
      ];
    }
    case "malformed sender":
      return [
        { ...session, faults: session.faults + 1 },
        { do: "reply", reply: question.reply },
      ];
    default:
      return question satisfies never;
  }
}

/** The content was taken or refused: the transaction is over (RFC 5321 §4.1.1.4). */
export function afterContent(session: Session): Session {
  return { ...session, transaction: null };
}

/** As after the greeting: nothing learnt in clear is kept (RFC 3207 §4.2), only what we counted. */
export function afterTls(session: Session): Session {
  const standing = { tls: true, login: null };
  return { ...session, ...standing, syntax: syntaxFor(session.offer, standing), hello: null, transaction: null };
}

/** The greeting by EHLO stays (field case O-17: SASL brought no security layer, RFC 4954 §4). */
export function afterLogin(session: Session, account: string): Session {
  const standing = { tls: session.tls, login: account };
  return { ...session, login: account, syntax: syntaxFor(session.offer, standing) };
}

function nextHello(session: Session, { verb, name }: Command & { verb: "EHLO" | "HELO" | "LHLO" }): [Session, Step] {
  // The two protocols are told apart by it: RFC 2033 §4.1.
  if ((verb === "LHLO") !== (session.offer.kind === "lmtp")) return fault(session, replies.unknownCommand);
  const reply = verb !== "HELO" ? ehloReply(session.offer, session) : heloReply(session.offer);
  // It clears the transaction like RSET (§4.1.4) and leaves TLS and login as they are.
  return [
    { ...session, hello: { verb, name }, transaction: null },
    { do: "reply", reply },
  ];
}

function nextMail(session: Session, { reversePath, mail }: Command & { verb: "MAIL" }): [Session, Step] {
  return [session, { do: "ask", question: { ask: "sender", reversePath, mail } }];
}

/** 0 is "no limit", not a size (field case O-19). */
function isTooBig({ maxSize }: Offer, { size }: MailParameters): boolean {
  return maxSize > 0 && size !== null && size > maxSize;
}

function nextInvalid(session: Session, command: Command & { verb: "invalid" }): [Session, Step] {
  const { reply, of, isHopeless } = command;
  if (isHopeless) return [faulty(session), { do: "close", reply }];
  if (of === "MAIL" && session.offer.kind === "submission" && session.login === null) {
    return [session, { do: "ask", question: { ask: "malformed sender", reply } }];
  }
  return fault(session, reply, command);
}

function nextRcpt(session: Session, command: Command & { verb: "RCPT" }): [Session, Step] {
  const { transaction, offer } = session;
  if (command.needsSmtpUtf8 && transaction?.mail.smtpUtf8 !== true) return say(session, replies.needsSmtpUtf8);
  if ((transaction?.recipients.length ?? 0) >= offer.maxRecipients) return say(session, replies.tooManyRecipients);
  const { forwardPath, rcpt } = command;
  return [session, { do: "ask", question: { ask: "recipient", forwardPath, rcpt } }];
}

function nextStartTls(session: Session): [Session, Step] {
  if (session.tls) return fault(session, replies.tlsAlready);
  if (!mayStartTls(session.offer, session)) return fault(session, replies.tlsNotOffered);
  return [session, { do: "startTls", reply: replies.readyForTls }];
}

function nextAuth(session: Session, command: Command & { verb: "AUTH" }): [Session, Step] {
  const { mechanism } = command;
  if (session.login !== null) return fault(session, replies.authAlready, command);
  if (!mechanismsNow(session.offer, session).includes(mechanism)) {
    return fault(session, refuseMechanism(session, mechanism), command);
  }
  const initial = command.initial === null ? null : decodeInitialResponse(command.initial);
  if (initial === "malformed") return fault(session, replies.authMalformed);
  return [session, { do: "authenticate", mechanism, initial }];
}

function refuseMechanism({ offer, tls }: Session, mechanism: string): Reply {
  if (!tls && offer.mechanismsOverTls.includes(mechanism)) return replies.encryptionRequired;
  const isAuthKnown = offer.mechanismsInClear.length + offer.mechanismsOverTls.length > 0;
  return isAuthKnown ? replies.unknownMechanism : replies.authNotOffered;
}

/** Whether the refused command carried a password that others may have read. It is not decoded to find out. */
function exposesSecret({ offer, tls }: Session, command: Command): boolean {
  if (command.verb !== "AUTH" || command.initial === null || tls) return false;
  return !command.mechanism.startsWith("SCRAM-") && !offer.mechanismsInClear.includes(command.mechanism);
}

function withRecipient(transaction: Transaction | null, { forwardPath, rcpt }: Recipient): Transaction {
  if (transaction === null) throw new Error("A recipient was answered outside of a transaction");
  return { ...transaction, recipients: [...transaction.recipients, { forwardPath, rcpt }] };
}

function say(session: Session, reply: Reply): [Session, Step] {
  return [session, { do: "reply", reply }];
}

function fault(session: Session, reply: Reply, command?: Command): [Session, Step] {
  const isSecretExposed = command !== undefined && exposesSecret(session, command);
  return [faulty(session), isSecretExposed ? { do: "reply", reply, isSecretExposed } : { do: "reply", reply }];
}

function faulty(session: Session): Session {
  return { ...session, faults: session.faults + 1 };
}
