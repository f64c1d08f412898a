import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readDialogue } from "../../src/cli/dialogue-file.ts";
import { playOnMachine, playUnderEveryCut } from "../../testing/play-smtp-machine.ts";

const folder = new URL("./smtp/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

describe("SMTP dialogues on the bare machine", () => {
  it("are there", () => assert.ok(files.length >= 20));
  for (const file of files) {
    const dialogue = readDialogue(readFileSync(new URL(file, folder), "utf8"));
    it(`${file}: ${dialogue.title}`, () => playOnMachine(dialogue));
    it(`${file} under every cut`, () => playUnderEveryCut(dialogue));
  }
});
