import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type ImapDialogue, readImapDialogue } from "../../testing/imap-dialogue.ts";
import { playOverSocket, singly } from "../../testing/play-access.ts";
import { playOnPop3Machine, playPop3UnderEveryCut } from "../../testing/play-pop3.ts";

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
      await playOverSocket(t, read, { kind: "pop3" });
      await playOverSocket(t, read, { kind: "pop3", cut: singly });
      if (!fitsTls(read)) return;
      await playOverSocket(t, read, { kind: "pop3", way: "implicit TLS" });
      await playOverSocket(t, read, { kind: "pop3", way: "implicit TLS", cut: singly });
      await playOverSocket(t, read, { kind: "pop3", way: "after STARTTLS" });
    });
  }
});

/** Those that say the same inside TLS. */
function fitsTls({ dialogue, isTls }: ImapDialogue): boolean {
  return !isTls && !dialogue.turns.some((turn) => turn.turn === "handshake");
}
