import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Dialogue, Turn } from "../src/cli/dialogue-file.ts";
import type { AccessKind } from "../src/config/schema.ts";
import { openAccessScene } from "./access-scene.ts";
import { type ImapDialogue, mailOf, passwordsOf } from "./imap-dialogue.ts";
import { matchesLines } from "./play-machine.ts";
import { type Cut, SocketPeer, whole } from "./socket-peer.ts";

export type Way = "as written" | "implicit TLS" | "after STARTTLS";

export type AccessPlay = { readonly kind: AccessKind; readonly way?: Way; readonly cut?: Cut };

/** A dialogue of POP3 or IMAP over a socket, each time with the mail that it begins with. */
export async function playOverSocket(
  t: TestContext,
  read: ImapDialogue,
  { kind, way = "as written", cut = whole }: AccessPlay,
): Promise<void> {
  const mail = await mailOf(read);
  const scene = await openAccessScene(t, {
    kind,
    accounts: Array.from(passwordsOf(read), ([name, password]) => ({
      address: name.includes("@") ? name : `${name}@example.test`,
      password: { password },
    })),
    allowClearAuth: read.mayUseClear,
    mailOf: () => mail,
  });
  const isTls = way === "implicit TLS" || (way === "as written" && read.isTls);
  const port = scene.portOf(isTls ? "implicit" : "clear");
  const peer = await SocketPeer.open({ port, from: "127.0.0.1", isTls, cut });
  for (const turn of turnsOn(read.dialogue, way === "after STARTTLS" ? startTls[kind] : []))
    await play(turn, peer, way);
  assert.equal(await peer.finish(), "", "the server said more than expected");
  assert.deepEqual(scene.eventsCalled("trouble"), []);
  for (const name of ["session-opened", "session-closed"] as const) assert.equal(scene.eventsCalled(name).length, 1);
}

/** Octets one by one; long turns in pieces. What comes behind the command that begins TLS belongs to the handshake. */
export function singly(octets: Buffer): readonly Buffer[] {
  if (/^(?:\w+ STARTTLS|STLS)\r\n/.test(octets.toString("latin1"))) return [octets];
  const step = octets.length > 600 ? 61 : 1;
  return Array.from({ length: Math.ceil(octets.length / step) }, (_, at) =>
    octets.subarray(at * step, (at + 1) * step),
  );
}

const handshakeBehind = (command: string, reply: string): readonly Turn[] => [
  { turn: "client", octets: Buffer.from(`${command}\r\n`), line: 0 },
  { turn: "server", patterns: [reply], line: 0 },
  { turn: "handshake", line: 0 },
];

const startTls = {
  pop3: handshakeBehind("STLS", "+OK ..."),
  imap: handshakeBehind("tls STARTTLS", "tls OK ..."),
} as const satisfies Record<AccessKind, readonly Turn[]>;

function turnsOn({ turns }: Dialogue, behindGreeting: readonly Turn[]): readonly Turn[] {
  return [...turns.slice(0, 1), ...behindGreeting, ...turns.slice(1)];
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
