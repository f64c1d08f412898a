import assert from "node:assert/strict";
import type { Target } from "../../testing/fuzz.ts";
import { ImapMachine } from "../../testing/imap-machine.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";

const message = "From: a@example.test\r\nSubject: x\r\n\r\nbody\r\n";

/**
 * Whatever comes, a session answers in whole lines and goes on, and a client that follows EXISTS, EXPUNGE and VANISHED counts as many
 * messages as the session does.
 */
export const imapSessionTarget: Target = {
  name: "sessions of IMAP",
  seeds: [
    "a SELECT INBOX\r\nb FETCH 1:* (UID FLAGS)\r\nc STORE 1,3 +FLAGS (\\Deleted)\r\nd EXPUNGE\r\ne NOOP\r\n",
    "a ENABLE QRESYNC\r\nb SELECT INBOX (QRESYNC (1001 1 1:4))\r\nc UID STORE 2 FLAGS (\\Deleted)\r\nd UID EXPUNGE 1:*\r\n",
    "a APPEND INBOX (\\Seen) {4+}\r\nabcd {2+}\r\nab\r\nb REPLACE 1 INBOX {2+}\r\nab\r\nc MOVE 1:2 INBOX\r\nd COPY * INBOX\r\n",
    'a LIST (SUBSCRIBED RECURSIVEMATCH) "" (*) RETURN (STATUS (MESSAGES))\r\nb LSUB "" %\r\nc CREATE a/b\r\nd DELETE a\r\ne RENAME a/b c\r\n',
    "a IDLE\r\nDONE\r\nb NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (PERSONAL (MailboxName))\r\nc CREATE d\r\n",
    "a SEARCH RETURN (UPDATE ALL) UNSEEN\r\nb STORE 1:2 +FLAGS (\\Seen)\r\nc SORT (SUBJECT) UTF-8 ALL\r\nd THREAD REFERENCES UTF-8 ALL\r\n",
    'a APPEND INBOX CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER" TEXT {2+}\r\nab)\r\nb GETQUOTAROOT INBOX\r\nc CLOSE\r\nd UNSELECT\r\n',
  ],
  words: [
    "SELECT INBOX",
    "1:*",
    "*",
    "$",
    "UID ",
    "FETCH",
    "\r\n",
    "a ",
    "{2+}\r\n",
    "{3}\r\n",
    "(",
    ")",
    '"',
    "\\Deleted",
    "EXPUNGE",
    "~{1+}\r\n",
    "DONE\r\n",
  ],
  async check(input) {
    const mail = new MemoryMail();
    for (let n = 0; n < 4; n++) mail.deliver("INBOX", message);
    const machine = new ImapMachine({
      mailOf: () => mail,
      passwords: new Map([["alice", "secret"]]),
      isTls: true,
      mayUseClear: false,
      now: 0,
    });
    await machine.say("0 LOGIN alice secret", "1 SELECT INBOX");
    await machine.receive(Buffer.from(input.slice(0, 2_000), "latin1"));
    mail.deliver("INBOX", message);
    await machine.tellNews();
    const said = machine.takeOutput();
    assert.match(said, /(?:^|\r\n)$/);
    const { selected } = machine.session;
    // A mailbox that is selected anew begins with EXISTS.
    if (selected !== null && !/^\S+ OK \[CLOSED\]/m.test(said)) assert.equal(followed(said, 4), selected.view.count);
    machine.session.close();
  },
};

/** Lines within literals are not told apart: none of the messages has one that looks like a response. */
function followed(said: string, start: number): number {
  let count = start;
  for (const line of said.split("\r\n")) {
    const [, number = "", what] = /^\* (\d+) (EXISTS|EXPUNGE)$/.exec(line) ?? [];
    if (what === "EXISTS") count = Number(number);
    if (what === "EXPUNGE") {
      assert.ok(Number(number) >= 1 && Number(number) <= count, line);
      count--;
    }
    const [, uids] = /^\* VANISHED ([\d:,]+)$/.exec(line) ?? [];
    for (const range of uids?.split(",") ?? []) {
      const [first = 0, last = first] = range.split(":").map(Number);
      count -= last - first + 1;
    }
  }
  return count;
}
