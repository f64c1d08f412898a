import type { Reply } from "./reply.ts";

// The catalogue of what we say. Codes: RFC 2449 §8.1 (IN-USE, LOGIN-DELAY), RFC 3206 (SYS/TEMP, AUTH), RFC 6856 §5 (UTF8).

const ok = (text: string): Reply => ({ isOk: true, code: null, text });
const refusal = (text: string, code: string | null = null): Reply => ({ isOk: false, code, text });

const messages = (count: number) => (count === 1 ? "1 message" : `${count} messages`);
const octets = (count: number) => (count === 1 ? "1 octet" : `${count} octets`);

// Going on

/** RFC 1939 §4. No timestamp in angle brackets: that would offer APOP (§7). */
export const greeting = (hostname: string): Reply => ok(`${hostname} POP3 ready`);
export const capabilities = ok("Capability list follows");
export const mechanisms = ok("Mechanisms follow");
export const readyForTls = ok("Begin TLS negotiation");
export const sendPassword = ok("Send PASS");
/** RFC 1939 §4: after PASS or AUTH. */
export const maildropOpen = (count: number, size: number): Reply =>
  ok(`Maildrop has ${messages(count)} (${octets(size)})`);
export const nothingDone = ok("");
/** §5: exactly this form. */
export const stat = (count: number, size: number): Reply => ok(`${count} ${size}`);
export const listing = (count: number, size: number): Reply => ok(`${messages(count)} (${octets(size)})`);
export const oneOf = (number: number, what: number | string): Reply => ok(`${number} ${what}`);
export const uniqueIds = ok("Unique ids follow");
export const message = (size: number): Reply => ok(octets(size));
export const topOfMessage = ok("Top of message follows");
export const marked = (number: number): Reply => ok(`Message ${number} will be deleted at QUIT`);
export const unmarked = (count: number, size: number): Reply => ok(`Maildrop has ${messages(count)} (${octets(size)})`);
export const bye = ok("Bye");
export const updated = (removed: number): Reply => ok(`Bye, ${messages(removed)} deleted`);
/** RFC 6856 §2.1. */
export const utf8Enabled = ok("UTF-8 enabled");
/** RFC 6856 §3.2: the tag stands first. */
export const languages = ok("Languages follow");
export const language = (tag: string): Reply => ok(`${tag} Language set`);

// Syntax

export const unknownCommand = refusal("Unknown command");
export const lineTooLong = refusal("Line too long");
export const badLine = refusal("Lines are text and end with CRLF");
/** Another protocol's client was pointed at us, perhaps by a web page: nothing else it sends is looked at. */
export const notPop3 = refusal("This is POP3");
export const noArguments = refusal("This command takes no arguments");
export const syntax = (form: string): Reply => refusal(`Syntax: ${form}`);

// Order (§3)

export const logInFirst = refusal("Log in first");
export const loggedInAlready = refusal("Logged in already");
export const userFirst = refusal("Send USER first");

// TLS and logins

export const tlsActive = refusal("TLS is active already");
export const tlsNotOffered = refusal("STLS is not offered");
/** No code: AUTH would say that the password is wrong (RFC 3206 §4). */
export const tlsFirst = refusal("Passwords need TLS, send STLS first");
export const unknownMechanism = refusal("Mechanism not offered");
export const authMalformed = refusal("Malformed authentication response");
export const authCancelled = refusal("Authentication cancelled");
export const badCredentials = refusal("Login or password is wrong", "AUTH");
export const tryLater = refusal("Login is not possible now, try later", "SYS/TEMP");
/** RFC 2449 §8.1.2: another session has the maildrop. */
export const inUse = refusal("Another session has this maildrop open", "IN-USE");
/** RFC 2449 §8.1.1. */
export const tooSoon = (seconds: number): Reply => refusal(`Wait ${seconds} s between logins`, "LOGIN-DELAY");

// Messages

export const noSuchMessage = refusal("No such message");
export const isMarked = refusal("Message is deleted");
/** Another session took it away. */
export const messageGone = refusal("Message is not there any more");
/** RFC 6856 §3.2. */
export const unknownLanguage = refusal("Language not known");
/** Nothing was removed. */
export const notRemoved = refusal("Deleted messages were not removed, try later", "SYS/TEMP");

// The connection

export const tooManyErrors = refusal("Too many errors, closing the connection");
export const tooManyConnections = refusal("Too many connections, try later", "SYS/TEMP");
export const shuttingDown = refusal("Shutting down, try later", "SYS/TEMP");
export const internalError = refusal("Something went wrong here, try later", "SYS/TEMP");
