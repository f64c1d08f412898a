import type { Command } from "./command.ts";
import type { Scanner } from "./scanner.ts";

/** RFC 2971 §3.1: at most 30 pairs; names of at most 30 octets and values of 1,024. */
export function parseId(scanner: Scanner): Command {
  scanner.space("NIL or a list");
  if (scanner.peekWord() === "NIL") {
    scanner.word();
    return { name: "ID", fields: null };
  }
  const fields = new Map<string, string | null>();
  scanner.listOrEmpty("names and values", () => {
    const field = scanner.decoded(scanner.string("a name"), "a name").toLowerCase();
    scanner.space("a value");
    const value = readNString(scanner);
    if (fields.size >= 30) scanner.refuse("ID takes at most 30 fields");
    if (field.length > 30 || (value?.length ?? 0) > 1_024) {
      scanner.refuse("ID takes names of at most 30 octets and values of at most 1024");
    }
    fields.set(field, value);
  });
  return { name: "ID", fields };
}

function readNString(scanner: Scanner): string | null {
  if (scanner.peekWord() !== "NIL") return scanner.decoded(scanner.string("a string or NIL"), "a value");
  scanner.word();
  return null;
}

export function parseLogin(scanner: Scanner): Command {
  scanner.space("a login name");
  const login = scanner.text("a login name");
  scanner.space("a password");
  return { name: "LOGIN", login, password: scanner.text("a password") };
}

/** RFC 9051 §6.2.2; "=" is an initial response of no octets (RFC 4959). */
export function parseAuthenticate(scanner: Scanner): Command {
  scanner.space("a mechanism");
  const mechanism = scanner.atom("a mechanism").toUpperCase();
  if (!scanner.more()) return { name: "AUTHENTICATE", mechanism, initial: null };
  const text = scanner.atom("an initial response");
  const initial = text === "=" ? Buffer.alloc(0) : Buffer.from(text, "base64");
  // Strict (RFC 4648 §4): Node's decoder skips what it does not know. What it is stays unsaid, for it may be a password.
  if (text !== "=" && initial.toString("base64") !== text) scanner.refuse("The initial response is no base64");
  return { name: "AUTHENTICATE", mechanism, initial };
}

export function parseEnable(scanner: Scanner): Command {
  const capabilities: string[] = [];
  scanner.space("a capability");
  do capabilities.push(scanner.atom("a capability").toUpperCase());
  while (scanner.more());
  return { name: "ENABLE", capabilities };
}

/** RFC 5267 §4.4. */
export function parseCancelUpdate(scanner: Scanner): Command {
  const tags: string[] = [];
  scanner.space("a tag in quotes");
  do tags.push(scanner.decoded(scanner.string("a tag in quotes"), "a tag"));
  while (scanner.more());
  return { name: "CANCELUPDATE", tags };
}
