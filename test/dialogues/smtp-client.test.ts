import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readDialogue } from "../../src/cli/dialogue-file.ts";
import { playAtClient, playUnderEveryCut } from "../../testing/next-hop.ts";

const folder = new URL("./smtp-client/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

describe("SMTP dialogues of the client", () => {
  it("are there", () => assert.ok(files.length >= 20));
  for (const file of files) {
    const dialogue = readDialogue(readFileSync(new URL(file, folder), "utf8"));
    it(`${file}: ${dialogue.title}`, () => playAtClient(dialogue));
    it(`${file} under every cut`, () => playUnderEveryCut(dialogue));
  }
});

describe("a dialogue of the client fails where it is wrong", () => {
  const start = "S: 220 mx.r.test\nC: EHLO mail.example.com\n";
  const wrong: Record<string, string> = {
    "something else is said": "S: 220 mx.r.test\nC: EHLO example.com\nthen event down\n",
    "nothing is said": `${start}C: QUIT\nthen event down\n`,
    "nobody dials again": `${start}---- closed\nS: 220 mx.r.test\nthen event down\n`,
    "no such outcome": `${start}S: 421 no\nthen event accepted\n`,
    "an outcome that should not be": `${start}S: 421 no\nthen no event transient\n`,
    "no outcome is expected": `${start}S: 421 no\n`,
    "a setting that nobody reads": `given setting colour red\n${start}S: 421 no\nthen event down\n`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    it(name, () => assert.rejects(playAtClient(readDialogue(text))));
  }
});
