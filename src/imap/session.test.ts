import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ImapMachine } from "../../testing/imap-machine.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";

/** Sessions of one account on a mailbox with so many messages, all of it selected. */
async function scene(sessions: number, messages: number, enabled = "") {
  const mail = new MemoryMail();
  for (let n = 1; n <= messages; n++) mail.deliver("INBOX", `Subject: ${n}\r\n\r\n${n}\r\n`);
  const clients: ImapMachine[] = [];
  for (let n = 0; n < sessions; n++) {
    const client = new ImapMachine({
      mailOf: () => mail.session(),
      passwords: new Map([["alice", "secret"]]),
      isTls: true,
      mayUseClear: false,
      now: 0,
    });
    await client.say("0 LOGIN alice secret");
    if (enabled !== "") await client.say(`1 ENABLE ${enabled}`);
    await client.say("2 SELECT INBOX");
    clients.push(client);
  }
  const [one = assert.fail(), two = one] = clients;
  return { mail, one, two };
}

describe("several sessions on one mailbox", () => {
  it("tell each other flags, new messages and what went, in the right order", async () => {
    const { mail, one, two } = await scene(2, 5);
    await one.say("a STORE 2,4 +FLAGS.SILENT (\\Deleted)", "b STORE 5 +FLAGS.SILENT (\\Flagged)", "c EXPUNGE");
    mail.deliver("INBOX", "x");
    assert.deepEqual(await two.say("d NOOP"), [
      "* 2 EXPUNGE",
      "* 3 EXPUNGE",
      "* 4 EXISTS",
      "* 1 RECENT",
      "* 3 FETCH (FLAGS (\\Flagged))",
      "d OK Done",
    ]);
  });

  it("never tell EXPUNGE to a command by numbers, nor where nothing runs", async () => {
    const { one, two } = await scene(2, 3);
    await one.say("a STORE 1 +FLAGS (\\Deleted)", "b EXPUNGE");
    assert.deepEqual(await two.say("c STORE 3 +FLAGS (\\Seen)"), ["* 3 FETCH (FLAGS (\\Seen))", "c OK Stored"]);
    assert.deepEqual(await two.say("d STORE 1 +FLAGS (\\Seen)"), ["d OK [EXPUNGEISSUED] Some are gone"]);
    await two.tellNews();
    assert.deepEqual(two.hear(), []);
    assert.deepEqual(await two.say("e UID STORE 3 -FLAGS (\\Seen)"), [
      "* 3 FETCH (UID 3 FLAGS ())",
      "* 1 EXPUNGE",
      "e OK Stored",
    ]);
  });

  it("say with a silent STORE what somebody else had changed", async () => {
    const { one, two } = await scene(2, 2);
    await one.say("a STORE 1 +FLAGS (\\Answered)");
    assert.deepEqual(await two.say("b STORE 1:2 +FLAGS.SILENT (\\Seen)"), [
      "* 1 FETCH (FLAGS (\\Answered \\Seen))",
      "b OK Stored",
    ]);
  });

  it("tell keywords that are new in the mailbox before the messages that have them", async () => {
    const { mail, one, two } = await scene(2, 1);
    await one.say("a STORE 1 +FLAGS (later)");
    assert.deepEqual(await two.say("b NOOP"), [
      "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft later)",
      "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft later \\*)] These are kept",
      "* 1 FETCH (FLAGS (later))",
      "b OK Done",
    ]);
    mail.deliver("INBOX", "x", { system: 0, keywords: ["$Junk"] });
    const lines = await two.say("c EXAMINE INBOX");
    assert.ok(lines.includes("* OK [PERMANENTFLAGS ()] Nothing is kept"));
    await one.say("d NOOP", "d STORE 2 +FLAGS (news)");
    assert.deepEqual((await two.say("e NOOP")).slice(0, -2), [
      "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk later news)",
      "* OK [PERMANENTFLAGS ()] Nothing is kept",
    ]);
  });

  it("end when the mailbox is deleted under them", async () => {
    const { mail, one, two } = await scene(2, 0);
    await mail.create("Work");
    await one.say("a SELECT Work");
    await two.say("a SELECT Work");
    assert.deepEqual(await one.say("b DELETE Work"), ["* OK [CLOSED] The selected mailbox is deleted", "b OK Deleted"]);
    assert.deepEqual(await one.say("c CHECK"), ["c BAD Select a mailbox first"]);
    assert.deepEqual(await two.say("d NOOP"), ["* BYE The selected mailbox was deleted"]);
    assert.ok(two.isClosed);
  });

  it("tell news while they idle", async () => {
    const { mail, one, two } = await scene(2, 2);
    assert.deepEqual(await two.say("a IDLE"), ["+ idling"]);
    await one.say("b STORE 1 +FLAGS (\\Deleted)", "c EXPUNGE");
    mail.deliver("INBOX", "x");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* 1 EXPUNGE", "* 2 EXISTS", "* 1 RECENT"]);
    assert.deepEqual(await two.say("done"), ["a OK Idled"]);
    assert.deepEqual((await two.say("d IDLE", "what"))[0], "d BAD IDLE ends with DONE");
  });
});

describe("QRESYNC", () => {
  it("has to be enabled first", async () => {
    const { one } = await scene(1, 1);
    assert.match((await one.say("a SELECT INBOX (QRESYNC (1001 1))")).at(-1) ?? "", /^a BAD /);
  });

  it("tells VANISHED, and what changed since a client was here", async () => {
    const { one, two } = await scene(2, 6, "QRESYNC");
    await one.say("a STORE 2:3 +FLAGS.SILENT (\\Deleted)", "b STORE 5 +FLAGS.SILENT (\\Seen)");
    assert.deepEqual((await one.say("c EXPUNGE"))[0], "* VANISHED 2:3");
    assert.deepEqual(await two.say("d NOOP"), [
      "* VANISHED 2:3",
      "* 3 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (9))",
      "d OK Done",
    ]);
    const lines = await two.say("e SELECT INBOX (QRESYNC (1001 7 1:4,5:6))");
    assert.deepEqual(lines[0], "* OK [CLOSED] The mailbox from before is closed");
    assert.deepEqual(lines.slice(-3), [
      "* VANISHED (EARLIER) 2:3",
      "* 3 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (9))",
      "e OK [READ-WRITE] Open",
    ]);
    const others = await two.say("f SELECT INBOX (QRESYNC (1001 7 1,6))");
    assert.deepEqual(
      others.filter((line) => /VANISHED|FETCH/.test(line)),
      [],
    );
    const another = await two.say("g SELECT INBOX (QRESYNC (7 7))");
    assert.deepEqual(
      another.filter((line) => /VANISHED|FETCH/.test(line)),
      [],
    );
  });

  it("names what a client no longer has when nobody remembers what went, but for what it agrees on", async () => {
    const { mail, one } = await scene(1, 6, "QRESYNC");
    await one.say("a STORE 5 +FLAGS.SILENT (\\Deleted)", "b EXPUNGE");
    mail.vanishedKnownFrom = 100;
    const all = await one.say("c SELECT INBOX (QRESYNC (1001 7 1:9))");
    assert.deepEqual(
      all.filter((line) => line.includes("VANISHED")),
      ["* VANISHED (EARLIER) 5"],
    );
    // The client believes in a message 1 that never was; up to UID 4 it has as many as we have.
    const some = await one.say("d SELECT INBOX (QRESYNC (1001 7 1:9 (1,4,5 1,4,5)))");
    assert.deepEqual(
      some.filter((line) => line.includes("VANISHED")),
      ["* VANISHED (EARLIER) 5"],
    );
  });
});

describe("NOTIFY", () => {
  it("is told off when it asks for half, for too much, or for what nobody knows", async () => {
    const { one } = await scene(1, 0);
    const answers = async (text: string) => (await one.say(`a NOTIFY ${text}`)).at(-1);
    assert.match((await answers("SET (SELECTED (MessageNew))")) ?? "", /^a BAD /);
    assert.match((await answers("SET (PERSONAL (FlagChange))")) ?? "", /^a BAD /);
    const both = "(MessageNew MessageExpunge)";
    assert.match((await answers(`SET (SELECTED ${both}) (SELECTED-DELAYED ${both})`)) ?? "", /^a BAD Only one/);
    assert.match((await answers(`SET (SELECTED (MessageNew MessageExpunge MailboxName))`)) ?? "", /^a BAD Of the/);
    assert.equal(
      await answers("SET (PERSONAL (MailboxMetadataChange))"),
      "a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] Of such events nothing is known here",
    );
    assert.match((await answers("NONE")) ?? "", /^a OK /);
  });

  it("tells of the selected mailbox without being asked", async () => {
    const { mail, one, two } = await scene(2, 3);
    await two.say("a NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
    await one.say("b STORE 1 +FLAGS (\\Deleted)", "c STORE 2 +FLAGS (\\Seen)", "d EXPUNGE");
    mail.deliver("INBOX", "x");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* 1 EXPUNGE", "* 3 EXISTS", "* 1 RECENT"]);
    // What was not told yet is told at once.
    assert.deepEqual(await two.say("e NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))"), [
      "* 1 FETCH (UID 2 FLAGS (\\Seen))",
      "e OK This is told from now on",
    ]);
    await one.say("f STORE 1 +FLAGS (\\Deleted)", "g STORE 2 +FLAGS (\\Seen)", "h EXPUNGE");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* 2 FETCH (UID 3 FLAGS (\\Seen))"]);
    assert.deepEqual(await two.say("i NOOP"), ["* 1 EXPUNGE", "i OK Done"]);
  });

  it("fetches new messages, but not those that the client put there itself", async () => {
    const { mail, two } = await scene(2, 1);
    await two.say("a NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge))");
    mail.deliver("INBOX", "Subject: new\r\n\r\nx");
    await two.tellNews();
    assert.deepEqual(two.hear(), [
      "* 2 EXISTS",
      "* 1 RECENT",
      "* 2 FETCH (UID 2 BODY[HEADER.FIELDS (SUBJECT)] {16}",
      "Subject: new",
      "",
      ")",
    ]);
    const own = await two.say("b APPEND INBOX {5+}\r\na: b\r");
    assert.deepEqual(own.slice(0, -1), ["* 3 EXISTS", "* 2 RECENT"]);
  });

  it("keeps for later only flags that the client has not met otherwise", async () => {
    const { one, two } = await scene(2, 5);
    await one.say("0 STORE 5 +FLAGS (\\Answered)");
    // What happened before is told, whatever is wanted from now on.
    const first = await two.say("a NOTIFY SET (SELECTED (MessageNew MessageExpunge))");
    assert.deepEqual(first[0], "* 5 FETCH (UID 5 FLAGS (\\Answered))");
    await one.say("b STORE 1:5 +FLAGS (\\Seen)", "c STORE 1 +FLAGS (\\Deleted)");
    await two.tellNews();
    await one.say("d EXPUNGE");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* 1 EXPUNGE"]);
    assert.deepEqual((await two.say("e FETCH 1 FLAGS"))[0], "* 1 FETCH (FLAGS (\\Seen))");
    // A silent STORE tells what somebody else changed, also where it changes nothing itself.
    assert.deepEqual(
      (await two.say("f UID STORE 3 +FLAGS.SILENT (\\Flagged)"))[0],
      "* 2 FETCH (UID 3 FLAGS (\\Flagged \\Seen))",
    );
    assert.deepEqual((await two.say("g UID STORE 4 +FLAGS.SILENT (\\Seen)"))[0], "* 3 FETCH (UID 4 FLAGS (\\Seen))");
    assert.deepEqual(await two.say("h NOTIFY SET (SELECTED NONE)"), [
      "* 4 FETCH (UID 5 FLAGS (\\Answered \\Seen))",
      "h OK This is told from now on",
    ]);
    await one.say("i STORE 1 -FLAGS (\\Seen)");
    assert.deepEqual(await two.say("j NOOP"), ["j OK Done"]);
    assert.deepEqual((await two.say("k NOTIFY SET (PERSONAL NONE)"))[0], "* 1 FETCH (UID 2 FLAGS ())");
  });

  it("lets the mailbox stand still for a client that wants to hear nothing", async () => {
    const { mail, one, two } = await scene(2, 3);
    await two.say("a NOTIFY NONE");
    await one.say("b STORE 1:2 +FLAGS (\\Deleted)", "c UID EXPUNGE 1");
    mail.deliver("INBOX", "x");
    assert.deepEqual(await two.say("d NOOP"), ["d OK Done"]);
    assert.deepEqual((await two.say("e EXPUNGE")).slice(0, 2), ["* 1 EXPUNGE", "* 1 EXPUNGE"]);
  });

  it("tells of other mailboxes by STATUS, with STATUS at once", async () => {
    const { mail, two } = await scene(2, 0);
    await mail.create("Work");
    const first = await two.say(
      "a NOTIFY SET STATUS (MAILBOXES (Work Nothing) (MessageNew MessageExpunge FlagChange))",
    );
    assert.deepEqual(first.slice(0, -1), [
      "* STATUS Work (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1002 HIGHESTMODSEQ 1 UNSEEN 0)",
    ]);
    mail.deliver("Work", "x");
    mail.deliver("INBOX", "x");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* STATUS Work (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1002 UNSEEN 1)"]);
    const open = await mail.open("Work", "read-write");
    assert.ok(!("refused" in open));
    await open.store([{ first: 1, last: 1 }], {
      change: "add",
      flags: { system: 1, keywords: [] },
      unchangedSince: null,
    });
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* STATUS Work (UIDVALIDITY 1002 UNSEEN 0)"]);
  });

  it("does not tell of messages that the client put into another mailbox itself", async () => {
    const { mail, one, two } = await scene(2, 2);
    await mail.create("Work");
    await two.say("a NOTIFY SET (MAILBOXES Work (MessageNew MessageExpunge FlagChange))");
    await two.say("b APPEND Work {5+}\r\na: b\r", "c COPY 1 Work", "d MOVE 2 Work");
    await two.tellNews();
    assert.deepEqual(two.hear(), []);
    await one.say("e COPY 1 Work");
    await two.tellNews();
    assert.deepEqual(two.hear(), ["* STATUS Work (MESSAGES 4 UIDNEXT 5 UIDVALIDITY 1002 UNSEEN 4)"]);
  });

  it("tells of names and subscriptions, not of those that the client changed itself", async () => {
    const { one, two } = await scene(2, 0);
    await two.say("a NOTIFY SET (PERSONAL (MailboxName SubscriptionChange))");
    await two.say("b CREATE Own");
    await two.tellNews();
    assert.deepEqual(two.hear(), []);
    await one.say("c CREATE Work/Plans", "d SUBSCRIBE Work");
    await two.tellNews();
    assert.deepEqual(two.hear(), [
      '* LIST (\\HasChildren \\Subscribed) "/" Work',
      '* LIST (\\HasNoChildren) "/" Work/Plans',
    ]);
    await one.say("e RENAME Work Play");
    await two.tellNews();
    assert.deepEqual(two.hear(), ['* LIST (\\HasChildren) "/" Play ("OLDNAME" (Work))']);
    await one.say("f DELETE Play/Plans");
    await two.tellNews();
    assert.deepEqual(two.hear(), [
      '* LIST (\\NonExistent \\HasNoChildren) "/" Play/Plans',
      '* LIST (\\HasNoChildren) "/" Play',
    ]);
  });
});

describe("SEARCH with UPDATE and what to fetch", () => {
  const subject = "BODY.PEEK[HEADER.FIELDS (SUBJECT)]";

  it("shows a new message that comes into the results, before it names it", async () => {
    const { mail, one } = await scene(1, 1);
    await one.say(`s UID SEARCH RETURN (COUNT UPDATE (UID ${subject})) SUBJECT new`);
    mail.deliver("INBOX", "Subject: other\r\n\r\nx");
    mail.deliver("INBOX", "Subject: new\r\n\r\nx");
    assert.deepEqual(await one.say("a NOOP"), [
      "* 3 EXISTS",
      "* 3 RECENT",
      "* 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {16}",
      "Subject: new",
      "",
      ")",
      '* ESEARCH (TAG "s") UID ADDTO (0 3)',
      "a OK Done",
    ]);
  });

  it("does not show what came in by its flags, nor what the client put there itself", async () => {
    const { one, two } = await scene(2, 2);
    await one.say(`s SEARCH RETURN (UPDATE (${subject})) SEEN`);
    await two.say("a STORE 1 +FLAGS (\\Seen)");
    assert.deepEqual(await one.say("b NOOP"), [
      "* 1 FETCH (FLAGS (\\Seen \\Recent))",
      '* ESEARCH (TAG "s") ADDTO (0 1)',
      "b OK Done",
    ]);
    assert.deepEqual((await one.say("c APPEND INBOX (\\Seen) {5+}\r\na: b\r")).slice(0, -1), [
      "* 3 EXISTS",
      "* 3 RECENT",
      '* ESEARCH (TAG "s") ADDTO (0 3)',
    ]);
  });

  it("shows a message once, with all that its searches and NOTIFY want of it", async () => {
    const { mail, one } = await scene(1, 0);
    await one.say(
      "a NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge))",
      "s SEARCH RETURN (UPDATE (FLAGS RFC822.SIZE)) SUBJECT big",
      "t SEARCH RETURN (UPDATE(MODSEQ)) SUBJECT b",
    );
    for (const text of ["big", "b", "c"]) mail.deliver("INBOX", `Subject: ${text}\r\n\r\n`);
    await one.tellNews();
    assert.deepEqual(one.hear().sort(), [
      "* 1 FETCH (FLAGS (\\Recent) RFC822.SIZE 16 MODSEQ (2) UID 1)",
      "* 2 FETCH (MODSEQ (3) UID 2 FLAGS (\\Recent))",
      "* 3 EXISTS",
      "* 3 FETCH (UID 3 FLAGS (\\Recent))",
      "* 3 RECENT",
      '* ESEARCH (TAG "s") ADDTO (0 1)',
      '* ESEARCH (TAG "t") ADDTO (0 1:2)',
    ]);
  });
});
