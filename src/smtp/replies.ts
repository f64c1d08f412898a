import type { Reply, Status } from "./reply.ts";
import { constantReply } from "./reply.ts";

// The catalogue of what we say. A refusal has its status by type; no text tells a stranger a path, a rule or a stack.
// Sections are of RFC 5321 where no other RFC is named; statuses are those of RFC 3463 and its registry.

function refusal(code: number, status: Status, text: string): Reply {
  return { code, status, lines: [text] };
}

/** REF leads to the journalled decision: `gatepost explain REF`. */
function withRef(text: string, ref: string | undefined): string {
  return ref === undefined ? text : `${text} (${ref})`;
}

// Going on

/** §3.1. */
export const greeting = (hostname: string, text: string): Reply =>
  constantReply(220, null, text === "" ? `${hostname} ESMTP` : `${hostname} ESMTP ${text}`);
/** NOOP and RSET, §4.1.1.5, §4.1.1.9. */
export const ok = constantReply(250, "2.0.0", "Ok");
/** §4.1.1.2, RFC 3463 X.1.0. */
export const senderAccepted = constantReply(250, "2.1.0", "Sender accepted");
/** §4.1.1.3, RFC 3463 X.1.5. */
export const recipientAccepted = constantReply(250, "2.1.5", "Recipient accepted");
/** §4.1.1.4. */
export const sendContent = constantReply(354, null, "Send the message, end it with a dot alone on a line");
/** After the final dot: the message is on stable storage. §4.1.1.4, §4.2.5. */
export const contentAccepted = (id: string): Reply => ({ code: 250, status: "2.0.0", lines: [`Accepted as ${id}`] });
/** §4.1.1.10. */
export const bye = constantReply(221, "2.0.0", "Bye");
/** §4.1.1.8. */
export const help = constantReply(
  214,
  "2.0.0",
  "Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT STARTTLS AUTH",
  "See RFC 5321",
);
/** §3.5.3, §7.3: a name is neither confirmed nor denied to whoever asks. */
export const cannotVerify = constantReply(252, "2.5.0", "Cannot verify, but will take a message and see");
/** RFC 3207 §4. */
export const readyForTls = constantReply(220, "2.0.0", "Ready to start TLS");

// Syntax, §4.2.4, §4.3.2

export const unknownCommand = constantReply(500, "5.5.1", "Command not recognised");
export const notImplemented = constantReply(502, "5.5.1", "Command not implemented");
/** Another protocol's client was pointed at us, perhaps by a web page: nothing else it sends is looked at. */
export const notSmtp = constantReply(500, "5.5.1", "This is SMTP, closing the connection");
/** §4.5.3.1.4. */
export const lineTooLong = constantReply(500, "5.5.2", "Line too long");
/** §2.3.8. */
export const bareCarriageReturn = constantReply(500, "5.5.2", "A CR without LF does not belong in a command");
export const bareLineFeed = constantReply(500, "5.5.2", "Lines end with CRLF, closing the connection");
/** §4.1.2: command arguments are printable. */
export const nulOctet = constantReply(500, "5.5.2", "A NUL octet does not belong in a command");
/** RFC 6531 §3.3. */
export const notUtf8 = constantReply(500, "5.5.2", "Neither ASCII nor UTF-8");
export const noArgumentsAllowed = constantReply(501, "5.5.4", "This command takes no arguments");
export const argumentMissing = constantReply(501, "5.5.4", "An argument is missing");
export const mailSyntax = constantReply(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]");
export const rcptSyntax = constantReply(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]");
export const bdatSyntax = constantReply(501, "5.5.4", "Syntax: BDAT octets [LAST], closing the connection");
export const authSyntax = constantReply(501, "5.5.4", "Syntax: AUTH mechanism [initial response]");
/** `why` is the grammar's reason, which never quotes the input. RFC 3463 X.1.7. */
export const malformedSender = (why: string): Reply => refusal(501, "5.1.7", `Malformed sender address: ${why}`);
/** relay-policy §2.3; RFC 3463 X.1.3. */
export const malformedRecipient = (why: string): Reply => refusal(501, "5.1.3", `Malformed recipient address: ${why}`);
/** §4.1.1.11. */
export const parameterNotOffered = constantReply(555, "5.5.4", "A parameter is unknown or was not offered");
export const parameterMalformed = constantReply(501, "5.5.4", "A parameter is malformed");
export const parameterTwice = constantReply(501, "5.5.4", "A parameter is given twice");
/** RFC 6531 §3.5: a non-ASCII address needs SMTPUTF8 on MAIL. */
export const needsSmtpUtf8 = constantReply(553, "5.6.7", "An address beyond ASCII needs the SMTPUTF8 parameter");

// Order, §4.1.4

export const helloFirst = constantReply(503, "5.5.1", "Send EHLO or HELO first");
export const mailFirst = constantReply(503, "5.5.1", "Send MAIL first");
export const mailTwice = constantReply(503, "5.5.1", "The sender has been given already");
export const endTransactionFirst = constantReply(503, "5.5.1", "Not during a mail transaction");
/** §3.3: every RCPT was refused or none was sent. */
export const noRecipients = constantReply(554, "5.5.1", "No valid recipients");
/** By LMTP: RFC 2033 §4.2. */
export const noRecipientsByLmtp = constantReply(503, "5.5.1", "No valid recipients");
/** RFC 3030 §2: said after the octets were taken and thrown away. */
export const chunkingNotOffered = constantReply(503, "5.5.1", "CHUNKING is not offered, use DATA");

// Size and number

/** RFC 1870 §6.1, RFC 3463 X.3.4. */
export const messageTooBig = constantReply(552, "5.3.4", "The message is bigger than allowed");
/** §4.5.3.1.10, RFC 3463 X.5.3. */
export const tooManyRecipients = constantReply(
  452,
  "4.5.3",
  "Too many recipients, send the rest in another transaction",
);

// STARTTLS, RFC 3207 §4

export const tlsNotOffered = constantReply(502, "5.5.1", "STARTTLS is not offered");
export const tlsAlready = constantReply(503, "5.5.1", "TLS is active already");
export const tlsUnavailable = constantReply(454, "4.7.0", "TLS is not available now");

// AUTH, RFC 4954 §4 and §6

export const authNotOffered = constantReply(502, "5.5.1", "AUTH is not offered");
export const authAlready = constantReply(503, "5.5.1", "Authenticated already");
export const unknownMechanism = constantReply(504, "5.5.4", "Mechanism not offered");
export const encryptionRequired = constantReply(538, "5.7.11", "AUTH needs TLS, send STARTTLS first");
/** One step of an exchange; empty data is "334 " and nothing else. */
export const challenge = (data: Uint8Array): Reply => ({
  code: 334,
  status: null,
  lines: [Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")],
});
export const authenticated = constantReply(235, "2.7.0", "Authenticated");
export const badCredentials = constantReply(535, "5.7.8", "Authentication credentials invalid");
export const authCancelled = constantReply(501, "5.7.0", "Authentication cancelled");
export const authMalformed = constantReply(501, "5.5.2", "Malformed authentication response");
export const authLineTooLong = constantReply(500, "5.5.6", "Authentication response too long");
export const authTryLater = constantReply(454, "4.7.0", "Authentication is not possible now, try later");

// Policy, relay-policy §2.4: what a stranger hears; the true rule stands in the journal under REF

export const relayDenied = (ref?: string): Reply => refusal(550, "5.7.1", withRef("Relaying is prohibited", ref));
export const unknownMailbox = (ref?: string): Reply => refusal(550, "5.1.1", withRef("No such mailbox here", ref));
/** Forms with `%`, `!`, a quoted `@` or an encapsulated address, relay-policy §2.3. */
export const indirectAddress = (ref?: string): Reply =>
  refusal(550, "5.1.3", withRef("Addresses that hold another address are not taken", ref));
/** RFC 6409 §4.3, RFC 4954 §6. */
export const authenticationRequired = (ref?: string): Reply =>
  refusal(530, "5.7.0", withRef("Authentication required", ref));
export const senderNotAllowed = (ref?: string): Reply =>
  refusal(550, "5.7.1", withRef("This account may not send as that address", ref));
/** From or Sender, of an account that may write as itself only. RFC 3463 X.6.0. */
export const senderUnreadable = constantReply(550, "5.6.0", "The From or Sender field cannot be read");
/** In place of the greeting (§3.1) or at MAIL. */
export const connectionRefused = (ref?: string): Reply =>
  refusal(554, "5.7.1", withRef("No mail is taken from your address", ref));
/** RFC 3463 X.4.3: a directory that had to be asked did not answer. */
export const factUnknown = (ref?: string): Reply =>
  refusal(451, "4.4.3", withRef("Cannot be verified now, try later", ref));
/** RFC 3463 X.4.6. */
export const aliasLoop = (ref?: string): Reply =>
  refusal(451, "4.4.6", withRef("This address leads back to itself", ref));

// Content, after the final dot

/** field case O-09; RFC 3463 X.6.0. */
export const bareLineEnds = constantReply(550, "5.6.0", "A bare CR or LF in the message, lines end with CRLF");
/** RFC 6409 §6.1: From or Sender does not say who writes. */
export const unreadableSender = constantReply(550, "5.6.0", "From or Sender of the message cannot be read");
/** §6.3, RFC 3463 X.4.6. */
export const mailLoop = constantReply(554, "5.4.6", "Too many Received fields, this looks like a loop");
/** RFC 3463 X.3.1. */
export const storageLow = constantReply(452, "4.3.1", "Not enough storage now, try later");
/** RFC 3463 X.2.2. */
export const mailboxFull = constantReply(452, "4.2.2", "The mailbox is full, try later");
export const mailboxFullForGood = constantReply(552, "5.2.2", "The mailbox is full");
/** Nothing was stored, or it is not sure: the client keeps the message. */
export const notStored = constantReply(451, "4.3.0", "The message could not be stored, try later");

// The connection, §3.8, §4.2.4.2, §4.5.3.2

export const tooManyConnections = constantReply(421, "4.3.2", "Too many connections, try later");
export const tooManyFromYou = constantReply(421, "4.7.0", "Too many connections from your address, try later");
export const tooManyErrors = constantReply(421, "4.7.0", "Too many errors, closing the connection");
export const tooManyCommands = constantReply(421, "4.7.0", "Too many commands, closing the connection");
export const timedOut = constantReply(421, "4.4.2", "Timed out, closing the connection");
export const shuttingDown = constantReply(421, "4.3.2", "Shutting down, try later");
export const internalError = constantReply(421, "4.3.0", "Something went wrong here, try later");
