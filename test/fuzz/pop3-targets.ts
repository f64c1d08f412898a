import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { TextLines, textSizeOf } from "../../src/message/line-ends.ts";
import { Transparency } from "../../src/pop3/transparency.ts";
import { formatReply, type Reply } from "../../src/pop3/reply.ts";
import { parseCommand } from "../../src/pop3/command.ts";
import type { Target } from "../../testing/fuzz.ts";
import { readImapDialogue } from "../../testing/imap-dialogue.ts";
import { Pop3Machine } from "../../testing/pop3-machine.ts";

const folder = new URL("../dialogues/pop3/", import.meta.url);
const said = readdirSync(folder).map((name) =>
  readImapDialogue(readFileSync(new URL(name, folder), "utf8"))
    .dialogue.turns.map((turn) => (turn.turn === "client" ? turn.octets.toString("latin1") : ""))
    .join(""),
);
const words = [
  "USER anna",
  "PASS secret",
  "AUTH PLAIN ",
  "RETR 1",
  "TOP 1 0",
  "DELE 1",
  "LIST",
  "UIDL 2",
  "\r\n",
  "\r",
  "\n",
  ".",
];

/** Whole, in two, and octet by octet where that is not too many. */
function cutsOf(octets: Buffer): readonly (readonly Buffer[])[] {
  const middle = octets.length >> 1;
  const cuts = [[octets], [octets.subarray(0, middle), octets.subarray(middle)]];
  if (octets.length < 500) cuts.push(Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  return cuts;
}

export const pop3Targets: readonly Target[] = [
  {
    name: "pop3/command",
    seeds: ["RETR 1", "TOP 1 10", "AUTH PLAIN =", "LANG de", "LIST", "USER a b"],
    words,
    check(input) {
      const command = parseCommand({ flaw: null, text: input, isAscii: true });
      if (command.verb === "invalid") isOneLine(command.reply);
    },
  },
  {
    name: "pop3 session",
    seeds: said,
    words,
    check(input) {
      const octets = Buffer.from(input, "latin1");
      const [whole, ...cut] = cutsOf(octets).map((chunks) => {
        const machine = new Pop3Machine({
          passwords: new Map([["anna", "secret"]]),
          messages: [Buffer.from("a\r\n.\r\n"), Buffer.from("b\n.\n..c")],
          isTls: false,
          mayUseClear: true,
        });
        for (const chunk of chunks) machine.receive(chunk);
        return { out: machine.takeOutput(), removed: machine.removed, isClosed: machine.isClosed };
      });
      for (const one of cut) assert.deepEqual(one, whole, "another result when it is cut");
    },
  },
  {
    name: "pop3/transparency",
    seeds: [".5\r\n.\r\n..x\r\nend", "a\n.\nb\n", "a\r.\r\n", "", "\r", "\n.\n"],
    words,
    check(input) {
      const message = Buffer.from(input, "latin1");
      for (const chunks of cutsOf(message)) {
        const out = new Transparency({ hasTextLines: false, lines: null });
        const pieces = [...chunks.flatMap((chunk) => [...out.push(chunk)]), ...out.finish()];
        const wire = Buffer.concat(pieces).toString("latin1");
        // Whether a client reads lines by CRLF or by LF alone, the end is where it should be, and nowhere before.
        for (const end of ["\r\n", "\n"]) {
          const lines = wire.split(end).map((line) => line.replace(/\r$/, ""));
          assert.equal(lines.indexOf("."), lines.length - 2, "a dot alone before the end");
        }
        const undone = wire
          .slice(0, -3)
          .split("\r\n")
          .map((line) => (line.startsWith(".") ? line.slice(1) : line))
          .join("\r\n");
        assert.equal(undone, textOf(message));
        assert.equal(undone.length, textSizeOf(message));
      }
    },
  },
];

function textOf(message: Buffer): string {
  const lines = new TextLines();
  return Buffer.concat([...lines.push(message), ...lines.finish()]).toString("latin1");
}

function isOneLine(reply: Reply): void {
  assert.match(formatReply(reply), /^[ -~]{1,510}\r\n$/);
}
