/**
 * Dialogues: protocol tests as text, in the `C:` / `S:` notation of the RFCs (CONTRIBUTING, "a dialogue"). This file
 * reads them; runners (over the bare machine, over a socket) play them.
 *
 *     # Title.                                   RFC 5321 §…
 *     given  local example.test: alice           what the world is like
 *     S: 220 mx.example.test ...                 "..." stands for any text; alone, for any lines of one reply
 *     C: QUIT                                    C: lines in a row go in one segment
 *     C: one<LF>.<MORE>                          octets; CRLF is added unless the line ends with its own end, or <MORE>
 *     C: <x*600>                                 600 times x
 *     ---- handshake                             TLS is negotiated now
 *     ---- closed                                the server has closed the connection
 *     then   nothing queued                      what must be true at the end
 */
export type Dialogue = {
  readonly title: string;
  /** RFC and section, or field case. */
  readonly source: string;
  readonly given: readonly Given[];
  readonly turns: readonly Turn[];
  readonly outcomes: readonly Outcome[];
};

export type Turn =
  | { readonly turn: "client"; readonly octets: Buffer; readonly line: number }
  | { readonly turn: "server"; readonly patterns: readonly string[]; readonly line: number }
  | { readonly turn: "handshake" | "closed"; readonly line: number };

export type Given =
  /** A domain of ours and the mailboxes in it. */
  | { readonly given: "local"; readonly domain: string; readonly mailboxes: readonly string[] }
  /** Clients that hold a grant, or can never relay: an address or CIDR. */
  | { readonly given: "relay" | "never"; readonly clients: string }
  | {
      readonly given: "listener";
      readonly kind: "relay" | "submission";
      readonly client: string | null;
      readonly isTls: boolean;
    }
  | { readonly given: "account"; readonly name: string; readonly password: string }
  /** A setting of the listener, such as "size 1000". */
  | { readonly given: "setting"; readonly name: string; readonly value: string };

export type Outcome =
  | { readonly outcome: "queued"; readonly count: number }
  /** The message that was accepted last, octet by octet. */
  | { readonly outcome: "content"; readonly octets: Buffer }
  | { readonly outcome: "event"; readonly name: string; readonly fields: Readonly<Record<string, string>> }
  | { readonly outcome: "no event"; readonly name: string };

/** Throws on a line that it does not understand: a test that cannot fail is a defect. */
export function readDialogue(text: string): Dialogue {
  const title: string[] = [];
  const given: Given[] = [];
  const outcomes: Outcome[] = [];
  const turns: Turn[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const [, word = "", rest = ""] = /^(#|given|then|C:|S:|----)(?:\s+(.*?))?\s*$/.exec(raw) ?? [];
    if (raw.trim() === "") continue;
    else if (word === "#") title.push(rest);
    else if (word === "given") given.push(readGiven(rest, line));
    else if (word === "then") outcomes.push(readOutcome(rest, line));
    else if (word === "C:") addClient(turns, readLine(rest), line);
    else if (word === "S:") addServer(turns, readOctets(rest).toString(), line);
    else if (rest === "handshake" || rest === "closed") turns.push({ turn: rest, line });
    else throw new Error(`line ${line}: what is ${JSON.stringify(raw)}?`);
  }
  if (turns.length === 0) throw new Error("no turn in this dialogue");
  // Behind the title, after more than one blank, stands where it comes from.
  const [name = "untitled", source = ""] = title[0]?.split(/\s{2,}/) ?? [];
  return { title: name, source, given, turns, outcomes };
}

function addClient(turns: Turn[], octets: Buffer, line: number): void {
  const last = turns.at(-1);
  if (last?.turn !== "client") turns.push({ turn: "client", octets, line });
  else turns[turns.length - 1] = { ...last, octets: Buffer.concat([last.octets, octets]) };
}

function addServer(turns: Turn[], pattern: string, line: number): void {
  const last = turns.at(-1);
  if (last?.turn !== "server") turns.push({ turn: "server", patterns: [pattern], line });
  else turns[turns.length - 1] = { ...last, patterns: [...last.patterns, pattern] };
}

/** The octets of a `C:` line. */
function readLine(text: string): Buffer {
  const hasOwnEnd = /<(?:CRLF|LF|CR|MORE)>$/.test(text);
  return readOctets(hasOwnEnd ? text : `${text}<CRLF>`);
}

const names: Readonly<Record<string, string>> = {
  CRLF: "\r\n",
  CR: "\r",
  LF: "\n",
  TAB: "\t",
  SP: " ",
  NUL: "\0",
  DEL: "\x7f",
  MORE: "",
};

const escape = /<(?:(CRLF|CR|LF|TAB|SP|NUL|DEL|MORE)|([0-9A-F]{2})|(.)\*(\d{1,6}))>/gu;

/** UTF-8 of the text with its escapes undone: `<CRLF>`, `<E4>`, `<x*600>`. */
export function readOctets(text: string): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const found of text.matchAll(escape)) {
    const [whole, name, hex, character = "", count] = found;
    pieces.push(Buffer.from(text.slice(from, found.index)));
    if (name !== undefined) pieces.push(Buffer.from(names[name] ?? ""));
    else if (hex !== undefined) pieces.push(Buffer.from(hex, "hex"));
    else pieces.push(Buffer.from(character.repeat(Number(count))));
    from = found.index + whole.length;
  }
  return Buffer.concat([...pieces, Buffer.from(text.slice(from))]);
}

function readGiven(text: string, line: number): Given {
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  switch (word) {
    case "local": {
      const [domain = "", mailboxes = ""] = rest.split(":");
      return { given: "local", domain, mailboxes: mailboxes.split(/[\s,]+/).filter((name) => name !== "") };
    }
    case "relay":
    case "never":
      return { given: word, clients: rest };
    case "listener":
      return readListener(rest, line);
    case "account": {
      const [name = "", password = ""] = rest.split(" ");
      return { given: "account", name, password };
    }
    case "setting": {
      const [, name = "", value = ""] = /^(\S+)\s*(.*)$/.exec(rest) ?? [];
      return { given: "setting", name, value };
    }
    default:
      throw new Error(`line ${line}: given what? ${JSON.stringify(text)}`);
  }
}

/** `relay, client 203.0.113.9, tls`. */
function readListener(text: string, line: number): Given {
  const [kind, ...more] = text.split(/\s*,\s*/);
  const client = more.find((part) => part.startsWith("client "))?.slice("client ".length) ?? null;
  const isTls = more.includes("tls");
  const isUnderstood = more.length === (client === null ? 0 : 1) + (isTls ? 1 : 0);
  if ((kind !== "relay" && kind !== "submission") || !isUnderstood) {
    throw new Error(`line ${line}: what listener? ${JSON.stringify(text)}`);
  }
  return { given: "listener", kind, client, isTls };
}

/** `nothing queued`, `queued 2`, `content Subject: t<CRLF>`, `event NAME key=value`, `no event NAME`. */
function readOutcome(text: string, line: number): Outcome {
  if (text === "nothing queued") return { outcome: "queued", count: 0 };
  const [, word = "", rest = ""] = /^(queued|content|event|no event)\s+(.*)$/.exec(text) ?? [];
  switch (word) {
    case "queued":
      return { outcome: "queued", count: Number(rest) };
    case "content":
      return { outcome: "content", octets: readOctets(rest) };
    case "no event":
      return { outcome: "no event", name: rest };
    case "event": {
      const [name = "", ...fields] = rest.split(/\s+/);
      return { outcome: "event", name, fields: Object.fromEntries(fields.map((field) => field.split("=", 2))) };
    }
    default:
      throw new Error(`line ${line}: then what? ${JSON.stringify(text)}`);
  }
}

/**
 * Whether the lines that a server said are those that were expected: all of them, none missing. Works for any protocol
 * whose replies end with a line "NNN text" (SMTP).
 */
export function matchesReplies(patterns: readonly string[], lines: readonly string[]): boolean {
  const [pattern, ...more] = patterns;
  const [line, ...rest] = lines;
  if (pattern === undefined) return lines.length === 0;
  if (pattern !== "...") return line !== undefined && matchesLine(pattern, line) && matchesReplies(more, rest);
  // Any lines of one reply: to its end, or up to a line that is spelt out.
  if (more.length > 0 && line !== undefined && matchesReplies(more, lines)) return true;
  if (line === undefined) return false;
  return endsReply(line) ? matchesReplies(more, rest) : matchesReplies(patterns, rest);
}

function endsReply(line: string): boolean {
  return /^\d{3}(?: |$)/.test(line);
}

/** `...` in a pattern stands for any text. */
export function matchesLine(pattern: string, line: string): boolean {
  const parts = pattern.split("...");
  const first = parts.shift() ?? "";
  const last = parts.pop();
  if (last === undefined) return line === first;
  if (line.length < first.length + last.length || !line.startsWith(first) || !line.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= line.length - last.length;
}
