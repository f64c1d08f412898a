import type { Address, ReversePath } from "../address/address.ts";
import { parsePath } from "../address/path.ts";
import type { Line } from "./line-decoder.ts";
import type { Syntax } from "./offer.ts";
import type { MailParameters, RcptParameters } from "./parameters.ts";
import { parseMailParameters, parseRcptParameters } from "./parameters.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";

/** One command line, understood: RFC 5321 §4.1.1. What the grammar refuses is `invalid` with the reply it gets. */
export type Command =
  /** LHLO: RFC 2033 §4.1. */
  | { readonly verb: "EHLO" | "HELO" | "LHLO"; readonly name: string }
  | { readonly verb: "MAIL"; readonly reversePath: ReversePath; readonly mail: MailParameters }
  | {
      readonly verb: "RCPT";
      readonly forwardPath: Address;
      readonly rcpt: RcptParameters;
      /** Something beyond ASCII stood on the line: the transaction must have SMTPUTF8. */
      readonly needsSmtpUtf8: boolean;
    }
  | { readonly verb: "DATA" | "RSET" | "NOOP" | "QUIT" | "HELP" | "VRFY" | "STARTTLS" }
  | {
      readonly verb: "AUTH";
      /** Upper case. */
      readonly mechanism: string;
      /** Base64 as it came, not yet looked at; `null`: none. */
      readonly initial: string | null;
    }
  | { readonly verb: "BDAT"; readonly octets: number }
  | {
      readonly verb: "invalid";
      /** The command that it would have been, where that is known. */
      readonly of: "MAIL" | "RCPT" | null;
      readonly reply: Reply;
      /** The stream cannot be trusted any more: nothing after this line is read. */
      readonly isHopeless: boolean;
    };

const data: Command = { verb: "DATA" };
const reset: Command = { verb: "RSET" };
const noop: Command = { verb: "NOOP" };
const quit: Command = { verb: "QUIT" };
const help: Command = { verb: "HELP" };
const vrfy: Command = { verb: "VRFY" };
const startTls: Command = { verb: "STARTTLS" };

/** Never throws; work is linear in the line's length. */
export function parseCommand(line: Line, syntax: Syntax): Command {
  if (line.flaw !== null) return parseFlawed(line.flaw, line.text);
  const { text } = line;
  const verb = verbOf(text);
  switch (verb) {
    case "MAIL":
      return parseMail(text, line.isAscii, syntax);
    case "RCPT":
      return parseRcpt(text, line.isAscii, syntax);
    case "EHLO":
    case "HELO":
    case "LHLO":
      return parseHello(verb, text);
    case "DATA":
      return withoutArguments(data, text);
    case "RSET":
      return withoutArguments(reset, text);
    case "STARTTLS":
      return withoutArguments(startTls, text);
    case "NOOP":
      return noop;
    case "QUIT":
      return quit;
    case "HELP":
      return help;
    case "VRFY":
      return text.trimEnd().length > verb.length ? vrfy : invalid(replies.argumentMissing);
    case "AUTH":
      return parseAuth(text);
    case "BDAT":
      return parseBdat(text);
    // EXPN would tell who is in a group (§7.3); the others are of RFC 821, RFC 1985, RFC 2645 and RFC 4468.
    case "EXPN":
    case "SEND":
    case "SOML":
    case "SAML":
    case "TURN":
    case "ATRN":
    case "ETRN":
    case "BURL":
      return invalid(replies.notImplemented);
    case "GET":
    case "POST":
    case "PUT":
    case "HEAD":
    case "CONNECT":
    case "OPTIONS":
      return hopeless(replies.notSmtp);
    default:
      return invalid(replies.unknownCommand);
  }
}

function parseFlawed(flaw: NonNullable<Line["flaw"]>, text: string): Command {
  switch (flaw) {
    case "too-long":
      return invalid(replies.lineTooLong);
    case "bare-cr":
      return invalid(replies.bareCarriageReturn);
    case "bare-lf":
      // Where this line ends is a matter of opinion, and the other side's is not ours.
      return hopeless(replies.bareLineFeed);
    case "nul":
      return invalid(replies.nulOctet);
    case "not-utf8": {
      const verb = verbOf(text);
      if (verb === "EHLO" || verb === "HELO" || verb === "LHLO") return parseHello(verb, text);
      return invalid(replies.notUtf8, verb === "MAIL" || verb === "RCPT" ? verb : null);
    }
    default:
      return flaw satisfies never;
  }
}

/** The first word in upper case; "" when it cannot be a verb. Only ASCII: "ſ" in upper case would be "S". */
function verbOf(text: string): string {
  const blank = text.indexOf(" ");
  const length = blank < 0 ? text.length : blank;
  if (length > 8) return "";
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) > 0x7f) return "";
  return text.slice(0, length).toUpperCase();
}

function parseMail(text: string, isAscii: boolean, syntax: Syntax): Command {
  const at = behind(text, "FROM:");
  if (at < 0 || !startsPath(text, at, syntax)) return invalid(replies.mailSyntax, "MAIL");
  if (!isAscii && !syntax.smtpUtf8) return invalid(replies.needsSmtpUtf8, "MAIL");
  const found = parsePath(text, at, { kind: "reverse", allowsUtf8: !isAscii, brackets: syntax.brackets });
  if ("refused" in found) return invalid(replies.malformedSender(found.refused), "MAIL");
  const mail = parseMailParameters(text, found.end, syntax);
  if ("code" in mail) return invalid(mail, "MAIL");
  if (!isAscii && !mail.smtpUtf8) return invalid(replies.needsSmtpUtf8, "MAIL");
  return { verb: "MAIL", reversePath: found.path, mail };
}

function parseRcpt(text: string, isAscii: boolean, syntax: Syntax): Command {
  const at = behind(text, "TO:");
  if (at < 0 || !startsPath(text, at, syntax)) return invalid(replies.rcptSyntax, "RCPT");
  if (!isAscii && !syntax.smtpUtf8) return invalid(replies.needsSmtpUtf8, "RCPT");
  const found = parsePath(text, at, { kind: "forward", allowsUtf8: !isAscii, brackets: syntax.brackets });
  if ("refused" in found) return invalid(replies.malformedRecipient(found.refused), "RCPT");
  if (found.path === null) return invalid(replies.rcptSyntax, "RCPT");
  const rcpt = parseRcptParameters(text, found.end, syntax);
  if ("code" in rcpt) return invalid(rcpt, "RCPT");
  return { verb: "RCPT", forwardPath: found.path, rcpt, needsSmtpUtf8: !isAscii };
}

/** The index behind "FROM:" or "TO:", which stands behind the verb of four letters and blanks; -1: it does not. */
function behind(text: string, word: string): number {
  let at = 4;
  while (text[at] === " ") at++;
  const end = at + word.length;
  return at > 4 && text.slice(at, end).toUpperCase() === word ? end : -1;
}

/** Blanks and tabs before the path are forgiven (field case O-12), a path without brackets where the listener says so. */
function startsPath(text: string, from: number, syntax: Syntax): boolean {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return text[at] === "<" || (syntax.brackets === "optional" && at < text.length);
}

/** Any argument is taken (field case O-16), made harmless for the Received field: what is unusual becomes "?". */
function parseHello(verb: "EHLO" | "HELO" | "LHLO", text: string): Command {
  const name = text.slice(5).trim();
  if (name === "") return invalid(replies.argumentMissing);
  return { verb, name: name.slice(0, 255).replace(/[^a-z0-9.:_[\]+/-]/gi, "?") };
}

/** Blanks at the end of a line are forgiven: RFC 5321 §4.1.1. */
function withoutArguments(command: Command & { readonly verb: string }, text: string): Command {
  if (text.length === command.verb.length || text.trimEnd().length === command.verb.length) return command;
  return invalid(replies.noArgumentsAllowed);
}

/** RFC 4954 §4; "=" is an empty initial response. */
function parseAuth(text: string): Command {
  const [mechanism = "", initial = null, ...more] = text.slice(5).trim().split(" ");
  if (!/^[a-z0-9_-]{1,20}$/i.test(mechanism) || more.length > 0) return invalid(replies.authSyntax);
  return { verb: "AUTH", mechanism: mechanism.toUpperCase(), initial };
}

/** RFC 3030 §2. A chunk whose length is not known cannot be stepped over. */
function parseBdat(text: string): Command {
  const found = /^([0-9]{1,15})(?: +LAST)?$/i.exec(text.slice(5).trim());
  return found === null ? hopeless(replies.bdatSyntax) : { verb: "BDAT", octets: Number(found[1]) };
}

function invalid(reply: Reply, of: "MAIL" | "RCPT" | null = null): Command {
  return { verb: "invalid", of, reply, isHopeless: false };
}

function hopeless(reply: Reply): Command {
  return { verb: "invalid", of: null, reply, isHopeless: true };
}
