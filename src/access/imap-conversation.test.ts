import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openImapScene } from "../../testing/imap-scene.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";
import { quiet } from "../../testing/fake-clock.ts";
import { StoreUnavailable } from "../store/store.ts";
import type { OpenMailbox, Wanted, WrittenMessage } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";

const mailWith = (...messages: readonly (string | Buffer)[]): MemoryMail => {
  const mail = new MemoryMail();
  for (const message of messages) mail.deliver("INBOX", message);
  return mail;
};

const unavailable = new StoreUnavailable("the disk is full", { isFatal: false, isFull: true });

describe("an IMAP session over a socket", () => {
  it("answers pipelined commands in order", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith("a", "b") });
    const client = await scene.dial();
    client.send(
      [
        "1 LOGIN alice secret",
        "2 SELECT INBOX",
        "3 STORE 1 +FLAGS.SILENT (\\Deleted)",
        "4 APPEND INBOX {3+}",
        "abc",
        "5 EXPUNGE",
        "6 NOOP",
        "7 LOGOUT",
        "8 NOOP",
        "",
      ].join("\r\n"),
    );
    const heard = await client.hearAll();
    const tagged = heard.split("\r\n").filter((line) => /^\d /.test(line));
    assert.deepEqual(
      tagged.map((line) => line.slice(0, 4)),
      ["1 OK", "2 OK", "3 OK", "4 OK", "5 OK", "6 OK", "7 OK"],
    );
    assert.match(heard, /\* 3 EXISTS\r\n[^]*\* 1 EXPUNGE\r\n5 OK/);
  });

  it("drops what came in clear behind STARTTLS", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.dial();
    client.send("a STARTTLS\r\nb LOGIN alice secret\r\n");
    assert.match(await client.hear(/a .*\r\n/), /^a OK/);
    await client.handshake();
    assert.match(await client.say("c CAPABILITY"), /^\* CAPABILITY .*\r\nc OK/);
    assert.equal(scene.events.filter(({ name }) => name === "login-accepted").length, 0);
    client.end();
  });

  it("warns of a password that came in clear where none is taken", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith(), mayUseClear: false });
    const client = await scene.dial();
    assert.match(await client.say("a LOGIN alice secret"), /^a NO \[PRIVACYREQUIRED\]/);
    assert.ok(scene.events.some(({ name }) => name === "secret-exposed"));
  });

  it("ends after fifty bad commands", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.dial();
    client.send("x\r\n".repeat(60));
    const heard = await client.hearAll();
    assert.equal(heard.match(/^x BAD/gm)?.length, 51);
    assert.match(heard, /\* BYE Too many commands were wrong\r\n$/);
  });

  it("ends after five wrong passwords", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.dial();
    client.send("x LOGIN alice wrong\r\n".repeat(9));
    assert.equal((await client.hearAll()).match(/^x NO \[AUTHENTICATIONFAILED\]/gm)?.length, 5);
  });

  it("logs out who says nothing for half an hour, but not who idles with news", async (t) => {
    const mail = mailWith();
    const scene = await openImapScene(t, { mail });
    const client = await scene.select();
    scene.clock.advance(30 * 60_000 - 1);
    scene.listener.sweep(scene.clock.now());
    assert.match(await client.say("a NOOP"), /a OK/);
    scene.clock.advance(30 * 60_000 + 1);
    scene.listener.sweep(scene.clock.now());
    assert.match(await client.hearAll(), /^\* BYE /);
  });

  it("gives a minute to log in", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.dial();
    scene.clock.advance(61_000);
    scene.listener.sweep(scene.clock.now());
    assert.match(await client.hearAll(), /^\* BYE /);
  });

  it("says BYE when the server stops, after the command under way", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const [idle, client] = [await scene.select(), await scene.select()];
    idle.send("a IDLE\r\n");
    await idle.hear(/\+ idling\r\n/);
    const closed = scene.listener.close(10_000);
    assert.match(await idle.hearAll(), /^\* BYE The server stops/);
    assert.match(await client.hearAll(), /^\* BYE The server stops/);
    idle.end();
    client.end();
    await closed;
  });

  it("tells news in IDLE as they come, and ends it with DONE only", async (t) => {
    const mail = mailWith("a");
    const scene = await openImapScene(t, { mail });
    const [idle, other] = [await scene.select(), await scene.select()];
    idle.send("a IDLE\r\n");
    await idle.hear(/\+ idling\r\n/);
    mail.deliver("INBOX", "b");
    assert.match(await idle.hear(/RECENT\r\n/), /\* 2 EXISTS/);
    await other.say("b STORE 1 +FLAGS.SILENT (\\Deleted)");
    await other.say("c EXPUNGE");
    assert.match(await idle.hear(/EXPUNGE\r\n/), /\* 1 EXPUNGE/);
    idle.send("DONE\r\nd NOOP\r\n");
    assert.match(await idle.hear(/d .*\r\n/), /^a OK Idled\r\nd OK/);
    mail.deliver("INBOX", "c");
    await quiet();
    assert.match(await idle.say("e NOOP"), /^\* 2 EXISTS/);
  });

  it("tells between commands what NOTIFY asked for", async (t) => {
    const mail = mailWith("a");
    const scene = await openImapScene(t, { mail });
    const client = await scene.select();
    await client.say("a NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))");
    mail.deliver("INBOX", "b");
    assert.match(await client.hear(/RECENT\r\n/), /\* 2 EXISTS/);
    await client.say("b NOTIFY NONE");
    mail.deliver("INBOX", "c");
    assert.match(await client.say("c NOOP"), /^c OK/);
  });

  it("forgets a message whose APPEND is never finished", async (t) => {
    const mail = mailWith();
    const scene = await openImapScene(t, { mail });
    const client = await scene.select();
    client.send("a APPEND INBOX {4}\r\n");
    await client.hear(/\+ go on\r\n/);
    client.send("ab");
    const other = await scene.select();
    other.send("b APPEND INBOX {2+}\r\nab (\r\n");
    assert.match(await other.hear(/b .*\r\n/), /^b BAD/);
    client.end();
    other.end();
    await scene.listener.close(1_000);
    assert.equal(mail.pending, 0);
  });

  it("lets an APPEND fail by itself when the message cannot be kept", async (t) => {
    const mail = mailWith();
    const write = mail.write.bind(mail);
    mail.write = () => {
      const writer = write();
      const finish = (): Promise<WrittenMessage> => Promise.reject(unavailable);
      return { ...writer, finish };
    };
    const scene = await openImapScene(t, { mail });
    const client = await scene.select();
    client.send("a APPEND INBOX {2+}\r\nab\r\nb NOOP\r\n");
    assert.match(await client.hear(/b .*\r\n/), /^a NO \[UNAVAILABLE\] .*\r\nb OK/);
    assert.equal(mail.pending, 0);
  });

  it("answers NO and goes on when the store does not answer", async (t) => {
    const mail = mailWith();
    mail.list = () => Promise.reject(unavailable);
    const scene = await openImapScene(t, { mail });
    const client = await scene.select();
    assert.match(await client.say('a LIST "" *'), /^a NO \[UNAVAILABLE\]/);
    mail.list = () => Promise.reject(new TypeError("we are wrong"));
    assert.match(await client.say('b LIST "" *'), /^b NO \[SERVERBUG\]/);
    assert.match(await client.say("c NOOP"), /^c OK/);
    assert.equal(scene.events.filter(({ name }) => name === "trouble").length, 2);
  });

  it("refuses a message that is too large before it is read, or throws it away up to a bound", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.select();
    assert.match(await client.say("a APPEND INBOX {1000001}"), /^a NO \[TOOBIG\]/);
    client.send(`b APPEND INBOX {1000001+}\r\n${"x".repeat(1_000_001)}\r\nc NOOP\r\n`);
    assert.match(await client.hear(/c .*\r\n/), /^b NO \[TOOBIG\] .*\r\nc OK/);
    client.send("d APPEND INBOX {9000000+}\r\n");
    assert.match(await client.hearAll(), /^\* BYE /);
  });

  it("reads no further ahead than a client that does not read lets it", async (t) => {
    const size = 64 * 1024 * 1024;
    const mail = mailWith("x");
    let produced = 0;
    const open = mail.open.bind(mail);
    mail.open = async (name, how) => {
      const mailbox = await open(name, how);
      if ("refused" in mailbox) return mailbox;
      const content = {
        size,
        bytes: null,
        async *stream({ from, to }: { readonly from: number; readonly to: number }) {
          for (let at = from; at < to; at += 65_536) {
            produced += Math.min(65_536, to - at);
            yield Buffer.alloc(Math.min(65_536, to - at), "x");
          }
        },
      };
      const real: OpenMailbox = mailbox;
      async function* rows(uids: Numbers, want: Wanted) {
        for await (const found of real.rows(uids, want)) yield found.map((row) => ({ ...row, size, content: null }));
      }
      return { ...mailbox, rows, content: () => Promise.resolve(content) };
    };
    const scene = await openImapScene(t, { mail });
    const client = await scene.dial();
    await client.say("1 LOGIN alice secret");
    // Without it the message is looked through for what only such clients may be given.
    await client.say("2 ENABLE UTF8=ACCEPT");
    await client.say("3 SELECT INBOX");
    client.socket.pause();
    client.send("4 FETCH 1 BODY.PEEK[]\r\n");
    for (let before = -1, still = 0; still < 20 || produced === 0; before = produced) {
      await quiet();
      still = produced === before ? still + 1 : 0;
    }
    assert.ok(produced < 16 * 1024 * 1024, `${produced} octets were read ahead`);
    let heard = 0;
    const done = Promise.withResolvers<void>();
    client.socket.removeAllListeners("data");
    client.socket.on("data", (chunk: Buffer) => {
      heard += chunk.length;
      if (chunk.toString("latin1").endsWith("4 OK Fetched\r\n")) done.resolve();
    });
    client.socket.resume();
    await done.promise;
    assert.equal(produced, size);
    assert.ok(heard > size);
    client.end();
  });

  it("goes away quietly when the client does", async (t) => {
    const scene = await openImapScene(t, { mail: mailWith() });
    const client = await scene.select();
    client.send("a IDLE\r\n");
    await client.hear(/\+ idling\r\n/);
    client.socket.resetAndDestroy();
    while (!scene.events.some(({ name }) => name === "session-closed")) await quiet();
    await scene.listener.close(1_000);
    assert.deepEqual(
      scene.events.flatMap((event) => (event.name === "session-closed" ? [event.reason] : [])),
      ["broken"],
    );
  });
});
