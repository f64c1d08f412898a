import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type ImapDialogue, readImapDialogue } from "../../testing/imap-dialogue.ts";
import { playOnPop3Machine, playOverSocket, playPop3UnderEveryCut } from "../../testing/play-pop3.ts";

const folder = new URL("./pop3/", import.meta.url);
const dialogues = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => ({ name, read: readImapDialogue(readFileSync(new URL(name, folder), "utf8")) }));

describe("POP3 dialogues on the bare machine", () => {
  it("are there", () => assert.ok(dialogues.length >= 14));
  for (const { name, read } of dialogues) {
    it(`${name}: ${read.dialogue.title}`, () => playOnPop3Machine(read));
    it(`${name} under every cut`, () => playPop3UnderEveryCut(read));
  }
});

describe("POP3 dialogues over a socket", { concurrency: 4 }, () => {
  for (const { name, read } of dialogues) {
    it(`${name}: ${read.dialogue.title}`, async (t) => {
      await playOverSocket(t, read);
      await playOverSocket(t, read, { cut: singly });
      if (!fitsTls(read)) return;
      await playOverSocket(t, read, { way: "implicit TLS" });
      await playOverSocket(t, read, { way: "implicit TLS", cut: singly });
      await playOverSocket(t, read, { way: "after STLS" });
    });
  }
});

/** Octets one by one; long turns in pieces. What comes behind STLS belongs to the handshake. */
function singly(octets: Buffer): readonly Buffer[] {
  if (octets.indexOf("STLS\r\n") === 0) return [octets];
  const step = octets.length > 600 ? 61 : 1;
  return Array.from({ length: Math.ceil(octets.length / step) }, (_, at) =>
    octets.subarray(at * step, (at + 1) * step),
  );
}

/** Those that say the same inside TLS. */
function fitsTls({ dialogue, isTls }: ImapDialogue): boolean {
  return !isTls && !dialogue.turns.some((turn) => turn.turn === "handshake");
}
