import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesReplies, readDialogue, readOctets } from "../../src/cli/dialogue-file.ts";
import { playOnMachine, playUnderEveryCut } from "../../testing/play-smtp-machine.ts";

describe("readDialogue", () => {
  it("reads all that may stand in one", () => {
    const dialogue = readDialogue(`# Title, with a comma.     RFC 5321 §1
# a comment
given  local example.test: alice, bob
given  listener submission, client 203.0.113.9, tls
given  relay 192.0.2.0/24
given  account anna pa55
given  setting size 10

S: 220 ...
C: STARTTLS
C: é<E4><LF>
S: 220 2.0.0 ...
---- handshake
C: QUIT
---- closed
then   nothing queued
then   event recipient-refused rule=relay-denied
then   no event secret-exposed
then   content a<CRLF>
`);
    assert.deepEqual(dialogue, {
      title: "Title, with a comma.",
      source: "RFC 5321 §1",
      given: [
        { given: "local", domain: "example.test", mailboxes: ["alice", "bob"] },
        { given: "listener", kind: "submission", client: "203.0.113.9", isTls: true },
        { given: "relay", clients: "192.0.2.0/24" },
        { given: "account", name: "anna", password: "pa55" },
        { given: "setting", name: "size", value: "10" },
      ],
      turns: [
        { turn: "server", patterns: ["220 ..."], line: 9 },
        { turn: "client", octets: Buffer.from("STARTTLS\r\n\xc3\xa9\xe4\n", "latin1"), line: 10 },
        { turn: "server", patterns: ["220 2.0.0 ..."], line: 12 },
        { turn: "handshake", line: 13 },
        { turn: "client", octets: Buffer.from("QUIT\r\n"), line: 14 },
        { turn: "closed", line: 15 },
      ],
      outcomes: [
        { outcome: "queued", count: 0 },
        { outcome: "event", name: "recipient-refused", fields: { rule: "relay-denied" } },
        { outcome: "no event", name: "secret-exposed" },
        { outcome: "content", octets: Buffer.from("a\r\n") },
      ],
    });
  });

  for (const line of ["X: what", "c: QUIT", "given nothing", "given listener lmtp", "then never", "---- tls", "S:x"]) {
    it(`does not read over ${JSON.stringify(line)}`, () => assert.throws(() => readDialogue(`S: 220 ...\n${line}\n`)));
  }

  it("is not content with no turn", () => assert.throws(() => readDialogue("# only a title\n")));

  it("undoes escapes of octets and leaves addresses alone", () => {
    assert.equal(readOctets("MAIL FROM:<a@b.test><CRLF>").toString(), "MAIL FROM:<a@b.test>\r\n");
    assert.equal(readOctets("<x*3><SP><TAB><NUL><0A><>").toString(), "xxx \t\0\n<>");
  });
});

describe("matchesReplies", () => {
  const table: [string, string[], string[], boolean][] = [
    ["the same", ["250 ok"], ["250 ok"], true],
    ["another", ["250 ok"], ["250 no"], false],
    ["any text", ["250 2.1.0 ..."], ["250 2.1.0 what you like"], true],
    ["any text between", ["550 5.7.1 no (...)"], ["550 5.7.1 no (R3F)"], true],
    ["overlapping ends", ["aba...aba"], ["abaaba"], true],
    ["no overlap", ["aba...aba"], ["ababa"], false],
    ["the rest of a reply", ["250-mx", "..."], ["250-mx", "250-A", "250 B"], true],
    ["a rest that is not there", ["250-mx", "..."], ["250-mx"], false],
    ["a rest that is unfinished", ["250-mx", "..."], ["250-mx", "250-A"], false],
    ["not beyond the reply", ["250-mx", "..."], ["250-mx", "250 B", "221 bye"], false],
    ["the reply behind", ["250-mx", "...", "221 bye"], ["250-mx", "250 B", "221 bye"], true],
    ["a line in the middle", ["250-mx", "...", "250-A", "..."], ["250-mx", "250-Z", "250-A", "250 B"], true],
    ["a line that is missing", ["250-mx", "...", "250-A", "..."], ["250-mx", "250-Z", "250 B"], false],
    ["nothing between", ["250-mx", "...", "250 B"], ["250-mx", "250 B"], true],
    ["too little", ["250 a", "250 b"], ["250 a"], false],
    ["too much", ["250 a"], ["250 a", "250 b"], false],
  ];
  for (const [name, patterns, lines, wanted] of table) {
    it(name, () => assert.equal(matchesReplies(patterns, lines), wanted));
  }
});

describe("playOnMachine fails where the dialogue is wrong", () => {
  const start = "S: 220 mx.example.test ESMTP\n";
  const wrong: Record<string, string> = {
    "another reply": "S: 220 mx.example.test HTTP\n",
    "a reply too few": `${start}C: NOOP\nC: NOOP\nS: 250 2.0.0 Ok\n`,
    "a reply too many": `${start}C: NOOP\nS: 250 2.0.0 Ok\nS: 250 2.0.0 Ok\n`,
    "a reply that nobody waits for": `${start}C: NOOP\n`,
    "still open": `${start}C: NOOP\nS: 250 2.0.0 Ok\n---- closed\n`,
    "a handshake nobody asked for": `${start}---- handshake\n`,
    "nothing queued": `${start}then queued 1\n`,
    "no such event": `${start}then event secret-exposed\n`,
    "no such content": `${start}then content a\n`,
    "no such setting": `given setting colour red\n${start}`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    it(name, () => assert.throws(() => playOnMachine(readDialogue(text))));
  }
  it("also under cuts only", () => {
    const dialogue = readDialogue(`${start}C: NOOP\nS: 250 2.0.0 Ok\n`);
    playUnderEveryCut(dialogue);
    assert.throws(() => playOnMachine(dialogue, (octets) => [octets.subarray(1)]));
  });
});
