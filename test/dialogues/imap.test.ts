import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  type ImapDialogue,
  playOnImapMachine,
  playUnderEveryCut,
  readImapDialogue,
} from "../../testing/imap-dialogue.ts";
import { playOverSocket, singly } from "../../testing/play-access.ts";

// Those of `clients` were recorded between the server and the programs in their names, and shortened.
const dialogues = ["imap", "clients"].flatMap((folder) =>
  readdirSync(new URL(`./${folder}/`, import.meta.url))
    .filter((name) => name.endsWith(".txt"))
    .map((name) => ({
      name: `${folder}/${name}`,
      read: readImapDialogue(readFileSync(new URL(`./${folder}/${name}`, import.meta.url), "utf8")),
    })),
);

describe("IMAP dialogues on the bare machine", () => {
  it("are there", () => assert.ok(dialogues.length >= 13));
  for (const { name, read } of dialogues) {
    it(`${name}: ${read.dialogue.title}`, () => playOnImapMachine(read));
    it(`${name} under every cut`, () => playUnderEveryCut(read));
  }
});

describe("IMAP dialogues over a socket", { concurrency: 4 }, () => {
  for (const { name, read } of dialogues) {
    it(`${name}: ${read.dialogue.title}`, async (t) => {
      await playOverSocket(t, read, { kind: "imap", cut: singly });
      // What programs say is also heard as they say it, and inside TLS.
      if (!name.startsWith("clients/")) return;
      assert.ok(fitsTls(read));
      await playOverSocket(t, read, { kind: "imap" });
      await playOverSocket(t, read, { kind: "imap", way: "implicit TLS", cut: singly });
      await playOverSocket(t, read, { kind: "imap", way: "after STARTTLS" });
    });
  }
});

/** Those that say the same inside TLS. */
function fitsTls({ dialogue, isTls, mayUseClear }: ImapDialogue): boolean {
  return mayUseClear && !isTls && !dialogue.turns.some((turn) => turn.turn === "handshake");
}
