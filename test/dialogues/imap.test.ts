import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { playOnImapMachine, playUnderEveryCut, readImapDialogue } from "../../testing/imap-dialogue.ts";

const folder = new URL("./imap/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

describe("IMAP dialogues on the bare machine", () => {
  it("are there", () => assert.ok(files.length >= 10));
  for (const file of files) {
    const dialogue = readImapDialogue(readFileSync(new URL(file, folder), "utf8"));
    it(`${file}: ${dialogue.dialogue.title}`, () => playOnImapMachine(dialogue));
    it(`${file} under every cut`, () => playUnderEveryCut(dialogue));
  }
});
