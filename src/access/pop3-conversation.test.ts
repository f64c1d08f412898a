import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { openAccessScene, type AccessSceneOptions } from "../../testing/access-scene.ts";
import { quiet } from "../../testing/fake-clock.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";
import { Pop3Client } from "../../testing/pop3-client.ts";
import type { OpenMailbox, Wanted } from "../imap/mail.ts";

const message = (text: string) => `Subject: ${text}\r\n\r\n${text}\r\n`;

async function openScene(t: TestContext, mail: MemoryMail, options: Partial<AccessSceneOptions> = {}) {
  const scene = await openAccessScene(t, {
    kind: "pop3",
    accounts: [{ address: "anna@example.test", password: { password: "secret" } }],
    allowClearAuth: true,
    mailOf: () => mail,
    ...options,
  });
  return { ...scene, port: scene.portOf("clear") };
}

/** What is in INBOX, by its UIDs. */
async function uidsIn(mail: MemoryMail): Promise<readonly number[]> {
  const inbox = await inboxOf(mail);
  const uids: number[] = [];
  for await (const rows of inbox.rows(inbox.opened.uids, {})) uids.push(...rows.map(({ uid }) => uid));
  return uids;
}

async function inboxOf(mail: MemoryMail): Promise<OpenMailbox> {
  const inbox = await mail.open("INBOX", "read-write");
  return "refused" in inbox ? assert.fail(inbox.text) : inbox;
}

function mailWith(...texts: readonly string[]): MemoryMail {
  const mail = new MemoryMail();
  for (const text of texts) mail.deliver("INBOX", message(text));
  return mail;
}

/** Waits until the server knows that a session has ended. */
async function ended(scene: Awaited<ReturnType<typeof openScene>>, count: number): Promise<void> {
  while (scene.eventsCalled("session-closed").length < count) await quiet();
}

describe("the end of a session by anything but QUIT (field case O-51)", () => {
  it("a cut removes nothing and frees the maildrop at once", async (t) => {
    const mail = mailWith("one", "two");
    const scene = await openScene(t, mail);
    const [first] = await Pop3Client.logIn(scene.port);
    assert.match(await first.say("DELE 1"), /^\+OK/);
    await first.cut();
    await ended(scene, 1);
    const [second, heard] = await Pop3Client.logIn(scene.port);
    assert.match(heard, /^\+OK Maildrop has 2 messages/);
    assert.equal(await second.say("QUIT"), "+OK Bye");
    assert.deepEqual(await uidsIn(mail), [1, 2]);
  });

  it("a client that closes its side without QUIT removes nothing either", async (t) => {
    const mail = mailWith("one");
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    client.send("DELE 1\r\n");
    client.finish();
    assert.match(await client.hearAll(), /^\+OK Message 1/);
    await ended(scene, 1);
    assert.deepEqual(await uidsIn(mail), [1]);
  });

  it("one that says QUIT and closes its side is served to the end", async (t) => {
    const mail = mailWith("one", "two");
    const scene = await openScene(t, mail);
    const client = await Pop3Client.dial(scene.port);
    client.send("USER anna\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n");
    client.finish();
    assert.match(await client.hearAll(), /Subject: one[^]*\+OK Bye, 1 message deleted\r\n$/);
    assert.deepEqual(await uidsIn(mail), [2]);
  });

  it("half-open: after ten minutes without a command, and no sooner, the maildrop is free and nothing was removed", async (t) => {
    const mail = mailWith("one");
    const scene = await openScene(t, mail);
    const [first] = await Pop3Client.logIn(scene.port);
    await first.say("DELE 1");
    scene.clock.advance(10 * 60_000 - 1_000);
    const [, busy] = await Pop3Client.logIn(scene.port);
    assert.match(busy, /^-ERR \[IN-USE\]/);
    scene.clock.advance(3_000);
    assert.equal(await first.hearAll(), "", "an autologout says nothing (RFC 1939 §3)");
    const [, heard] = await Pop3Client.logIn(scene.port);
    assert.match(heard, /^\+OK Maildrop has 1 message/);
    assert.deepEqual(await uidsIn(mail), [1]);
  });

  it("a second client waits for the first one", async (t) => {
    const scene = await openScene(t, mailWith("one"));
    const [first] = await Pop3Client.logIn(scene.port);
    const [second, heard] = await Pop3Client.logIn(scene.port);
    assert.match(heard, /^-ERR \[IN-USE\]/);
    // It is not logged in, and may try again.
    assert.match(await second.say("STAT"), /^-ERR/);
    await first.say("QUIT");
    assert.match(await second.say("USER anna"), /^\+OK/);
    assert.match(await second.say("PASS secret"), /^\+OK Maildrop has 1 message/);
  });

  it("what another session took away is gone, and nothing else goes in its place", async (t) => {
    const mail = mailWith("one", "two", "three");
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    await mail.create("Archive");
    await (await inboxOf(mail)).move([{ first: 1, last: 2 }], "Archive");
    assert.match(await client.say("RETR 2"), /^-ERR Message is not there/);
    assert.equal((await client.sayForMany("RETR 3"))[1], "Subject: three");
    assert.match(await client.say("DELE 1"), /^\+OK/);
    assert.match(await client.say("QUIT"), /^\+OK/);
    assert.deepEqual(await uidsIn(mail), [3]);
  });
});

describe("unique ids (field case O-50)", () => {
  it("differ for twins, stay the same, and are never given again", async (t) => {
    const mail = mailWith("twin", "twin");
    const scene = await openScene(t, mail);
    const ids = async () => {
      const [client] = await Pop3Client.logIn(scene.port);
      const lines = await client.sayForMany("UIDL");
      return { client, ids: lines.slice(1).map((line) => line.split(" ")[1] ?? "") };
    };
    const first = await ids();
    assert.equal(new Set(first.ids).size, 2);
    for (const id of first.ids) assert.match(id, /^[!-~]{1,70}$/);
    await first.client.say("QUIT");
    const again = await ids();
    assert.deepEqual(again.ids, first.ids);
    await again.client.say("DELE 2");
    await again.client.say("QUIT");
    mail.deliver("INBOX", message("twin"));
    const later = await ids();
    assert.equal(later.ids[0], first.ids[0]);
    assert.ok(!first.ids.includes(later.ids[1] ?? ""));
  });
});

/** Notes what is read of it. */
class WatchedMail extends MemoryMail {
  readonly wants: Wanted[] = [];
  contents = 0;
  isBroken = false;

  override async open(name: string, how: "read-write" | "read-only") {
    const box = await super.open(name, how);
    if ("refused" in box) return box;
    return {
      ...box,
      rows: (uids: Parameters<OpenMailbox["rows"]>[0], want: Wanted) => this.#rows(box.rows(uids, want), want),
      remove: (uids: Parameters<OpenMailbox["remove"]>[0]) =>
        this.isBroken ? Promise.reject(new Error("the disk is full")) : box.remove(uids),
    };
  }

  async *#rows(portions: ReturnType<OpenMailbox["rows"]>, want: Wanted) {
    this.wants.push(want);
    for await (const rows of portions) {
      if (want.contentUpTo !== undefined) this.contents += rows.length;
      yield rows;
    }
  }
}

describe("a large maildrop", () => {
  it("answers STAT, LIST and UIDL without reading messages", async (t) => {
    const mail = new WatchedMail();
    for (let at = 0; at < 20_000; at++) mail.deliver("INBOX", "a\r\n");
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    assert.equal(await client.say("STAT"), "+OK 20000 60000");
    assert.equal((await client.sayForMany("LIST")).at(-1), "20000 3");
    assert.equal((await client.sayForMany("UIDL")).length, 20_001);
    assert.deepEqual(mail.wants, [{}]);
  });

  it("is read ahead for a client that takes one after the other, and skips what was deleted", async (t) => {
    const mail = new WatchedMail();
    for (let at = 1; at <= 200; at++) mail.deliver("INBOX", message(`number ${at}`));
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    for (let at = 1; at <= 200; at++) {
      if (at % 7 === 0) await client.say(`DELE ${at}`);
      else assert.equal((await client.sayForMany(`RETR ${at}`))[1], `Subject: number ${at}`);
    }
    assert.ok(mail.wants.length < 60, `${mail.wants.length} readings`);
    // Jumping about, and TOP before RETR.
    for (const at of [200, 1, 99, 100, 3, 3]) {
      assert.equal((await client.sayForMany(`TOP ${at} 0`))[1], `Subject: number ${at}`);
      assert.equal((await client.sayForMany(`RETR ${at}`))[1], `Subject: number ${at}`);
    }
  });

  it("costs little while a client does not read", async (t) => {
    const mail = new WatchedMail();
    const text = message("x".repeat(60_000));
    for (let at = 0; at < 1_000; at++) mail.deliver("INBOX", text);
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    client.stopReading();
    for (let at = 1; at <= 1_000; at++) client.send(`RETR ${at}\r\n`);
    for (let before = -1; before < mail.contents;) {
      before = mail.contents;
      for (let round = 0; round < 20; round++) await quiet();
    }
    // What the kernel takes for both ends, and two portions.
    assert.ok(mail.contents < 400, `${mail.contents} messages of 120 kB were read`);
    client.send("QUIT\r\n");
    client.readOn();
    assert.match((await client.hearAll()).slice(-20), /\.\r\n\+OK Bye\r\n$/);
    assert.ok(mail.contents >= 1_000);
  });
});

describe("logins", () => {
  it("the fifth wrong password ends the session", async (t) => {
    const scene = await openScene(t, mailWith());
    const client = await Pop3Client.dial(scene.port);
    for (let at = 0; at < 5; at++) {
      await client.say("USER anna");
      assert.equal(await client.say("PASS wrong"), "-ERR [AUTH] Login or password is wrong");
    }
    assert.equal(await client.hear(), "");
    assert.equal(scene.eventsCalled("login-refused").length, 5);
    assert.deepEqual(
      scene.eventsCalled("session-closed").map(({ reason }) => reason),
      ["too many errors"],
    );
  });

  it("a password in clear is neither taken nor passed over in silence", async (t) => {
    const scene = await openScene(t, mailWith(), { allowClearAuth: false });
    const client = await Pop3Client.dial(scene.port);
    assert.match(await client.say("USER anna"), /^-ERR .*STLS/);
    assert.match(await client.say("PASS secret"), /^-ERR .*STLS/);
    assert.match(await client.say("AUTH PLAIN AGFubmEAc2VjcmV0"), /^-ERR .*STLS/);
    assert.equal(scene.eventsCalled("secret-exposed").length, 2);
    assert.equal(scene.eventsCalled("login-accepted").length, 0);
  });

  it("come no sooner than LOGIN-DELAY allows", async (t) => {
    const scene = await openScene(t, mailWith(), { pop3: { loginDelay: 60_000, expire: "30 days" } });
    const [first] = await Pop3Client.logIn(scene.port);
    const offered = await first.sayForMany("CAPA");
    assert.ok(offered.includes("LOGIN-DELAY 60") && offered.includes("EXPIRE 30"), offered.join(", "));
    await first.say("QUIT");
    const [, tooSoon] = await Pop3Client.logIn(scene.port);
    assert.match(tooSoon, /^-ERR \[LOGIN-DELAY\]/);
    scene.clock.advance(60_000);
    const [, later] = await Pop3Client.logIn(scene.port);
    assert.match(later, /^\+OK/);
  });

  it("an account that is disabled loses its session, and nothing is removed", async (t) => {
    const mail = mailWith("one");
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    await client.say("DELE 1");
    const account = scene.directory.byLogin("anna") ?? assert.fail();
    await scene.administration.change(account, { isEnabled: false });
    scene.clock.advance(1_001);
    assert.match(await client.hear(), /^-ERR \[SYS\/TEMP\]/);
    assert.equal(await client.hear(), "");
    assert.deepEqual(await uidsIn(mail), [1]);
  });
});

describe("what goes wrong", () => {
  it("a store that cannot remove: -ERR, and the messages stay", async (t) => {
    const mail = new WatchedMail();
    mail.deliver("INBOX", message("one"));
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    await client.say("DELE 1");
    mail.isBroken = true;
    assert.match(await client.say("QUIT"), /^-ERR \[SYS\/TEMP\]/);
    assert.equal(await client.hear(), "");
    const [, heard] = await Pop3Client.logIn(scene.port);
    assert.match(heard, /^\+OK Maildrop has 1 message/);
    assert.equal(scene.eventsCalled("trouble").length, 1);
  });

  it("a stop ends sessions that wait, without UPDATE", async (t) => {
    const mail = mailWith("one");
    const scene = await openScene(t, mail);
    const [client] = await Pop3Client.logIn(scene.port);
    await client.say("DELE 1");
    const closed = scene.access.close(60_000);
    assert.match(await client.hear(), /^-ERR \[SYS\/TEMP\] Shutting down/);
    client.finish();
    await closed;
    assert.deepEqual(await uidsIn(mail), [1]);
  });

  it("more connections than one address may have are turned away", async (t) => {
    const scene = await openScene(t, mailWith(), { access: { connectionsPerAddress: 1 } });
    await Pop3Client.dial(scene.port);
    const second = await Pop3Client.dial(scene.port);
    assert.equal(await second.hear(), "");
    assert.equal(scene.eventsCalled("session-refused").length, 1);
  });

  it("commands sent far ahead are all answered, in order", async (t) => {
    const scene = await openScene(t, mailWith("one", "two"));
    const [client] = await Pop3Client.logIn(scene.port);
    client.send("RETR 1\r\nNOOP\r\nLIST 2\r\n".repeat(20_000) + "QUIT\r\n");
    const heard = await client.hearAll();
    const once = "+OK 21 octets\r\nSubject: one\r\n\r\none\r\n.\r\n+OK\r\n+OK 2 21\r\n";
    assert.equal(heard.length, once.length * 20_000 + "+OK Bye\r\n".length);
    assert.ok(heard.startsWith(once + once) && heard.endsWith(`${once}+OK Bye\r\n`));
  });
});
