import type { Line } from "../smtp/line-decoder.ts";
import * as replies from "./replies.ts";
import type { Reply } from "./reply.ts";

/** What a client asks, parsed and nothing else; `session.ts` says in which phase it may come. */
export type Command =
  | { readonly verb: Bare }
  | { readonly verb: "USER"; readonly login: string }
  | { readonly verb: "PASS"; readonly password: string }
  /** Null: AUTH alone, which asks what there is. `initial` as it came, base64 or "=". */
  | { readonly verb: "AUTH"; readonly mechanism: string | null; readonly initial: string | null }
  | { readonly verb: "LIST" | "UIDL"; readonly number: number | null }
  | { readonly verb: "RETR" | "DELE"; readonly number: number }
  | { readonly verb: "TOP"; readonly number: number; readonly lines: number }
  | { readonly verb: "LANG"; readonly tag: string | null }
  /** `isHopeless`: whoever sends this does not speak POP3. */
  | { readonly verb: "invalid"; readonly reply: Reply; readonly isHopeless: boolean };

/** Commands without arguments. */
type Bare = "CAPA" | "STLS" | "STAT" | "NOOP" | "RSET" | "UTF8" | "QUIT";

/** A command with a line too long is not looked at (RFC 2449 §4: 255 octets, with room for AUTH and long names). */
export const maxCommandLine = 2_048;
/** Octets of a line in an AUTH exchange with its CRLF: as for SMTP (RFC 4954 §4), since RFC 5034 names no number. */
export const maxAuthLine = 12_288;

type Parse = (rest: string) => Command;

const bare =
  (verb: Bare): Parse =>
  (rest) =>
    rest.trim() === "" ? { verb } : invalid(replies.noArguments);

const ofMessage =
  (verb: "RETR" | "DELE"): Parse =>
  (rest) => {
    const number = numberIn(rest.trim());
    return number === null ? invalid(replies.syntax(`${verb} number`)) : { verb, number };
  };

const ofMessageOrAll =
  (verb: "LIST" | "UIDL"): Parse =>
  (rest) => {
    const text = rest.trim();
    const number = numberIn(text);
    return number === null && text !== "" ? invalid(replies.syntax(`${verb} [number]`)) : { verb, number };
  };

/** Keywords in any case (RFC 1939 §3). */
const parsers: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ...(["CAPA", "STLS", "STAT", "NOOP", "RSET", "UTF8", "QUIT"] as const).map((verb): [string, Parse] => [
    verb,
    bare(verb),
  ]),
  ["USER", parseUser],
  ["PASS", (password) => (password === "" ? invalid(replies.syntax("PASS password")) : { verb: "PASS", password })],
  ["AUTH", parseAuth],
  ["LIST", ofMessageOrAll("LIST")],
  ["UIDL", ofMessageOrAll("UIDL")],
  ["RETR", ofMessage("RETR")],
  ["DELE", ofMessage("DELE")],
  ["TOP", parseTop],
  ["LANG", parseLang],
]);

export function parseCommand(line: Line): Command {
  if (line.flaw !== null) return invalid(line.flaw === "too-long" ? replies.lineTooLong : replies.badLine);
  const { text } = line;
  const space = text.indexOf(" ");
  const keyword = (space < 0 ? text : text.slice(0, space)).toUpperCase();
  const parse = parsers.get(keyword);
  if (parse !== undefined) return parse(space < 0 ? "" : text.slice(space + 1));
  const isHttp = / HTTP\/\d/.test(text) || /^Host:/i.test(text);
  return { verb: "invalid", reply: isHttp ? replies.notPop3 : replies.unknownCommand, isHopeless: isHttp };
}

function parseUser(rest: string): Command {
  const login = rest.trim();
  return login === "" ? invalid(replies.syntax("USER name")) : { verb: "USER", login };
}

function parseAuth(rest: string): Command {
  const [mechanism = "", initial, ...more] = rest.trim().split(/ +/);
  if (mechanism === "") return { verb: "AUTH", mechanism: null, initial: null };
  if (more.length > 0 || !/^[A-Za-z0-9_-]{1,20}$/.test(mechanism))
    return invalid(replies.syntax("AUTH mechanism [initial response]"));
  return { verb: "AUTH", mechanism: mechanism.toUpperCase(), initial: initial ?? null };
}

function parseTop(rest: string): Command {
  const [first = "", second = "", ...more] = rest.trim().split(/ +/);
  const number = numberIn(first);
  const lines = numberIn(second);
  if (number === null || lines === null || more.length > 0) return invalid(replies.syntax("TOP number lines"));
  return { verb: "TOP", number, lines };
}

function parseLang(rest: string): Command {
  const tag = rest.trim();
  if (tag === "") return { verb: "LANG", tag: null };
  // RFC 5646 §2.1, or RFC 6856's "*".
  return /^(?:\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7})$/.test(tag)
    ? { verb: "LANG", tag }
    : invalid(replies.syntax("LANG [tag]"));
}

/** Null: none. More digits than a maildrop can have messages are none either. */
function numberIn(text: string): number | null {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : null;
}

function invalid(reply: Reply): Command {
  return { verb: "invalid", reply, isHopeless: false };
}
