import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Dialogue, Turn } from "../src/cli/dialogue-file.ts";
import { openAccessScene } from "./access-scene.ts";
import { type ImapDialogue, mailOf } from "./imap-dialogue.ts";
import { matchesLines, playTurns, underEveryCut } from "./play-machine.ts";
import { Pop3Machine } from "./pop3-machine.ts";
import { type Cut, SocketPeer, whole } from "./socket-peer.ts";

// A POP3 dialogue is written as one of IMAP is; its messages are in INBOX.

function passwordsOf({ dialogue }: ImapDialogue): ReadonlyMap<string, string> {
  return new Map(dialogue.given.flatMap((one) => (one.given === "account" ? [[one.name, one.password] as const] : [])));
}

export async function playOnPop3Machine(read: ImapDialogue, cut: Cut = whole): Promise<void> {
  const { dialogue, isTls, mayUseClear, messages } = read;
  const machine = new Pop3Machine({
    passwords: passwordsOf(read),
    messages: messages.map(({ octets }) => octets),
    isTls,
    mayUseClear,
  });
  await playTurns(machine, dialogue.turns, cut);
}

export function playPop3UnderEveryCut(read: ImapDialogue): Promise<void> {
  return underEveryCut(read.dialogue.turns, (cut) => playOnPop3Machine(read, cut));
}

export type Way = "as written" | "implicit TLS" | "after STLS";

/** Over a socket, each time with the mail that the dialogue begins with. */
export async function playOverSocket(
  t: TestContext,
  read: ImapDialogue,
  { way = "as written", cut = whole }: { readonly way?: Way; readonly cut?: Cut } = {},
): Promise<void> {
  const mail = await mailOf(read);
  const scene = await openAccessScene(t, {
    kind: "pop3",
    accounts: Array.from(passwordsOf(read), ([name, password]) => ({
      address: `${name}@example.test`,
      password: { password },
    })),
    allowClearAuth: read.mayUseClear,
    mailOf: () => mail,
  });
  const isTls = way === "implicit TLS" || (way === "as written" && read.isTls);
  const port = scene.portOf(isTls ? "implicit" : "clear");
  const peer = await SocketPeer.open({ port, from: "127.0.0.1", isTls, cut });
  for (const turn of turnsOn(way, read.dialogue)) await play(turn, peer, way);
  assert.equal(await peer.finish(), "", "the server said more than expected");
  assert.deepEqual(scene.eventsCalled("trouble"), []);
  for (const name of ["session-opened", "session-closed"] as const) assert.equal(scene.eventsCalled(name).length, 1);
}

const startTls: readonly Turn[] = [
  { turn: "client", octets: Buffer.from("STLS\r\n"), line: 0 },
  { turn: "server", patterns: ["+OK ..."], line: 0 },
  { turn: "handshake", line: 0 },
];

function turnsOn(way: Way, { turns }: Dialogue): readonly Turn[] {
  const [greeting, ...rest] = turns;
  return way !== "after STLS" || greeting === undefined ? turns : [greeting, ...startTls, ...rest];
}

async function play(turn: Turn, peer: SocketPeer, way: Way): Promise<void> {
  const at = `${way}, line ${turn.line}`;
  switch (turn.turn) {
    case "client":
      return peer.write(turn.octets);
    case "handshake":
      return peer.handshake();
    case "closed":
      assert.equal(await peer.nextLine(), null, at);
      return assert.ok(peer.isClosed, at);
    case "server": {
      const heard: string[] = [];
      do {
        const line = await peer.nextLine();
        if (line === null) assert.deepEqual(heard, turn.patterns, at);
        else heard.push(line);
      } while (!matchesLines(turn.patterns, heard) && heard.length < 1_000);
      return assert.ok(matchesLines(turn.patterns, heard), `${at}: ${heard.join(" / ")}`);
    }
    default:
      return turn satisfies never;
  }
}
