import assert from "node:assert/strict";
import { type Dialogue, matchesLine, readDialogue, readOctets } from "../src/cli/dialogue-file.ts";
import { parseDateTime } from "../src/imap/date-time.ts";
import { flagsOf } from "../src/imap/flags.ts";
import { ImapMachine } from "./imap-machine.ts";
import { MemoryMail } from "./memory-mail.ts";

/**
 * An IMAP dialogue: a dialogue that may begin with what is in the mail of the account.
 *
 *     given  account alice secret                    who may log in; only one has mail
 *     given  mailbox Archive/2026                    a mailbox besides INBOX
 *     given  message INBOX (\Seen) Subject: a<CRLF>  a message with flags, its octets as in a turn
 *     given  message INBOX () at "17-Jul-1996 02:44:25 -0700" a   … that came at that time
 *     given  recent INBOX 17                         messages from this UID on were told to nobody
 *     given  clear                                   passwords may pass without TLS
 *     given  tls                                     the connection begins inside TLS
 */
export type ImapDialogue = {
  readonly dialogue: Dialogue;
  readonly mailboxes: readonly string[];
  readonly messages: readonly GivenMessage[];
  readonly recent: readonly { readonly mailbox: string; readonly from: number }[];
  readonly isTls: boolean;
  readonly mayUseClear: boolean;
};

type GivenMessage = {
  readonly mailbox: string;
  readonly flags: readonly string[];
  readonly octets: Buffer;
  /** null: when all of this happens. */
  readonly at: number | null;
};

/** When all of this happens: 2026-11-25T12:00Z. */
export const dialogueNow = Date.UTC(2026, 10, 25, 12);

export function readImapDialogue(text: string): ImapDialogue {
  const mailboxes: string[] = [];
  const messages: GivenMessage[] = [];
  const recent: { readonly mailbox: string; readonly from: number }[] = [];
  const marks = new Set<string>();
  // Lines keep their numbers.
  const rest = text.split("\n").map((line) => {
    const [, word = "", more = ""] = /^given\s+(mailbox|message|recent|clear|tls)\b\s*(.*)$/.exec(line) ?? [];
    if (word === "") return line;
    if (word === "mailbox") mailboxes.push(more);
    else if (word === "message") messages.push(readMessage(more, line));
    else if (word === "recent") recent.push({ mailbox: more.split(" ")[0] ?? "", from: Number(more.split(" ")[1]) });
    else marks.add(word);
    return "";
  });
  const dialogue = readDialogue(rest.join("\n"));
  return { dialogue, mailboxes, messages, recent, isTls: marks.has("tls"), mayUseClear: marks.has("clear") };
}

function readMessage(text: string, line: string): GivenMessage {
  const [, mailbox = "", flags = "", date, octets] = /^(\S+) \(([^)]*)\) (?:at "([^"]*)" )?(.*)$/.exec(text) ?? [];
  const at = date === undefined ? null : parseDateTime(date);
  if (octets === undefined || (date !== undefined && at === null)) throw new Error(`what message is this? ${line}`);
  return { mailbox, flags: flags.split(" ").filter((flag) => flag !== ""), octets: readOctets(octets), at };
}

/** The mail that a dialogue begins with. */
export async function mailOf({ mailboxes, messages, recent }: ImapDialogue): Promise<MemoryMail> {
  const mail = new MemoryMail({ now: () => dialogueNow });
  for (const name of mailboxes) await mail.create(name);
  for (const { mailbox, flags, octets, at } of messages)
    mail.deliver(mailbox, octets, flagsOf(flags), at ?? dialogueNow);
  for (const { mailbox, from } of recent) mail.setRecentFrom(mailbox, from);
  return mail;
}

export function passwordsOf({ dialogue }: ImapDialogue): ReadonlyMap<string, string> {
  return new Map(dialogue.given.flatMap((one) => (one.given === "account" ? [[one.name, one.password] as const] : [])));
}

/** How the octets of a client turn are cut. */
export type Cut = (octets: Buffer) => readonly Buffer[];

/** Plays a dialogue on the bare machine; throws an assertion error that names the line where it goes wrong. */
export async function playOnImapMachine(read: ImapDialogue, cut: Cut = (octets) => [octets]): Promise<void> {
  const { dialogue, isTls, mayUseClear } = read;
  const mail = await mailOf(read);
  const passwords = passwordsOf(read);
  const machine = new ImapMachine({ mailOf: () => mail, passwords, isTls, mayUseClear, now: dialogueNow });
  let said: string[] = [];
  const listen = () => said.push(...machine.takeOutput().split("\r\n").slice(0, -1));
  const expectSilence = (line: number) =>
    assert.deepEqual(said, [], `line ${line}: the server said more than expected`);
  listen();
  for (const turn of dialogue.turns) {
    switch (turn.turn) {
      case "client":
        expectSilence(turn.line);
        for (const chunk of cut(turn.octets)) await machine.receive(chunk);
        listen();
        break;
      case "server":
        if (!matchesLines(turn.patterns, said)) {
          assert.deepEqual(said, turn.patterns, `line ${turn.line}: the server says something else`);
        }
        said = [];
        break;
      case "handshake":
        expectSilence(turn.line);
        machine.handshake();
        break;
      case "closed":
        assert.ok(machine.isClosed, `line ${turn.line}: the connection is still open`);
        break;
      default:
        turn satisfies never;
    }
  }
  expectSilence(dialogue.turns.at(-1)?.line ?? 0);
  assert.equal(mail.pending, 0, "messages were written and forgotten");
}

/** Octets one by one, and a cut at each place of the client turns: at the same place in all of them at once, for there are many. */
export async function playUnderEveryCut(read: ImapDialogue): Promise<void> {
  await playOnImapMachine(read, (octets) => Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  const turns = read.dialogue.turns.flatMap((turn) => (turn.turn === "client" ? [turn.octets.length] : []));
  const longest = Math.max(...turns);
  const step = longest > 2_000 ? 101 : 1;
  for (let at = 1; at < longest; at += step) {
    await playOnImapMachine(read, (octets) =>
      at < octets.length ? [octets.subarray(0, at), octets.subarray(at)] : [octets],
    );
  }
}

/** "..." alone stands for any lines, at least one. */
function matchesLines(patterns: readonly string[], lines: readonly string[]): boolean {
  const [pattern, ...more] = patterns;
  const [line, ...rest] = lines;
  if (pattern === undefined) return lines.length === 0;
  if (line === undefined) return false;
  if (pattern !== "...") return matchesLine(pattern, line) && matchesLines(more, rest);
  return matchesLines(more, rest) || matchesLines(patterns, rest);
}
