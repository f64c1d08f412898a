import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { describe, it, test } from "node:test";
import { type Dialogue, readDialogue } from "../../src/cli/dialogue-file.ts";
import { playOnMachine } from "../../testing/play-smtp-machine.ts";
import { everyCut, openDialogueWorld, singly } from "../../testing/play-smtp-socket.ts";
import { SocketPeer } from "../../testing/socket-peer.ts";

const folder = new URL("./smtp/", import.meta.url);
const dialogues = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => ({ name, dialogue: readDialogue(readFileSync(new URL(name, folder), "utf8")) }));

// The dialogues of the bare machine at the whole reception, over TCP: as written, octet by octet, and cut at every place of
// every turn (32 octets apart, so in 32 plays at most; one cut alone is tried on the machine). Those that say the same inside
// TLS are played there too, on a port with implicit TLS and after STARTTLS.
describe("SMTP dialogues over a socket", { concurrency: 4 }, () => {
  for (const { name, dialogue } of dialogues) {
    it(`${name}: ${dialogue.title}`, async (t) => {
      const world = await openDialogueWorld(t, dialogue.given);
      await world.play(dialogue);
      await world.play(dialogue, { cut: singly(dialogue) });
      for (const cut of everyCut(dialogue)) await world.play(dialogue, { cut });
    });
  }
});

describe("SMTP dialogues inside TLS", { concurrency: 4 }, () => {
  const fitting = dialogues.filter(({ dialogue }) => fitsTls(dialogue));
  it("most of them fit", () => assert.ok(fitting.length > dialogues.length / 2));
  for (const { name, dialogue } of fitting) {
    it(`${name}: ${dialogue.title}`, async (t) => {
      const world = await openDialogueWorld(t, dialogue.given);
      await world.play(dialogue, { way: "implicit TLS" });
      await world.play(dialogue, { way: "implicit TLS", cut: singly(dialogue) });
      await world.play(dialogue, { way: "after STARTTLS" });
    });
  }
});

/** Whether the machine says the same to a client that came by TLS: it shows no STARTTLS there, and perhaps AUTH. */
function fitsTls(dialogue: Dialogue): boolean {
  const given = dialogue.given.map((one) => (one.given === "listener" ? { ...one, isTls: true } : one));
  try {
    playOnMachine({ ...dialogue, given });
    return true;
  } catch {
    return false;
  }
}

test("the pieces of a cut arrive one by one", async (t) => {
  const arrived: string[] = [];
  const ended = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.write("220 Ready\r\n");
    socket.on("data", (chunk) => arrived.push(chunk.toString()));
    socket.on("end", () => ended.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const cut = (octets: Buffer) => Array.from(octets, (_, at) => octets.subarray(at, at + 1));
  const peer = await SocketPeer.open({ port, from: "127.0.0.9", isTls: false, cut });
  assert.equal(await peer.nextLine(), "220 Ready");
  const text = "EHLO client.other.test\r\n";
  peer.write(Buffer.from(text));
  await peer.finish();
  await ended.promise;
  assert.deepEqual(arrived, text.split(""));
});

test("a play fails where the dialogue is wrong", async (t) => {
  const start = "S: 220 mx.example.test ESMTP\n";
  const wrong: Readonly<Record<string, string>> = {
    "another reply": "S: 220 mx.example.test HTTP\n",
    "a reply too many": `${start}C: NOOP<CRLF>NOOP\nS: 250 2.0.0 Ok\n`,
    "a reply that nobody waits for": `${start}C: NOOP\n`,
    "a message that was not accepted": `${start}then queued 1\n`,
    "an event that did not come": `${start}then event secret-exposed\n`,
  };
  for (const [what, text] of Object.entries(wrong)) {
    const dialogue = readDialogue(text);
    const world = await openDialogueWorld(t, dialogue.given);
    await assert.rejects(world.play(dialogue), what);
  }
});
